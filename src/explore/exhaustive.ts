import type { CommandKind } from '../protocol/index.js'
import { hasTakenSteps, ranAsOneStep } from '../scenario/index.js'
import type { Subject } from '../subject/index.js'
import { Schedules } from './schedules.js'
import { type Played, play, type ScheduleFailure, TAKEN_OVER, type TinyWorld, tinyRules } from './tiny-world.js'

export interface ProofOptions {
  readonly nodes: 2 | 3
  readonly subject: Subject
  /** Names of the invariants to judge; all when absent. */
  readonly invariants?: readonly string[]
  /** Asked before each schedule: once it says no, the rest is left. */
  readonly goOn?: () => Promise<boolean> | boolean
}

export interface Proof {
  /** Schedules of whole commands that were run. */
  readonly schedules: number
  /** Schedules that they stand for: those left out differ only in the order of turns that do nothing. */
  readonly equivalent: number
  /** What was run besides, where the commands of the subject take steps. */
  readonly interrupted?: Interrupted
  /** The rest of the schedules was left: nothing is proven. */
  readonly stopped?: true
  /** Of the first that broke a rule, or went two ways; undefined when none did. */
  readonly failure?: ScheduleFailure
  /** The subject answered with promises, and took no steps: schedules of what others do in between were not run. */
  readonly awaited: boolean
}

/** Schedules in which others come between the steps of a command. */
export interface Interrupted {
  readonly schedules: number
  /** How often at the most a command is interrupted in one of them: all schedules with so many were run. */
  readonly interruptions: number
  /** There are no others: they cannot be interrupted more often. */
  readonly complete: boolean
}

/** What each node does where commands run whole. */
const scripts = {
  2: ['acquire', 'acquire', 'append', 'release'],
  3: ['acquire', 'append'],
} as const satisfies Readonly<Record<2 | 3, TinyWorld['script']>>

/** And where they do not: all of the first, and all of the second. */
const shortScripts = {
  2: [
    ['acquire', 'append', 'release'],
    ['acquire', 'release', 'acquire'],
  ],
  3: [
    ['acquire', 'append'],
    ['acquire', 'release'],
  ],
} as const satisfies Readonly<Record<2 | 3, readonly TinyWorld['script'][]>>

/** With one interruption more there would be more schedules than anybody waits for. */
const MOST_INTERRUPTED = 20_000

export const provenInvariants: readonly string[] = [...tinyRules.map(({ name }) => name), TAKEN_OVER]

/** What these look at happens only where there is an append. */
const ofLogs: readonly string[] = ['contiguous-log', 'acknowledged-kept']

/** Whether anything in a tiny world could break one of the rules `named`, or of all, where the subject has these commands. */
export function isProvable(named: readonly string[] | undefined, commands: ReadonlySet<CommandKind>): boolean {
  const judged = provenInvariants.filter((name) => named === undefined || named.includes(name))
  return commands.has('append') || judged.some((name) => !ofLogs.includes(name))
}

/** What the nodes of a tiny world do, one after the other, where the subject has these commands. */
export function turnsOf(nodes: ProofOptions['nodes'], commands: ReadonlySet<CommandKind>): readonly CommandKind[] {
  return scripts[nodes].filter((kind) => commands.has(kind))
}

/** Whether a copy of a request may come: to a library on the node nothing is sent. */
export const sendsCopies = ({ runsOn }: Subject): boolean => runsOn !== 'nodes'

/** The same where commands are interrupted: each is tried by itself. */
export function interruptedTurnsOf(
  nodes: ProofOptions['nodes'],
  commands: ReadonlySet<CommandKind>,
): readonly (readonly CommandKind[])[] {
  return shortScripts[nodes].map((script) => script.filter((kind) => commands.has(kind)))
}

/**
 * Runs every schedule of a few nodes with a few operations each, and one expiry, one late copy of the first request (where
 * requests are sent) and one restart, of the store or of all nodes, at every point. Where commands take steps it begins with those
 * in which others come between the steps of a command, of fewer operations: all with one such interruption, with two, and so on
 * while there are not too many. Most bugs of concurrency need one or two: Musuvathi and Qadeer, "Iterative context bounding" (2007).
 */
export async function proveSchedules({ nodes, subject, invariants, goOn = () => true }: ProofOptions): Promise<Proof> {
  const judged = tinyRules.filter(({ name }) => invariants === undefined || invariants.includes(name))
  const takenOver = invariants === undefined || invariants.includes(TAKEN_OVER)
  const shared = { nodes, subject, judged, takenOver }
  const copies = sendsCopies(subject)
  const wholeWorld = { ...shared, script: scripts[nodes], copies }
  const first = await playAll([wholeWorld], () => true, 1)
  if (first.end === 'failed') {
    return { schedules: 1, equivalent: 1, awaited: ranAsOneStep(subject), failure: first.failure }
  }
  const found = hasTakenSteps(subject)
    ? await proveInterrupted(
        shortScripts[nodes].map((script) => ({ ...shared, script, copies: false })),
        goOn,
      )
    : undefined
  const interrupted = found && { interrupted: found.interrupted }
  if (found !== undefined && found.all.end !== 'all') {
    return { schedules: 0, equivalent: 0, ...interrupted, awaited: false, ...ended(found.all) }
  }
  const whole = await playAll([wholeWorld], goOn)
  const { schedules } = whole
  const proof = { schedules, ...interrupted, awaited: ranAsOneStep(subject) }
  if (whole.end !== 'all') return { ...proof, equivalent: schedules, ...ended(whole) }
  return { ...proof, equivalent: arrangements(nodes, copies ? 3 : 2) }
}

/** As many interruptions as there is time for. */
async function proveInterrupted(
  worlds: readonly TinyWorld[],
  goOn: NonNullable<ProofOptions['goOn']>,
): Promise<{ readonly interrupted: Interrupted; readonly all: PlayedAll }> {
  let last: { readonly interrupted: Interrupted; readonly all: PlayedAll } | undefined
  for (let interruptions = 1; ; interruptions++) {
    const most = last === undefined ? Number.POSITIVE_INFINITY : MOST_INTERRUPTED
    const all = await playAll(
      worlds.map((world) => ({ ...world, interruptions })),
      goOn,
      most,
    )
    if (last !== undefined && all.end === 'too-many') return last
    if (last !== undefined && all.end === 'all' && all.schedules === last.all.schedules) {
      return { ...last, interrupted: { ...last.interrupted, complete: true } }
    }
    last = { interrupted: { schedules: all.schedules, interruptions, complete: false }, all }
    if (all.end !== 'all') return last
  }
}

type PlayedAll = { readonly schedules: number } & (
  | { readonly end: 'all' | 'stopped' | 'too-many' }
  | { readonly end: 'failed'; readonly failure: ScheduleFailure }
)

const ended = (all: PlayedAll): Pick<Proof, 'stopped' | 'failure'> =>
  all.end === 'failed' ? { failure: all.failure } : { stopped: true }

/** Of schedules that are interrupted, one in so many is played a second time, and so is every one that fails. */
const TWICE_EVERY = 64

/** Plays every schedule of these worlds, up to `most` of them; where the subject is not ours, whole ones twice. */
async function playAll(
  worlds: readonly TinyWorld[],
  goOn: NonNullable<ProofOptions['goOn']>,
  most = Number.POSITIVE_INFINITY,
): Promise<PlayedAll> {
  let schedules = 0
  for (const world of worlds) {
    const isBuiltIn = world.subject.core === undefined && world.subject.log === undefined
    const all = new Schedules()
    const choose = (options: number) => all.choose(options)
    do {
      if (!(await goOn())) return { schedules, end: 'stopped' }
      if (schedules >= most) return { schedules, end: 'too-many' }
      const played = await play(world, choose)
      if (played.isRedundant === undefined) schedules += 1
      let again = played
      const isSure = isBuiltIn || (world.interruptions !== undefined && schedules % TWICE_EVERY > 0)
      if (!isSure || played.failure !== undefined) {
        all.again()
        again = await play(world, choose)
      }
      const failure = differenceOf(played, again) ?? played.failure
      if (failure !== undefined) return { schedules, end: 'failed', failure }
    } while (all.next())
  }
  return { schedules, end: 'all' }
}

/** Where two runs of one schedule part. */
function differenceOf(first: Played, second: Played): ScheduleFailure | undefined {
  if (first === second) return undefined
  const [one, other] = [first.story(), second.story()]
  const at = Array.from({ length: Math.max(one.length, other.length) }).findIndex((_, at) => one[at] !== other[at])
  if (at < 0) return undefined
  const line = (story: readonly string[]) => story[at]?.trim() ?? 'nothing more'
  const message = `the same schedule went another way the second time: first ${line(one)}, then ${line(other)}`
  return { kind: 'nondeterministic', message, story: one }
}

/** How many schedules of whole commands there are: all orders of all turns in which each node's own keep theirs. */
function arrangements(nodes: 2 | 3, ofTheWorld: number): number {
  let count = 1
  let placed = 0
  const choose = (turns: number) => {
    for (let turn = 1; turn <= turns; turn++) {
      placed += 1
      count = (count * placed) / turn
    }
  }
  for (let node = 0; node < nodes; node++) choose(scripts[nodes].length)
  for (let event = 0; event < ofTheWorld; event++) choose(1)
  return Math.round(count)
}

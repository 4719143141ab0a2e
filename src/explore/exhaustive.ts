import {
  acknowledgedKept,
  contiguousLog,
  effectOnce,
  epochsGrow,
  fencedWrites,
  genuineTokens,
  type Invariant,
  judge,
  mutualExclusion,
} from '../invariants/index.js'
import type { Fence } from '../lease/index.js'
import { type Command, type CommandKind, type Reply, spaceOf } from '../protocol/index.js'
import { answersLate, ranAsOneStep } from '../scenario/index.js'
import { assemble, type Subject } from '../subject/index.js'
import {
  castOf,
  describeEvent,
  digestText,
  numbered,
  recorder,
  type TracedRequest,
  TraceWriter,
  tracedRequest,
} from '../trace/index.js'

/** A tiny world, of which every schedule is run. */
export interface TinyWorld {
  readonly nodes: 2 | 3
  readonly subject: Subject
  /** Names of the invariants to judge; all when absent. */
  readonly invariants?: readonly string[]
  /** Asked before each schedule: once it says no, the rest is left. */
  readonly goOn?: () => Promise<boolean> | boolean
}

export interface Proof {
  /** Schedules that were run. */
  readonly schedules: number
  /** Schedules that they stand for: those left out differ only in the order of steps that do nothing. */
  readonly equivalent: number
  /** The rest of the schedules was left: nothing is proven. */
  readonly stopped?: true
  /** Of the first that broke a rule, or went two ways; undefined when none did. */
  readonly failure?: ScheduleFailure
  /** The subject answered with promises: schedules of what others do in between were not run. */
  readonly awaited: boolean
}

/** What one schedule has shown. */
export type ScheduleFailure = { readonly message: string; readonly story: readonly string[] } & (
  | { readonly kind: 'breach'; readonly invariant: string }
  /** It went another way the second time: then the schedules that were left out are not like those that were run. */
  | { readonly kind: 'nondeterministic' }
)

/** What each node does, one after the other: asks again when it was refused, and writes when it was not. */
const scripts = { 2: ['acquire', 'acquire', 'append', 'release'], 3: ['acquire', 'append'] } as const
const TTL_MS = 100

/** One actor's next step. The last actors are the world: time passes, the first request comes again, the store restarts. */
type Actor = number

const rules: readonly Invariant[] = [
  mutualExclusion,
  epochsGrow,
  fencedWrites,
  genuineTokens,
  contiguousLog,
  acknowledgedKept,
  effectOnce,
]

export const provenInvariants: readonly string[] = rules.map(({ name }) => name)

/** What these look at happens only where there is an append. */
const ofLogs: readonly Invariant[] = [contiguousLog, acknowledgedKept]

/** Whether anything in a tiny world could break one of the rules `named`, or of all, where the subject has these commands. */
export function isProvable(named: readonly string[] | undefined, commands: ReadonlySet<CommandKind>): boolean {
  const judged = rules.filter(({ name }) => named === undefined || named.includes(name))
  return commands.has('append') || judged.some((rule) => !ofLogs.includes(rule))
}

/** What the nodes of a tiny world do, one after the other, where the subject has these commands. */
export function stepsOf(nodes: TinyWorld['nodes'], commands: ReadonlySet<CommandKind>): readonly CommandKind[] {
  return scripts[nodes].filter((kind) => commands.has(kind))
}

/**
 * Runs every schedule of a few nodes with a few operations each, and one expiry, one late copy of the first request and one
 * restart of the store at every point. Of schedules that differ only in the order of two neighbouring steps that do
 * nothing (a node that was refused has nothing to write), one is run: the least in the order of actors. Godefroid, "Partial-order methods" (1996).
 * At the end of each somebody reads the log.
 */
export async function proveSchedules({ nodes, subject, invariants, goOn = () => true }: TinyWorld): Promise<Proof> {
  const judged = rules.filter(({ name }) => invariants === undefined || invariants.includes(name))
  const [tick, copy, restart] = [nodes, nodes + 1, nodes + 2]
  const actors: Actor[] = [
    ...Array.from({ length: nodes }, (_, node) => scripts[nodes].map(() => node)).flat(),
    tick,
    copy,
    restart,
  ]
  const world = { nodes, tick, copy, restart }
  const isBuiltIn = subject.core === undefined && subject.log === undefined
  let schedules = 0
  for (let schedule: Actor[] | undefined = actors; schedule !== undefined; ) {
    if (!(await goOn())) return { schedules, equivalent: schedules, stopped: true, awaited: ranAsOneStep(subject) }
    const played = await play(schedule, world, subject, judged)
    const again = isBuiltIn ? played : await play(schedule, world, subject, judged)
    const { redundantAt } = played
    if (redundantAt === undefined) schedules += 1
    const failure = differenceOf(played, again) ?? played.failure
    if (failure !== undefined) return { schedules, equivalent: schedules, failure, awaited: ranAsOneStep(subject) }
    schedule = following(schedule, redundantAt)
  }
  return { schedules, equivalent: arrangements(nodes), awaited: ranAsOneStep(subject) }
}

interface Played {
  /** What happened, in words. */
  readonly story: () => readonly string[]
  /** The place of a step that could as well have come before the one before it. */
  readonly redundantAt?: number
  readonly failure?: ScheduleFailure
}

interface Roles {
  readonly nodes: 2 | 3
  readonly tick: Actor
  readonly copy: Actor
  readonly restart: Actor
}

async function play(
  schedule: readonly Actor[],
  { nodes, tick, copy, restart }: Roles,
  subject: Subject,
  judged: readonly Invariant[],
): Promise<Played> {
  const assembled = assemble(subject, 1)
  const ask = ({ command }: TracedRequest): Reply | Promise<Reply> => {
    const reply = assembled.execute(command, nowMs)
    if (reply instanceof Promise) answersLate(subject)
    return reply
  }
  const cast = castOf(numbered('node', nodes), ['space-0'])
  const judges = judged.map((invariant) => judge(invariant, cast))
  const recording = recorder()
  const { events } = recording
  const writer = new TraceWriter(cast, undefined, [...judges, recording])
  const story = () => events.map((event) => `${String(event.atMs).padStart(6)} ms  ${describeEvent(event, cast)}`)
  const places = new Array<number>(nodes).fill(0)
  const fences: (Fence | undefined)[] = new Array(nodes).fill(undefined)
  let first: { readonly node: number; readonly request: TracedRequest } | undefined
  let nowMs = 0
  const broken = (): ScheduleFailure | undefined => {
    const first = judges.map((each) => each.end(nowMs, events.length)).find(({ held }) => !held)
    if (first?.first === undefined) return undefined
    return { kind: 'breach', invariant: first.name, message: first.first.message, story: story() }
  }
  let before: { readonly actor: Actor; readonly writes: boolean } | undefined

  for (const [at, actor] of schedule.entries()) {
    let writes = true
    if (actor === tick) nowMs += TTL_MS
    else if (actor === restart) {
      assembled.restart('lost')
      writer.storeRestarted(nowMs, nowMs, 'lost')
    } else if (actor === copy) {
      if (first === undefined) writes = false
      else writer.executed(nowMs, { node: first.node, task: 0 }, first.request, await ask(first.request))
    } else {
      const place = places[actor] as number
      places[actor] = place + 1
      const command = commandOf(scripts[nodes][place] ?? 'release', actor, place, fences[actor], nowMs)
      writes = command !== undefined && assembled.commands.has(command.kind)
      if (command !== undefined && assembled.commands.has(command.kind)) {
        const request = tracedRequest(
          command,
          cast.spaceIndex(spaceOf(command)),
          'fence' in command ? digestText(command.fence.token) : 0,
        )
        first ??= { node: actor, request }
        const reply = await ask(request)
        if (reply.kind === 'granted') fences[actor] = reply.fence
        writer.executed(nowMs, { node: actor, task: 0 }, request, reply)
      }
    }
    if (before !== undefined && actor < before.actor && !writes && !before.writes) return { story, redundantAt: at }
    before = { actor, writes }
    const failure = broken()
    if (failure !== undefined) return { story, failure }
  }
  for (const command of reader) {
    if (!assembled.commands.has(command.kind)) continue
    const request = tracedRequest(command, cast.spaceIndex(spaceOf(command)), 0)
    writer.executed(nowMs, { node: 0, task: 0 }, request, await ask(request))
  }
  const failure = broken()
  return failure === undefined ? { story } : { story, failure }
}

/** What is asked when all is over: nobody else would see what is lost. */
const reader = [
  { kind: 'load', space: 'space-0', session: 'reader', request: 1 },
  { kind: 'read', space: 'space-0', session: 'reader', request: 2, fromSeq: 0, limit: 16 },
] as const satisfies readonly Command[]

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

function commandOf(
  kind: Extract<CommandKind, 'acquire' | 'append' | 'release'>,
  node: number,
  place: number,
  fence: Fence | undefined,
  nowMs: number,
): Command | undefined {
  const owner = `node-${node}`
  const from = { session: owner, request: place + 1 }
  switch (kind) {
    case 'acquire':
      if (fence !== undefined) return undefined
      return { kind, space: 'space-0', owner, ttlMs: TTL_MS, clockMs: nowMs, queueMs: 0, inQueue: false, ...from }
    case 'append':
      return fence === undefined ? undefined : { kind, fence, type: 'entry', payload: node, ...from }
    case 'release':
      return fence === undefined ? undefined : { kind, fence, ...from }
  }
}

/** The next arrangement in lexicographic order; behind `redundantAt`, all that share its beginning are passed over. */
function following(schedule: readonly Actor[], redundantAt: number | undefined): Actor[] | undefined {
  const next = [...schedule]
  if (redundantAt !== undefined) {
    const rest = next.splice(redundantAt + 1).sort((one, other) => other - one)
    next.push(...rest)
  }
  let pivot = next.length - 2
  while (pivot >= 0 && (next[pivot] as Actor) >= (next[pivot + 1] as Actor)) pivot -= 1
  if (pivot < 0) return undefined
  let swap = next.length - 1
  while ((next[swap] as Actor) <= (next[pivot] as Actor)) swap -= 1
  const held = next[pivot] as Actor
  next[pivot] = next[swap] as Actor
  next[swap] = held
  return [...next.slice(0, pivot + 1), ...next.slice(pivot + 1).reverse()]
}

/** How many schedules there are: all orders of all steps in which each node's own steps keep theirs. */
function arrangements(nodes: 2 | 3): number {
  let count = 1
  let placed = 0
  const choose = (steps: number) => {
    for (let step = 1; step <= steps; step++) {
      placed += 1
      count = (count * placed) / step
    }
  }
  for (let node = 0; node < nodes; node++) choose(scripts[nodes].length)
  for (let event = 0; event < 3; event++) choose(1)
  return Math.round(count)
}

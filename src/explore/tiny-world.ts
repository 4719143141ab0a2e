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
import { CommandsUnderway, type Home, isCut, type Stepwise } from '../kernel/index.js'
import type { Fence } from '../lease/index.js'
import { type Command, type CommandKind, type Reply, spaceOf } from '../protocol/index.js'
import { answersLate, inSteps, type StepWorld, takesSteps, turn } from '../scenario/index.js'
import { answeredOtherwise, assemble, atOnce, type Subject } from '../subject/index.js'
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

type Asked = Extract<CommandKind, 'acquire' | 'append' | 'release'>

/** A few nodes with a few operations each, one expiry, and one restart of the store. */
export interface TinyWorld {
  readonly nodes: number
  readonly subject: Subject
  /** What each node does, one after the other: asks again when it was refused, and writes when it was not. */
  readonly script: readonly Asked[]
  /** Whether the first request comes a second time. */
  readonly copies: boolean
  /** How often a command may be left between two of its steps for something else. Commands run whole, when absent. */
  readonly interruptions?: number
  readonly judged: readonly Invariant[]
  /** Whether somebody asks for the space when all is over, and has to be granted it. */
  readonly takenOver: boolean
}

/** What one schedule has shown. */
export type ScheduleFailure = { readonly message: string; readonly story: readonly string[] } & (
  | { readonly kind: 'breach'; readonly invariant: string }
  /** It went another way the second time: then the schedules that were left out are not like those that were run. */
  | { readonly kind: 'nondeterministic' }
)

export interface Played {
  /** What happened, in words. */
  readonly story: () => readonly string[]
  /** It ended at a turn that could as well have come before the one before it. */
  readonly isRedundant?: true
  readonly failure?: ScheduleFailure
}

const TTL_MS = 100

/** Who comes when all is over: reads the log, and asks for the space, each time so much later. There are lock-delays of several TTLs. */
const SUCCESSOR = 'successor'
const SUCCESSOR_WAITS_MS = [1, 2, 4, 8].map((ttls) => ttls * TTL_MS)

export const tinyRules: readonly Invariant[] = [
  mutualExclusion,
  epochsGrow,
  fencedWrites,
  genuineTokens,
  contiguousLog,
  acknowledgedKept,
  effectOnce,
]

/** A command of a node: begun, and perhaps not answered. */
interface Begun extends Stepwise {
  readonly actor: Actor
  readonly node: number
  readonly request: TracedRequest
  readonly sinceMs: number
  /** Its steps that wait for their turn. */
  readonly due: number[]
  decided: Reply | undefined
}

/** Whose turn it may be. The last actors are the world: time passes, the first request comes again, the store or all nodes restart. */
type Actor = number

/**
 * Plays one schedule: at each turn `choose` says which of so many actors goes on. A turn is one command, or one step of one.
 * Of schedules that differ only in the order of two neighbouring turns that do nothing (a node that was refused has nothing to write),
 * all but the least in the order of actors end there. When all is over, somebody reads the log, and may ask for the space.
 */
export async function play(world: TinyWorld, choose: (options: number) => number): Promise<Played> {
  const { nodes, subject, script, copies, interruptions, judged, takenOver } = world
  const [tick, copy, restart] = [nodes, nodes + 1, nodes + 2]
  const cast = castOf([...numbered('node', nodes), SUCCESSOR], ['space-0'])
  const judges = judged.map((invariant) => judge(invariant, cast))
  const recording = recorder()
  const { events } = recording
  const writer = new TraceWriter(cast, undefined, [...judges, recording])
  const story = () => events.map((event) => `${String(event.atMs).padStart(6)} ms  ${describeEvent(event, cast)}`)
  const places = new Array<number>(nodes).fill(0)
  const fences: (Fence | undefined)[] = new Array(nodes).fill(undefined)
  const worldTurns = new Set([tick, ...(copies ? [copy] : []), restart])
  const underway = new Map<Actor, Begun>()
  /** Of nodes that carry out commands themselves, all stop when it does. */
  const home: Home = { life: 0 }
  let first: { readonly node: number; readonly request: TracedRequest } | undefined
  let nowMs = 0
  let lastAnswer: Reply['kind'] | undefined

  const answered = ({ node, request, sinceMs, decided }: Begun, reply: Reply): void => {
    lastAnswer = reply.kind
    if (reply.kind === 'granted') fences[node] = reply.fence
    else if (reply.kind === 'released') fences[node] = undefined
    if (decided === undefined) writer.executed(nowMs, { node, task: 0 }, request, reply, sinceMs)
    const otherwise = decided && answeredOtherwise(subject.name, request.command, decided, reply)
    if (otherwise !== undefined) throw otherwise
  }
  const commands = new CommandsUnderway<Begun, Reply>({
    schedule: (index, { due }) => due.push(index),
    taken: ({ node, request, taken }) => writer.stepped(nowMs, { node, task: 0 }, request, taken),
    answer(begun, reply) {
      underway.delete(begun.actor)
      answered(begun, reply)
    },
    givenUp: () => undefined,
    failed: (_begun, error) => error,
    turn,
  })
  const stepWorld: StepWorld<Begun> = {
    step: (access, of) => commands.step(of, access),
    decide(begun, reply) {
      if (begun.isOver || isCut(begun)) return
      answered(begun, reply)
      begun.decided ??= reply
    },
  }
  const steps = inSteps<Begun>(subject, () => stepWorld)
  const whole = { ...atOnce({ nowMs: () => nowMs, sleep: () => undefined }), wanted: () => takesSteps(subject) }
  const assembled = assemble(subject, 1, interruptions === undefined ? whole : steps.stepping)

  const ask = async (actor: Actor, node: number, request: TracedRequest): Promise<void> => {
    const asked = { actor, node, request, sinceMs: nowMs, due: [], home, life: home.life, taken: 0, unanswered: 0 }
    const begun: Begun = { ...asked, isOver: false, decided: undefined }
    const reply = steps.carryOut(begun, assembled.execute, nowMs)
    if (!(reply instanceof Promise)) {
      begun.isOver = true
      answered(begun, reply)
      return
    }
    answersLate(subject)
    underway.set(actor, begun)
    await commands.begin(begun, reply)
  }
  const requestOf = (command: Command): TracedRequest =>
    tracedRequest(command, cast.spaceIndex(spaceOf(command)), 'fence' in command ? digestText(command.fence.token) : 0)

  /** Whether something is done by it. */
  const act = async (actor: Actor): Promise<boolean> => {
    const step = underway.get(actor)?.due.shift()
    if (step !== undefined) {
      await commands.take(step, nowMs)
      return true
    }
    worldTurns.delete(actor)
    if (actor === tick) nowMs += TTL_MS
    else if (actor === restart) {
      underway.clear()
      for (const { node, request, taken } of commands.cut(home)) {
        writer.lost(nowMs, { node, task: 0 }, request, 'reply', taken)
      }
      assembled.restart('lost')
      if (subject.runsOn === 'nodes') {
        for (let node = 0; node < nodes; node++) {
          writer.crashed(nowMs, node)
          writer.restarted(nowMs, node)
        }
      } else writer.storeRestarted(nowMs, nowMs, 'lost')
    } else if (actor === copy) {
      if (first === undefined) return false
      await ask(copy, first.node, first.request)
    } else {
      const place = places[actor] as number
      places[actor] = place + 1
      const command = commandOf(script[place] as Asked, actor, place, fences[actor], nowMs)
      if (command === undefined || !assembled.commands.has(command.kind)) return false
      const request = requestOf(command)
      first ??= { node: actor, request }
      await ask(actor, actor, request)
    }
    return true
  }
  const isDue = (actor: Actor): boolean => (underway.get(actor)?.due.length ?? 0) > 0
  const canAct = (actor: Actor): boolean => {
    if (underway.has(actor)) return isDue(actor)
    return actor < nodes ? (places[actor] as number) < script.length : worldTurns.has(actor)
  }
  const broken = (): ScheduleFailure | undefined => {
    const result = judges.map((each) => each.end(nowMs, events.length)).find(({ held }) => !held)
    if (result?.first === undefined) return undefined
    return { kind: 'breach', invariant: result.name, message: result.first.message, story: story() }
  }

  const actors = [...Array.from({ length: nodes }, (_, node) => node), tick, copy, restart]
  let before: { readonly actor: Actor; readonly writes: boolean } | undefined
  let left = interruptions ?? 0
  for (;;) {
    const able = actors.filter(canAct)
    if (able.length === 0) break
    const interrupted = before !== undefined && isDue(before.actor) ? before.actor : undefined
    if (interrupted !== undefined) {
      able.splice(able.indexOf(interrupted), 1)
      able.unshift(interrupted)
      if (left === 0) able.length = 1
    }
    const actor = able[choose(able.length)] as Actor
    if (interrupted !== undefined && actor !== interrupted) left -= 1
    const writes = await act(actor)
    if (before !== undefined && actor < before.actor && !writes && !before.writes) return { story, isRedundant: true }
    before = { actor, writes }
    const failure = broken()
    if (failure !== undefined) return { story, failure }
  }
  const askToTheEnd = async (command: Command): Promise<void> => {
    await ask(0, nodes, requestOf(command))
    while (isDue(0)) await act(0)
  }
  for (const command of reader) if (assembled.commands.has(command.kind)) await askToTheEnd(command)
  const lostOrForged = broken()
  if (lostOrForged !== undefined) return { story, failure: lostOrForged }
  const overMs = nowMs
  for (const [asked, waitMs] of (takenOver ? SUCCESSOR_WAITS_MS : []).entries()) {
    nowMs += waitMs
    await askToTheEnd(acquireBy(SUCCESSOR, reader.length + asked + 1, nowMs))
    if (lastAnswer === 'granted') break
  }
  const failure = broken()
  if (failure !== undefined) return { story, failure }
  if (!takenOver || lastAnswer === 'granted') return { story }
  const message = `space-0 was not granted from ${overMs} ms to ${nowMs} ms, with ${SUCCESSOR} asking`
  return { story, failure: { kind: 'breach', invariant: TAKEN_OVER, message, story: story() } }
}

/** The rule that a space which somebody asks for is granted in the end. */
export const TAKEN_OVER = 'takeover-bound'

/** What is asked when all is over: nobody else would see what is lost. */
const reader = [
  { kind: 'load', space: 'space-0', session: SUCCESSOR, request: 1 },
  { kind: 'read', space: 'space-0', session: SUCCESSOR, request: 2, fromSeq: 0, limit: 16 },
] as const satisfies readonly Command[]

function commandOf(
  kind: Asked,
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
      return acquireBy(owner, from.request, nowMs)
    case 'append':
      return fence === undefined ? undefined : { kind, fence, type: 'entry', payload: node, ...from }
    case 'release':
      return fence === undefined ? undefined : { kind, fence, ...from }
  }
}

function acquireBy(owner: string, request: number, clockMs: number): Command {
  const asked = { space: 'space-0', owner, ttlMs: TTL_MS, clockMs, queueMs: 0, inQueue: false }
  return { kind: 'acquire', ...asked, session: owner, request }
}

import {
  acknowledgedKept,
  boundedAttempts,
  checkpointCovered,
  contiguousLog,
  effectOnce,
  epochsAndClaims,
  exclusiveBelief,
  fencedWrites,
  genuineTokens,
  mutualExclusion,
  noStarvation,
  replayEqualsState,
  type StateFold,
  serviceOrder,
  takeoverBound,
  validMeansHeld,
  writesAccepted,
} from '../src/invariants/index.js'
import type { Suspended } from '../src/kernel/index.js'
import type { Fence } from '../src/lease/index.js'
import type { Json } from '../src/log/index.js'
import { type CommandKind, isRefusal } from '../src/protocol/index.js'
import { type Body, type Contender, defineScenario, type Outcome, workload } from '../src/scenario/index.js'
import { digestContent } from '../src/trace/index.js'
import { answered, calmFromMs, lifecycleNetwork, lifecycleParameters } from './lifecycle.js'
import { replay } from './replay.js'

/** What a space's log amounts to: a number that depends on every event and on their order. */
const state: StateFold = {
  initial: 1,
  next: (value, content) => (Math.imul(value, 31) + content) >>> 0,
}

const parameters = {
  ...workload({ nodes: 3, spaces: 1, durationMs: 8_000 }),
  ...lifecycleParameters,
  calmMs: { ...lifecycleParameters.calmMs, default: 6_000 },
  tasks: { default: 1, min: 1, max: 8, description: 'tasks of each node that contend with each other' },
  ttlMs: { default: 60, min: 4, max: 600_000, description: 'how long a grant or renewal lasts' },
  renewEveryMs: { default: 20, min: 1, max: 600_000, description: 'pause between two renewals of a holder' },
  holdMs: { default: 120, min: 1, max: 600_000, description: 'longest a holder keeps the lease' },
  workEveryMs: { default: 8, min: 1, max: 60_000, description: 'longest pause between two things that a holder does' },
  restMs: { default: 30, min: 1, max: 600_000, description: 'longest pause before a node wants a lease again' },
  checkpointEvery: { default: 4, min: 1, max: 10_000, description: 'events between two checkpoints' },
  queueMs: { default: 140, min: 0, max: 600_000, description: 'how long a place in the queue is kept; 0 for no queue' },
  backoffBaseMs: { default: 4, min: 1, max: 60_000, description: 'first step of the backoff' },
  backoffCapMs: { default: 30, min: 1, max: 600_000, description: 'highest step of the backoff' },
  maxSkewMs: { default: 0, min: 0, max: 600_000, description: 'how far a wall clock is off at the start, either way' },
  maxDriftPpm: {
    default: 0,
    min: 0,
    max: 500_000,
    description: 'how fast or slow a clock may run: what clients allow for',
  },
  carelessPerMille: {
    default: 300,
    min: 0,
    max: 1_000,
    description: 'holders, of 1000, that write or renew once more whether they hold the lease or not',
  },
} as const

type P = { readonly [Name in keyof typeof parameters]: number }

/**
 * The whole life of a lease, small and fast, for exploration: nodes acquire, queue, take over, renew, replay, append,
 * checkpoint, truncate and release, as the client under test has them do; some forget to look whether they still hold the
 * lease. The world breaks until the calm begins; from then on everybody who asks must be served in time.
 */
export const leaseLifecycle = defineScenario({
  name: 'lease-lifecycle',
  description: 'acquire, queue, take over, renew, replay, append, checkpoint, release: for exploration',
  parameters,
  needs: ['acquire'],
  network: lifecycleNetwork,
  calmFromMs,
  clockSkewMs: ({ maxSkewMs }, random) => (maxSkewMs === 0 ? 0 : random.int(-maxSkewMs, maxSkewMs)),
  explore(random, given) {
    const ttlMs = random.int(12, 120)
    const maxDelayMs = random.pick([0, 1, 2, 4, 8, 16])
    const backoffCapMs = random.int(8, 40)
    const timeoutMs = 2 * maxDelayMs + random.int(4, 30)
    // A place must outlast the longest silence of its owner, or those who wait keep each other out for ever.
    const placeMs = 2 * backoffCapMs + 4 * timeoutMs
    const drawn = {
      nodes: random.int(2, 4),
      spaces: random.pick([1, 1, 1, 2]),
      tasks: random.pick([1, 1, 1, 2]),
      ttlMs,
      // Or never: what a holder believes at the end of its lease shows best where nothing makes it longer.
      renewEveryMs: random.chance(250) ? 4 * ttlMs : random.int(2, Math.max(2, ttlMs >> 1)),
      holdMs: random.int(10, 200),
      workEveryMs: random.int(1, 16),
      restMs: random.int(1, 60),
      checkpointEvery: random.int(1, 6),
      queueMs: random.pick([0, placeMs, 2 * placeMs]),
      backoffBaseMs: random.int(1, 8),
      backoffCapMs,
      maxUnanswered: random.int(2, 6),
      minDelayMs: random.pick([0, maxDelayMs >> 1]),
      maxDelayMs,
      timeoutMs,
      maxSkewMs: random.pick([0, 0, 10, 200]),
      maxDriftPpm: random.pick([0, 20_000, 200_000]),
      carelessPerMille: random.pick([0, 300, 1_000]),
    }
    const calmMs = starvationMs({ ...drawn, ...given }) + 500
    return { ...drawn, calmMs, durationMs: random.int(200, 1_200) + calmMs }
  },
  *node(node: Contender, p): Body {
    for (let task = 1; task < p.tasks; task++) node.spawn((other) => contend(other, p))
    yield* contend(node, p)
  },
  invariants: (p) => [
    mutualExclusion,
    exclusiveBelief,
    epochsAndClaims,
    fencedWrites,
    validMeansHeld,
    serviceOrder({ queueMs: p.queueMs }),
    genuineTokens,
    contiguousLog,
    acknowledgedKept,
    replayEqualsState(state),
    checkpointCovered,
    effectOnce,
    boundedAttempts({ maxUnanswered: p.maxUnanswered, maxAttempts: Number.MAX_SAFE_INTEGER }),
    writesAccepted({ calmFromMs: calmFromMs(p) }),
    takeoverBound({ calmFromMs: calmFromMs(p), boundMs: takeoverMs(p), ttlMs: p.ttlMs }),
    noStarvation({ calmFromMs: calmFromMs(p), boundMs: starvationMs(p) }),
  ],
})

type Waits = Pick<P, 'nodes' | 'tasks' | 'ttlMs' | 'holdMs' | 'queueMs' | 'backoffCapMs' | 'maxDelayMs' | 'timeoutMs'>

/** The longest that one turn may take: places of the dead run out, then somebody's backoff, then its messages. */
function takeoverMs({ ttlMs, queueMs, backoffCapMs, maxDelayMs, timeoutMs }: Waits): number {
  return 2 * (ttlMs + queueMs + backoffCapMs + 2 * timeoutMs + 4 * maxDelayMs) + 50
}

/** In the calm each contender is served once: the last one waits for the turns of all others. */
function starvationMs(p: Waits): number {
  return (p.nodes * p.tasks + 1) * (takeoverMs(p) + 2 * p.holdMs)
}

/** Wants one lease after another; in the calm, one more, and then no more: so that everybody's turn comes. */
function* contend(node: Contender, p: P): Body {
  /** By space, the epoch at which this task was its owner last. */
  const owned = new Map<string, number>()
  for (;;) {
    const last = node.calm
    const space = node.random.pick(node.spaces)
    const held = yield* pursue(node, space, p, owned.get(space))
    if (held !== undefined) {
      owned.set(space, held.fence.epoch)
      yield* hold(node, held, p)
    }
    if (last && held !== undefined) return
    node.giveUp()
    yield node.sleep(node.random.int(1, p.restMs))
  }
}

interface Held {
  readonly fence: Fence
  /** For how long it was asked, and is renewed. */
  readonly ttlMs: number
  readonly sentAtMs: number
}

/** Asks until it is granted the space, or the client says to give up. Some claim what they owned before. */
function* pursue(
  node: Contender,
  space: string,
  p: P,
  ownedEpoch: number | undefined,
): Generator<Suspended, Held | undefined, Outcome> {
  // Of who asks for as long as everybody else, no core would show that it takes one length for another.
  const ttlMs = node.random.chance(300) ? Math.max(2, p.ttlMs >> 1) : p.ttlMs
  let sentAtMs = node.monotonicMs
  let outcome =
    ownedEpoch !== undefined && node.can('claim') && node.random.chance(100)
      ? yield node.claim(space, ownedEpoch, ttlMs)
      : yield node.acquire(space, ttlMs, p.queueMs)
  let unanswered = 0
  for (let attempt = 1; outcome.kind !== 'granted'; attempt++) {
    unanswered = outcome.kind === 'timeout' ? unanswered + 1 : 0
    const { maxUnanswered, backoffBaseMs: baseMs, backoffCapMs: capMs } = p
    const waitMs = node.client.retryAfterMs({ attempt, unanswered, maxUnanswered, baseMs, capMs }, node.random)
    if (waitMs === undefined) return undefined
    yield node.sleep(aimed(node, outcome, waitMs, p))
    // The answer to a request that is sent again may be as old as its first sending.
    if (outcome.kind === 'timeout' && node.random.chance(600)) outcome = yield node.resend()
    else {
      sentAtMs = node.monotonicMs
      const claims = outcome.kind === 'lease-held' && node.can('claim') && node.random.chance(300)
      outcome = yield claims
        ? node.claim(space, (outcome as { epoch: number }).epoch, ttlMs)
        : node.acquire(space, ttlMs, p.queueMs)
    }
  }
  return { fence: outcome.fence, ttlMs, sentAtMs }
}

/** Some ask so that they come at the very millisecond at which the lease of another ends. */
function aimed(node: Contender, outcome: Outcome, waitMs: number, { backoffCapMs, maxDelayMs }: P): number {
  if (outcome.kind !== 'lease-held' || !node.random.chance(300)) return waitMs
  const untilMs = outcome.expiresAtMs - node.nowMs - node.random.int(0, maxDelayMs)
  return untilMs >= 1 && untilMs <= backoffCapMs ? untilMs : waitMs
}

/** Holds the lease, for as long as the client believes in it, and serves its space. */
function* hold(node: Contender, { fence, ttlMs, sentAtMs }: Held, p: P): Body {
  const { client } = node
  const { maxDriftPpm } = p
  const worthUntilMs = (from: number) =>
    client.believesUntilMs({ sentAtMs: from, receivedAtMs: node.monotonicMs, ttlMs, maxDriftPpm })
  let untilMs = worthUntilMs(sentAtMs)
  const believes = () => client.believes(node.monotonicMs, untilMs)
  const endAtMs = node.monotonicMs + node.random.int(1, p.holdMs)
  const replaying = { state, eventsPerPage: 16, ask: (request: Suspended) => answered(node, request, p) }
  const replays = node.can('load') && node.can('read')
  const log = replays ? yield* replay(node, fence.space, replaying) : { value: state.initial, nextSeq: 0 }
  if (log === undefined) return
  let { value, nextSeq } = log
  // Who cannot replay does not know what the space amounts to.
  const can: Can = (kind) => node.can(kind) && (replays || kind !== 'checkpoint')
  if (replays && believes()) node.served(fence, nextSeq, value)

  let renewAtMs = node.monotonicMs + p.renewEveryMs
  let sinceCheckpoint = 0
  /** What the next checkpoint will hold: the log may have gone on by the time it is written. */
  let captured: Captured | undefined
  let unanswered = 0
  let refused = false
  while (!refused && believes() && node.monotonicMs < endAtMs) {
    node.act(fence)
    if (node.can('renew') && node.monotonicMs >= renewAtMs) {
      renewAtMs = node.monotonicMs + p.renewEveryMs
      const renewSentAtMs = node.monotonicMs
      const { kind } = yield node.renew(fence, ttlMs)
      unanswered = kind === 'timeout' ? unanswered + 1 : 0
      if (unanswered >= p.maxUnanswered) refused = true
      const end = kind === 'renewed' || kind === 'timeout' ? kind : 'refused'
      untilMs = client.afterRenewal(end, {
        nowMs: node.monotonicMs,
        untilMs,
        nextUntilMs: worthUntilMs(renewSentAtMs),
      })
      continue
    }
    if (node.can('validate') && node.random.chance(50)) {
      refused = isRefusal(yield node.validate(fence))
      if (refused) break
    }
    if (node.can('append') && node.random.chance(600)) {
      const entry = entryOf(node.random.int(0, 1_000_000))
      if (node.random.chance(40)) return yield* stop(node, fence, entry, p)
      const outcome = yield answered(node, node.append(fence, ...entry), p, believes)
      if (outcome.kind !== 'appended') refused = true
      else if (outcome.seq !== nextSeq && node.can('load')) refused = true
      else {
        value = state.next(value, digestContent(...entry))
        nextSeq = outcome.seq + 1
        sinceCheckpoint += 1
      }
    }
    if (captured === undefined && can('checkpoint') && sinceCheckpoint >= p.checkpointEvery) {
      captured = { nextSeq, value }
      sinceCheckpoint = 0
    }
    if (!refused && captured !== undefined && believes() && node.random.chance(500)) {
      refused = !(yield* checkpoint(node, fence, captured.nextSeq, captured.value, believes, p))
      captured = undefined
    }
    if (!refused) yield node.sleep(idleMs(node, untilMs, p))
  }
  if (node.random.chance(p.carelessPerMille)) {
    node.giveUp()
    const command = node.random.chance(120)
      ? confused(node, fence, { nextSeq, value }, { begun: log, ttlMs, can })
      : careless(node, fence, { nextSeq, value }, { ttlMs, can })
    if (command !== undefined) yield command
  } else if (node.can('release') && node.random.chance(700)) {
    yield node.release(fence)
    if (node.can('validate') && node.random.chance(200)) yield node.validate(fence)
  }
}

/** An event as it is appended: its type and payload. */
type Entry = readonly [type: string, payload: Json]

/** What a log may take for nothing, for another type, or for the event before. */
const ODD_ENTRIES: readonly Entry[] = [
  ['entry', 0],
  ['entry', null],
  ['entry', ''],
  ['note', false],
  ['note', '0\nß'],
  ['note', [{ half: 0.5 }, 'é', []]],
  // In half as many bits, or bytes, or in one case, another.
  ['Note.Of', 0.1],
  ['note', ` ${'long '.repeat(20)}`],
]

/** One entry in eight is odd. */
function entryOf(drawn: number): Entry {
  return drawn % 8 === 0 ? (ODD_ENTRIES[(drawn >> 3) % ODD_ENTRIES.length] as Entry) : ['entry', drawn]
}

/** What is asked with a token that was made up. */
const forgeable = ['renew', 'checkpoint', 'validate', 'append', 'truncate', 'release'] as const

type Can = (kind: CommandKind) => boolean

/** What a holder may do that does not look whether it still is one. */
function careless(
  node: Contender,
  fence: Fence,
  { nextSeq, value }: Captured,
  { ttlMs, can }: { readonly ttlMs: number; readonly can: Can },
): Suspended | undefined {
  switch (node.random.pick(['append', 'renew', 'checkpoint', 'forge'] as const)) {
    case 'append':
      return can('append') ? node.append(fence, 'entry', node.random.int(0, 1_000_000)) : undefined
    case 'renew':
      return can('renew') ? node.renew(fence, ttlMs) : undefined
    case 'forge': {
      const payload = node.random.int(0, 1_000_000)
      // A core without tokens has none to be made up.
      if (fence.token === '') return undefined
      const tokens = [`forged by ${node.owner}`, '', fence.token.slice(0, -1), `${fence.token}.`]
      const forged = { ...fence, token: tokens[(payload >> 2) % tokens.length] as string }
      switch (forgeable[payload % forgeable.length]) {
        case 'renew':
          return can('renew') ? node.renew(forged, ttlMs) : undefined
        case 'checkpoint':
          return can('checkpoint') ? node.checkpoint(forged, nextSeq, value) : undefined
        case 'validate':
          return can('validate') ? node.validate(forged) : undefined
        case 'truncate':
          return can('truncate') ? node.truncate(forged, 0) : undefined
        case 'release':
          return can('release') ? node.release(forged) : undefined
        default:
          return can('append') ? node.append(forged, 'entry', payload) : undefined
      }
    }
    case 'checkpoint':
      return can('checkpoint') ? node.checkpoint(fence, nextSeq, value) : undefined
  }
}

/** One append of a holder may be in the log without an answer: what lies behind it nobody has written. */
const BEYOND_THE_LOG = [2, 4] as const
/** Of the draws between, so that it is no draw more: a checkpoint that goes back, a cut at the end. */
const BACK = 3

/** A state, and which events it is of: those before `nextSeq`. */
interface Captured {
  readonly nextSeq: number
  readonly value: number
}

/** What a holder may ask that is confused: for an epoch, a checkpoint or a cut that is not there yet, or whether it still holds. */
function confused(
  node: Contender,
  fence: Fence,
  { nextSeq, value }: Captured,
  { begun, ttlMs, can }: { readonly begun: Captured; readonly ttlMs: number; readonly can: Can },
): Suspended | undefined {
  switch (node.random.pick(['epoch', 'epoch', 'checkpoint', 'cut', 'validate'] as const)) {
    case 'epoch': {
      const future = { ...fence, epoch: fence.epoch + node.random.pick([1, 1, 3]) }
      const payload = node.random.int(0, 1_000_000)
      if (payload % 3 === 0 && can('checkpoint')) return node.checkpoint(future, nextSeq, value)
      // By then it may be another's.
      if (payload % 3 === 1 && can('renew')) return node.renew(future, ttlMs)
      return can('append') ? node.append(future, 'entry', payload) : undefined
    }
    case 'checkpoint': {
      const ahead = node.random.int(...BEYOND_THE_LOG)
      if (!can('checkpoint')) return undefined
      // Or for the one with which it began: another may have been made since.
      return ahead === BACK
        ? node.checkpoint(fence, begun.nextSeq, begun.value)
        : node.checkpoint(fence, nextSeq + ahead, value)
    }
    case 'cut': {
      const ahead = node.random.int(...BEYOND_THE_LOG)
      // Or all that there is: no checkpoint covers what was appended since.
      return can('truncate') ? node.truncate(fence, ahead === BACK ? nextSeq : nextSeq + ahead) : undefined
    }
    case 'validate':
      return can('validate') ? node.validate(fence) : undefined
  }
}

/** Some wake up at the very millisecond at which their belief ends. */
function idleMs(node: Contender, untilMs: number, { workEveryMs }: P): number {
  const leftMs = untilMs - node.monotonicMs
  const pauseMs = node.random.int(1, workEveryMs)
  return leftMs >= 1 && leftMs <= 2 * workEveryMs && node.random.chance(300) ? leftMs : pauseMs
}

/** Told to stop while a write is in flight: gives the lease back without waiting for the reply. The write may come after. */
function* stop(node: Contender, fence: Fence, entry: Entry, { timeoutMs }: P): Body {
  node.timeoutMs = 1
  yield node.append(fence, ...entry)
  node.timeoutMs = timeoutMs
  if (node.can('release')) yield node.release(fence)
}

/** Writes the state down, and cuts off the log before it. False when the lease was lost, or nobody answers. */
function* checkpoint(
  node: Contender,
  fence: Fence,
  nextSeq: number,
  value: number,
  believes: () => boolean,
  p: P,
): Generator<Suspended, boolean, Outcome> {
  const made = yield answered(node, node.checkpoint(fence, nextSeq, value), p, believes)
  if (made.kind !== 'checkpointed') return false
  if (!node.can('truncate') || !node.random.chance(700)) return true
  const cut = yield answered(node, node.truncate(fence, nextSeq), p, believes)
  return cut.kind === 'truncated' || !isRefusal(cut)
}

import { contiguousLog, epochsGrow, fencedWrites, mutualExclusion, replayEqualsState } from '../src/invariants/index.js'
import type { Suspended } from '../src/kernel/index.js'
import type { Fence } from '../src/lease/index.js'
import { type Body, type Contender, defineScenario, type Outcome, workload } from '../src/scenario/index.js'
import { digestContent } from '../src/trace/index.js'
import { replay } from './replay.js'

/** What the log amounts to: a number that every event, and the order of events, leaves its mark on. */
const state = {
  initial: 0,
  next: (before: number, content: number): number => (Math.imul(before, 31) + content) | 0,
}

/**
 * Holders append, and checkpoint every so many events. They crash at bad moments: between an append and the checkpoint
 * that was due, and while a checkpoint is on its way. A successor loads the last checkpoint, replays the rest, and
 * serves, in the same state as if the log had never been interrupted.
 */
export const checkpointReplayWindows = defineScenario({
  name: 'checkpoint-replay-windows',
  description: 'holders append and checkpoint, and crash at bad moments; successors load, replay and serve',
  needs: ['acquire', 'renew', 'append', 'checkpoint', 'truncate', 'load', 'read'],
  parameters: {
    ...workload({ nodes: 16, spaces: 4, durationMs: 60_000 }),
    ttlMs: { default: 500, min: 10, max: 3_600_000, description: 'how long a grant or renewal lasts' },
    checkpointEvery: { default: 24, min: 1, max: 1_000_000, description: 'events between two checkpoints' },
    appendEveryMs: { default: 28, min: 1, max: 600_000, description: 'longest pause between two appends' },
    checkpointMs: { default: 20, min: 0, max: 600_000, description: 'time a holder needs to write its state down' },
    replayPage: { default: 16, min: 1, max: 100_000, description: 'events read at once in replay' },
    replayMsPerPage: { default: 8, min: 0, max: 600_000, description: 'time a successor needs to apply one page' },
    crashPerMille: {
      default: 300,
      min: 0,
      max: 1_000,
      description: 'checkpoints, of 1000, around which the holder crashes',
    },
    restartMs: { default: 1_500, min: 1, max: 3_600_000, description: 'longest a crashed node stays down' },
  },
  network: () => ({
    requestDelayMs: [1, 6],
    replyDelayMs: [1, 6],
    requestLossPerMille: 4,
    replyLossPerMille: 4,
    timeoutMs: 30,
  }),
  *node(node: Contender, p): Body {
    const space = node.spaces[node.index % node.spaces.length] as string
    for (;;) {
      let outcome = yield node.insist(node.acquire(space, p.ttlMs, 2 * p.ttlMs))
      while (outcome.kind !== 'granted') {
        yield node.sleep(node.random.int(10, p.ttlMs))
        outcome = yield node.insist(node.acquire(space, p.ttlMs, 2 * p.ttlMs))
      }
      yield* hold(node, outcome.fence, p)
      yield node.sleep(node.random.int(1, p.ttlMs))
    }
  },
  invariants: () => [mutualExclusion, epochsGrow, fencedWrites, contiguousLog, replayEqualsState(state)],
})

interface Pace {
  readonly ttlMs: number
  readonly checkpointEvery: number
  readonly appendEveryMs: number
  readonly checkpointMs: number
  readonly replayPage: number
  readonly replayMsPerPage: number
  readonly crashPerMille: number
  readonly restartMs: number
}

/** Serves one space from grant to loss: replay, then append and checkpoint until a fence is refused. */
function* hold(node: Contender, fence: Fence, p: Pace): Body {
  const replayed = yield* replay(node, fence.space, {
    state,
    eventsPerPage: p.replayPage,
    msPerPage: p.replayMsPerPage,
    ask: (request) => node.insist(request),
  })
  if (replayed === undefined) return
  let { value, nextSeq } = replayed
  node.served(fence, nextSeq, value)

  let renewAtMs = node.nowMs + (p.ttlMs >> 1)
  for (let sinceCheckpoint = 0; ; sinceCheckpoint++) {
    if (sinceCheckpoint >= p.checkpointEvery) {
      if (!(yield* checkpoint(node, fence, nextSeq, value, p))) return
      sinceCheckpoint = 0
    }
    if (node.nowMs >= renewAtMs) {
      renewAtMs = node.nowMs + (p.ttlMs >> 1)
      if ((yield node.insist(node.renew(fence, p.ttlMs))).kind !== 'renewed') return
    }
    yield node.sleep(node.random.int(1, p.appendEveryMs))
    const payload = node.random.int(0, 1_000_000)
    const outcome = yield node.insist(node.append(fence, 'entry', payload))
    if (outcome.kind !== 'appended') return
    nextSeq = outcome.seq + 1
    value = state.next(value, digestContent('entry', payload))
  }
}

/** Writes the state down, and cuts off the log before it. False when the lease was lost meanwhile. */
function* checkpoint(
  node: Contender,
  fence: Fence,
  nextSeq: number,
  value: number,
  p: Pace,
): Generator<Suspended, boolean, Outcome> {
  // From before the state is written until the checkpoint has arrived and its reply is under way.
  if (node.random.chance(p.crashPerMille)) {
    node.crash(node.random.int(0, p.checkpointMs + 12), node.random.int(1, p.restartMs))
  }
  yield node.sleep(p.checkpointMs)
  if ((yield node.insist(node.checkpoint(fence, nextSeq, value))).kind !== 'checkpointed') return false
  return (yield node.insist(node.truncate(fence, nextSeq))).kind === 'truncated'
}

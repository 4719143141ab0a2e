import {
  type Cast,
  type EventKind,
  type Fold,
  isAcquiring,
  isQuestion,
  NOBODY,
  type TraceEvent,
} from '../trace/index.js'
import type { Metrics } from './metrics.js'
import { Tally } from './percentile.js'

/**
 * One task's pursuit of one lease: from its first request for it (or for its renewal) until the grant has reached it,
 * or until it asks for something else, or crashes.
 */
interface OpenWait {
  open: boolean
  space: number
  sinceMs: number
  /** When it last asked. */
  askedAtMs: number
  /** It asks for the space, and not for its renewal. */
  acquiring: boolean
  /** A lease request of this task is on its way. */
  outstanding: boolean
}

interface State {
  readonly counts: Record<Exclude<keyof Metrics, 'leaseWindowP95Ms'>, number>
  readonly leaseWindowsMs: Tally
  /** By node, then by task. */
  readonly pursuits: (OpenWait[] | undefined)[]
  outstanding: number
  /** By space. */
  readonly epoch: Float64Array
  readonly lastOwner: Int32Array
  readonly grantedAtMs: Float64Array
  /** Whether a successor has been granted the space, and does not serve yet. */
  readonly isCatchingUp: Uint8Array
  /** By space, how many nodes ask for it. */
  readonly acquirers: Int32Array
  readonly nextSeq: Float64Array
  readonly checkpointSeq: Float64Array
}

const kinds = [
  'sent',
  'delivered',
  'timed-out',
  'crashed',
  'granted',
  'lease-held',
  'split-brain',
  'stale-owner',
  'invalid-token',
  'appended',
  'checkpointed',
  'served',
] as const satisfies readonly EventKind[]

/** The eleven metrics as one fold over the trace. A command that comes again is told the same again: that is no second refusal. */
export function metricsFold(cast: Cast): Fold<State, Metrics> {
  return {
    kinds,
    start: () => start(cast),
    step,
    end,
  }
}

function start({ nodes, spaces }: Cast): State {
  return {
    counts: {
      ownershipConflicts: 0,
      splitBrainRejections: 0,
      staleOwnerRejections: 0,
      invalidTokenRejections: 0,
      takeoverSuccesses: 0,
      leaseQueuePeak: 0,
      takeoverQueuePeak: 0,
      retryAttempts: 0,
      checkpointWindowEvents: 0,
      replayWindowMs: 0,
    },
    leaseWindowsMs: new Tally(),
    pursuits: new Array(nodes.length).fill(undefined),
    outstanding: 0,
    epoch: new Float64Array(spaces.length),
    lastOwner: new Int32Array(spaces.length).fill(NOBODY),
    grantedAtMs: new Float64Array(spaces.length),
    isCatchingUp: new Uint8Array(spaces.length),
    acquirers: new Int32Array(spaces.length),
    nextSeq: new Float64Array(spaces.length),
    checkpointSeq: new Float64Array(spaces.length),
  }
}

function step(state: State, event: TraceEvent): State {
  const { counts } = state
  switch (event.kind) {
    case 'sent':
      if (event.attempt > 0) counts.retryAttempts += 1
      sent(state, event)
      break
    case 'delivered':
      if (isLeaseRequest(event)) delivered(state, event)
      break
    case 'timed-out':
      if (isLeaseRequest(event)) settle(state, pursuitOf(state, event.node, event.task))
      break
    case 'crashed':
      for (const pursuit of state.pursuits[event.node] ?? []) {
        settle(state, pursuit)
        close(state, event.node, pursuit)
      }
      break
    case 'granted':
      granted(state, event)
      break
    case 'lease-held':
      // Two tasks of one node may be in each other's way as well.
      if (!event.repeated && event.peer !== event.node && isAcquiring(event.command)) counts.ownershipConflicts += 1
      break
    case 'split-brain':
      // A question is no write, and two tasks of one node may be in each other's way.
      if (event.repeated || event.command === 'validate' || event.peer === event.node) break
      counts.splitBrainRejections += 1
      // The core refuses a claim in this way only when another node's lease is live.
      if (event.command === 'claim') counts.ownershipConflicts += 1
      break
    case 'stale-owner':
      if (!event.repeated) counts.staleOwnerRejections += 1
      break
    case 'invalid-token':
      if (!event.repeated) counts.invalidTokenRejections += 1
      break
    case 'appended':
      state.nextSeq[event.space] = event.seq + 1
      counts.checkpointWindowEvents = Math.max(
        counts.checkpointWindowEvents,
        event.seq + 1 - (state.checkpointSeq[event.space] as number),
      )
      break
    case 'checkpointed':
      state.checkpointSeq[event.space] = Math.max(event.seq, state.checkpointSeq[event.space] as number)
      break
    case 'served':
      // Who serves under an epoch that has passed serves nobody.
      if (state.isCatchingUp[event.space] === 1 && event.epoch === state.epoch[event.space]) {
        state.isCatchingUp[event.space] = 0
        counts.replayWindowMs = Math.max(counts.replayWindowMs, event.atMs - (state.grantedAtMs[event.space] as number))
      }
      break
  }
  return state
}

/**
 * A wait that has not ended counts for as long as it is known to have lasted: left out, the worst of all waits would make the
 * figure better.
 */
function end({ counts, leaseWindowsMs, pursuits }: State, endMs: number): Metrics {
  for (const pursuit of pursuits.flatMap((tasks) => tasks ?? [])) {
    const lastedMs = (pursuit.outstanding ? endMs : pursuit.askedAtMs) - pursuit.sinceMs
    // Who asked once and has its answer may want it no more.
    if (pursuit.open && lastedMs > 0) leaseWindowsMs.add(lastedMs)
  }
  return { ...counts, leaseWindowP95Ms: leaseWindowsMs.percentile(95) }
}

const isLeaseRequest = ({ command }: TraceEvent): boolean => isAcquiring(command) || command === 'renew'

function sent(state: State, event: TraceEvent): void {
  const pursuit = pursuitOf(state, event.node, event.task)
  if (!isLeaseRequest(event)) {
    if (!isQuestion(event.command)) close(state, event.node, pursuit)
    return
  }
  if (!pursuit.open || event.attempt === 0) {
    close(state, event.node, pursuit)
    pursuit.open = true
    pursuit.space = event.space
    pursuit.sinceMs = event.atMs
  }
  pursuit.askedAtMs = event.atMs
  pursuit.outstanding = true
  state.outstanding += 1
  state.counts.leaseQueuePeak = Math.max(state.counts.leaseQueuePeak, state.outstanding)

  if (pursuit.acquiring || event.command === 'renew') return
  if (!acquires(state, event.node, event.space))
    state.acquirers[event.space] = (state.acquirers[event.space] as number) + 1
  pursuit.acquiring = true
  countTakeoverQueue(state, event.space)
}

/** Nobody takes over what has had no owner, nor what is its own. */
function countTakeoverQueue({ counts, lastOwner, acquirers, pursuits }: State, space: number): void {
  const owner = lastOwner[space] as number
  if (owner === NOBODY) return
  const waiting = (acquirers[space] as number) - (acquires({ pursuits }, owner, space) ? 1 : 0)
  counts.takeoverQueuePeak = Math.max(counts.takeoverQueuePeak, waiting)
}

function delivered(state: State, event: TraceEvent): void {
  const pursuit = pursuitOf(state, event.node, event.task)
  settle(state, pursuit)
  if (!pursuit.open) return
  const granted = event.epoch > 0
  if (granted) state.leaseWindowsMs.add(event.atMs - pursuit.sinceMs)
  // A renewal that was refused is lost for good: what follows is a new pursuit.
  if (granted || event.command === 'renew') close(state, event.node, pursuit)
}

function granted(state: State, event: TraceEvent): void {
  if (event.repeated && event.epoch <= (state.epoch[event.space] as number)) return
  const previousOwner = state.lastOwner[event.space] as number
  if (previousOwner !== NOBODY && previousOwner !== event.node) state.counts.takeoverSuccesses += 1
  state.epoch[event.space] = event.epoch
  state.lastOwner[event.space] = event.node
  state.grantedAtMs[event.space] = event.atMs
  // Who is the first succeeds nobody.
  state.isCatchingUp[event.space] = previousOwner === NOBODY ? 0 : 1
  countTakeoverQueue(state, event.space)
}

function pursuitOf(state: State, node: number, task: number): OpenWait {
  let tasks = state.pursuits[node]
  if (tasks === undefined) {
    tasks = []
    state.pursuits[node] = tasks
  }
  while (tasks.length <= task) {
    tasks.push({ open: false, space: NOBODY, sinceMs: 0, askedAtMs: 0, acquiring: false, outstanding: false })
  }
  return tasks[task] as OpenWait
}

function settle(state: State, pursuit: OpenWait): void {
  if (!pursuit.outstanding) return
  pursuit.outstanding = false
  state.outstanding -= 1
}

/** Whether a task of `node` asks for `space`: a node counts once, however many of its tasks do. */
function acquires({ pursuits }: Pick<State, 'pursuits'>, node: number, space: number): boolean {
  for (const { acquiring, space: wanted } of pursuits[node] ?? []) if (acquiring && wanted === space) return true
  return false
}

function close(state: State, node: number, pursuit: OpenWait): void {
  if (!pursuit.open) return
  pursuit.open = false
  if (!pursuit.acquiring) return
  pursuit.acquiring = false
  if (acquires(state, node, pursuit.space)) return
  state.acquirers[pursuit.space] = (state.acquirers[pursuit.space] as number) - 1
}

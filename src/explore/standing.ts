import { type EventKind, isAcquiring, type TraceEvent } from '../trace/index.js'

/** Where a node stands when a fault strikes it, from the commonest to the rarest. */
export const leaseStates = ['idle', 'waiting', 'holding', 'near-expiry', 'write-in-flight', 'checkpoint-open'] as const

const [IDLE, WAITING, HOLDING, NEAR_EXPIRY, WRITE_IN_FLIGHT, CHECKPOINT_OPEN] = [0, 1, 2, 3, 4, 5]

/** The kinds of event that change where a node stands. */
export const standingKinds = [
  'sent',
  'granted',
  'renewed',
  'taken',
  'released',
  'completed',
  'failed',
  'delivered',
  'timed-out',
  'crashed',
] as const satisfies readonly EventKind[]

interface NodeStanding {
  heldUntilMs: number
  waiting: boolean
  /** It was given a job by what it is about to be told. */
  given: boolean
  write: 'none' | 'append' | 'checkpoint'
}

type TracedCommand = TraceEvent['command']

const asksForIt = (command: TracedCommand): boolean => isAcquiring(command) || command === 'take'

const writesCheckpoint = (command: TracedCommand): boolean => command === 'checkpoint' || command === 'truncate'

const writes = (command: TracedCommand): boolean =>
  command === 'append' || command === 'complete' || command === 'fail' || writesCheckpoint(command)

/** Follows, from the trace alone, where every node stands. */
export class Standings {
  readonly #nodes: NodeStanding[]
  readonly #nearMs: number

  constructor(nodes: number, ttlMs: number) {
    this.#nodes = Array.from({ length: nodes }, () => ({ heldUntilMs: 0, waiting: false, given: false, write: 'none' }))
    this.#nearMs = Math.max(2, ttlMs >> 3)
  }

  observe({ kind, command, node, epoch, untilMs, atMs }: TraceEvent): void {
    const standing = this.#nodes[node]
    if (standing === undefined) return
    switch (kind) {
      case 'sent':
        if (asksForIt(command)) standing.waiting = true
        else if (writes(command)) standing.write = writesCheckpoint(command) ? 'checkpoint' : 'append'
        return
      case 'taken':
        standing.given = true
        standing.heldUntilMs = untilMs
        return
      case 'granted':
      case 'renewed':
        standing.heldUntilMs = untilMs
        return
      case 'released':
      case 'completed':
      case 'failed':
        standing.heldUntilMs = atMs
        return
      case 'delivered':
      case 'timed-out':
        if (asksForIt(command)) {
          // Of a grant, the delivery says the epoch.
          standing.waiting = kind === 'timed-out' || (command === 'take' ? !standing.given : epoch === 0)
          standing.given = false
        }
        // What another task of the node has asked meanwhile ends no write.
        else if (writes(command)) standing.write = 'none'
        return
      case 'crashed':
        standing.waiting = false
        standing.given = false
        standing.write = 'none'
    }
  }

  /** The state of a node, as its place in `leaseStates`. */
  stateOf(node: number, atMs: number): number {
    const standing = this.#nodes[node]
    if (standing === undefined) return IDLE
    if (standing.write === 'checkpoint') return CHECKPOINT_OPEN
    if (standing.write === 'append') return WRITE_IN_FLIGHT
    const leftMs = standing.heldUntilMs - atMs
    if (leftMs > 0) return leftMs <= this.#nearMs ? NEAR_EXPIRY : HOLDING
    return standing.waiting ? WAITING : IDLE
  }

  /** The rarest state that any node is in: for what strikes the store. */
  rarest(atMs: number): number {
    let rarest = IDLE
    for (let node = 0; node < this.#nodes.length; node++) rarest = Math.max(rarest, this.stateOf(node, atMs))
    return rarest
  }
}

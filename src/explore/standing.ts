import type { TraceEvent } from '../trace/index.js'

/** Where a node stands when a fault strikes it. */
export const leaseStates = ['idle', 'waiting', 'holding', 'near-expiry', 'write-in-flight', 'checkpoint-open'] as const

export type LeaseState = (typeof leaseStates)[number]

interface NodeStanding {
  heldUntilMs: number
  waiting: boolean
  write: 'none' | 'append' | 'checkpoint'
}

/** Follows, from the trace alone, where every node stands. */
export class Standings {
  readonly #nodes: NodeStanding[]
  readonly #nearMs: number

  constructor(nodes: number, ttlMs: number) {
    this.#nodes = Array.from({ length: nodes }, () => ({ heldUntilMs: 0, waiting: false, write: 'none' }))
    this.#nearMs = Math.max(2, ttlMs >> 3)
  }

  observe({ kind, command, node, epoch, untilMs, atMs }: TraceEvent): void {
    const standing = this.#nodes[node]
    if (standing === undefined) return
    switch (kind) {
      case 'sent':
        if (command === 'acquire' || command === 'claim' || command === 'take') standing.waiting = true
        else if (command === 'append' || command === 'complete') standing.write = 'append'
        else if (command === 'checkpoint' || command === 'truncate') standing.write = 'checkpoint'
        return
      case 'granted':
      case 'renewed':
      case 'taken':
        standing.heldUntilMs = untilMs
        return
      case 'released':
      case 'completed':
        standing.heldUntilMs = atMs
        return
      case 'delivered':
      case 'timed-out':
        if (command === 'acquire' || command === 'claim' || command === 'take')
          standing.waiting = kind === 'timed-out' || epoch === 0
        else standing.write = 'none'
        return
      case 'crashed':
        standing.waiting = false
        standing.write = 'none'
    }
  }

  stateOf(node: number, atMs: number): LeaseState {
    const standing = this.#nodes[node]
    if (standing === undefined) return 'idle'
    if (standing.write === 'checkpoint') return 'checkpoint-open'
    if (standing.write === 'append') return 'write-in-flight'
    const leftMs = standing.heldUntilMs - atMs
    if (leftMs > 0) return leftMs <= this.#nearMs ? 'near-expiry' : 'holding'
    return standing.waiting ? 'waiting' : 'idle'
  }
}

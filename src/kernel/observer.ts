import type { Leg, MessageFault } from './fault.js'

/** Whose request it is: the task of a node, by their indexes. */
export interface Requesting {
  readonly node: number
  readonly task: number
}

/** Told of everything that happens, in the order in which it happens. Times are virtual milliseconds. */
export interface KernelObserver<Q, R> {
  /** How many events there have been. */
  readonly length: number
  sent(atMs: number, from: Requesting, request: Q, attempt: number): void
  /** A command that takes its time takes its `step`-th step, from 1. */
  stepped(atMs: number, from: Requesting, request: Q, step: number): void
  /** The step after the `step`-th that was made, or that one, has had no answer: the command goes on as if it knew nothing. */
  unanswered(atMs: number, from: Requesting, request: Q, step: number): void
  /** A command has thrown, as a step had no answer: its node will have none either. The `step`-th was the last that was made. */
  threw(atMs: number, from: Requesting, request: Q, step: number): void
  /**
   * The subject's step: the point in time at which the request took effect or was refused. Where that took more than one, the
   * last of them; the first came at `sinceMs` or later.
   */
  executed(atMs: number, from: Requesting, request: Q, reply: R, sinceMs: number): void
  delivered(atMs: number, from: Requesting, request: Q, reply: R): void
  timedOut(atMs: number, from: Requesting, request: Q): void
  /** @param step the last one that was taken of a command that goes no further */
  lost(atMs: number, from: Requesting, request: Q, leg: Leg, step?: number): void
  duplicated(atMs: number, from: Requesting, request: Q, leg: Leg): void
  paused(atMs: number, node: number, untilMs: number): void
  resumed(atMs: number, node: number): void
  crashed(atMs: number, node: number): void
  restarted(atMs: number, node: number): void
  skewed(atMs: number, node: number, byMs: number): void
  drifted(atMs: number, node: number, ppm: number): void
  partitioned(atMs: number, node: number, untilMs: number): void
  storeRestarted(atMs: number, untilMs: number, unsynced: 'kept' | 'lost'): void
  storeSlowed(atMs: number, untilMs: number): void
  /** A window in which messages of this leg are struck begins. */
  struck(atMs: number, fault: MessageFault): void
}

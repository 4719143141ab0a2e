import type { Random } from '../kernel/index.js'
import { backoffMs } from './backoff.js'

/** The times of a lease as its holder knows them, by the node's monotonic clock. */
export interface LeaseTimes {
  /** When the request was sent that was granted; sent again it keeps its first time. */
  readonly sentAtMs: number
  /** When the grant came back. */
  readonly receivedAtMs: number
  readonly ttlMs: number
  /** How fast or slow the node's clock may run at the most, in parts per million. */
  readonly maxDriftPpm: number
}

/** What became of a renewal. */
export type RenewalEnd = 'renewed' | 'refused' | 'timeout'

/** Where a node stands that did not get what it asked for. */
export interface Pursuit {
  /** Requests sent for this lease so far, at least 1. */
  readonly attempt: number
  /** How many of the last ones in a row had no answer. */
  readonly unanswered: number
  /** After so many unanswered requests in a row a node should give up for a while. */
  readonly maxUnanswered: number
  readonly baseMs: number
  readonly capMs: number
}

/**
 * How a node asks, retries, renews, and what it believes: the part of a subject that runs on the nodes. Plain functions
 * of what they are given; times are by the node's monotonic clock.
 */
export interface Client {
  /** Until when the node may believe that it holds the lease that was granted or renewed. */
  believesUntilMs(lease: LeaseTimes): number
  /** Whether it believes so now. */
  believes(nowMs: number, untilMs: number): boolean
  /** Until when it believes after a renewal: `untilMs` is what it believed before, `nextUntilMs` what the renewal is worth. */
  afterRenewal(end: RenewalEnd, times: { nowMs: number; untilMs: number; nextUntilMs: number }): number
  /** How long to wait before asking again; undefined to give up for now. */
  retryAfterMs(pursuit: Pursuit, random: Random): number | undefined
}

/**
 * The built-in client. It counts from when it sent the request, not from when the answer came, and allows for its own
 * clock being slow: Gray and Cheriton, "Leases" (1989), section 5. Half open, as the core's side is.
 */
export const builtInClient: Client = {
  believesUntilMs: ({ sentAtMs, ttlMs, maxDriftPpm }) =>
    sentAtMs + Math.floor((ttlMs * (1_000_000 - maxDriftPpm)) / 1_000_000),
  believes: (nowMs, untilMs) => nowMs < untilMs,
  afterRenewal: (end, { nowMs, untilMs, nextUntilMs }) => {
    if (end === 'renewed') return Math.max(untilMs, nextUntilMs)
    return end === 'timeout' ? untilMs : nowMs
  },
  retryAfterMs: ({ attempt, unanswered, maxUnanswered, baseMs, capMs }, random) =>
    unanswered >= maxUnanswered ? undefined : backoffMs({ baseMs, capMs }, attempt, random),
}

/** The names of all policies. */
export const policies = Object.keys(builtInClient) as readonly (keyof Client)[]

import type { MetricName } from '../metrics/index.js'

/** Upper limits for one scenario's metrics; a metric may be equal to its limit. */
export interface Budget {
  readonly maxLeaseWindowP95Ms: number
  readonly maxCheckpointWindowEvents: number
  readonly maxReplayWindowMs: number
  /** For the lease queue and for the takeover queue. */
  readonly maxQueueDepth: number
  readonly maxRetryAttempts: number
}

export type LimitName = keyof Budget

/** Every limit, and the metrics it is a limit for, in the order in which they are always shown. */
export const limits: Readonly<Record<LimitName, readonly MetricName[]>> = {
  maxLeaseWindowP95Ms: ['leaseWindowP95Ms'],
  maxCheckpointWindowEvents: ['checkpointWindowEvents'],
  maxReplayWindowMs: ['replayWindowMs'],
  maxQueueDepth: ['leaseQueuePeak', 'takeoverQueuePeak'],
  maxRetryAttempts: ['retryAttempts'],
}

export const limitNames = Object.keys(limits) as readonly LimitName[]

/** The median, 95th percentile and maximum of a metric over many seeds. */
export interface Spread {
  readonly median: number
  readonly p95: number
  readonly max: number
}

/** Where one scenario's limits came from. */
export interface Derivation {
  /** Seeds `from` to `to`, both included. */
  readonly seeds: { readonly from: number; readonly to: number }
  /** The name of the subject it was measured on; absent for the built-in one. */
  readonly subject?: string | undefined
  /** The parameters that were not at their default; absent when all were. */
  readonly parameters?: { readonly [name: string]: number } | undefined
  /** Which figure over all seeds a limit is put above. */
  readonly percentile: 'max'
  /** How far above, in percent of it. */
  readonly headroomPercent: number
  /** What was measured; of two metrics under one limit, the one that measured highest. */
  readonly evidence: { readonly [limit in LimitName]: Spread }
}

/** A limit that is higher than in the version before, and why. */
export interface Raise {
  readonly scenario: string
  readonly limit: LimitName
  readonly from: number
  readonly to: number
  readonly reason: string
}

/** One version of all budgets: what a file `budgets/vN.json` holds. */
export interface Budgets {
  readonly version: number
  /** By scenario: a version that changes one keeps the evidence of the others. */
  readonly derivedFrom?: { readonly [scenario: string]: Derivation } | undefined
  readonly raised?: readonly Raise[] | undefined
  readonly scenarios: { readonly [scenario: string]: Budget }
}

/** How a version of the budgets is called: `v1`. */
export function budgetVersionLabel(version: number): string {
  return `v${version}`
}

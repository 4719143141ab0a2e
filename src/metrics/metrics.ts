/** What contention cost in one run. Whole numbers; times in virtual milliseconds. */
export interface Metrics {
  /** Acquires and claims refused because another node's lease is live. */
  readonly ownershipConflicts: number
  /** Claims or writes at the current epoch by a node that is not its owner, refused. */
  readonly splitBrainRejections: number
  /** Commands with an older epoch, refused. */
  readonly staleOwnerRejections: number
  /** Commands whose owner and epoch match but whose token does not, refused. */
  readonly invalidTokenRejections: number
  /** Grants to a node other than the previous owner. */
  readonly takeoverSuccesses: number
  /** 95th percentile (nearest rank) of the time from a node's first request for a lease, or for its renewal, until the grant has reached it. */
  readonly leaseWindowP95Ms: number
  /** Most lease requests (acquire, claim, renew) outstanding at one moment. */
  readonly leaseQueuePeak: number
  /** Most nodes waiting at one moment to take over one space. */
  readonly takeoverQueuePeak: number
  /** Requests sent again after a refusal or a timeout. */
  readonly retryAttempts: number
  /** Most events appended to one log since its last durable checkpoint. */
  readonly checkpointWindowEvents: number
  /** Longest time a successor needed from its grant until it had replayed to the head and served. */
  readonly replayWindowMs: number
}

/** The name of a metric. */
export type MetricName = keyof Metrics

/** The metrics in the order in which they are always shown, hashed and compared. */
export const metricNames = [
  'ownershipConflicts',
  'splitBrainRejections',
  'staleOwnerRejections',
  'invalidTokenRejections',
  'takeoverSuccesses',
  'leaseWindowP95Ms',
  'leaseQueuePeak',
  'takeoverQueuePeak',
  'retryAttempts',
  'checkpointWindowEvents',
  'replayWindowMs',
] as const satisfies readonly MetricName[]

/** @throws TypeError for what lacks one of them, or has no whole number there */
export function checkMetrics(metrics: Metrics): void {
  const missing = metricNames.find((name) => !Number.isSafeInteger(metrics?.[name]))
  if (missing !== undefined) {
    throw new TypeError(`metrics without a whole number for ${missing}: expected the profile of an outcome`)
  }
}

/** All zero: of a run that nobody measured. */
export const NOTHING_MEASURED = Object.fromEntries(metricNames.map((name) => [name, 0])) as unknown as Metrics

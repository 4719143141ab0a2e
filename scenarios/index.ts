import type { Scenario } from '../src/scenario/index.js'
import { checkpointReplayWindows } from './checkpoint-replay-windows.js'
import { jobLifecycle } from './job-lifecycle.js'
import { leaseLifecycle } from './lease-lifecycle.js'
import { leaseRenewalContention } from './lease-renewal-contention.js'
import { ownershipFencingContention } from './ownership-fencing-contention.js'
import { takeoverQueueRetryPressure } from './takeover-queue-retry-pressure.js'

/** The built-in scenarios, in the order in which they are reported. */
export const builtInScenarios: readonly Scenario[] = [
  ownershipFencingContention,
  leaseRenewalContention,
  takeoverQueueRetryPressure,
  checkpointReplayWindows,
]

/** Small and fast, for exploration: they measure nothing, but reach every corner. */
export const explorationScenarios: readonly Scenario[] = [leaseLifecycle, jobLifecycle]

export {
  checkpointReplayWindows,
  jobLifecycle,
  leaseLifecycle,
  leaseRenewalContention,
  ownershipFencingContention,
  takeoverQueueRetryPressure,
}

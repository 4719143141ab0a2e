import type { Scenario } from '../src/scenario/index.js'
import { checkpointReplayWindows } from './checkpoint-replay-windows.js'
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

export { checkpointReplayWindows, leaseRenewalContention, ownershipFencingContention, takeoverQueueRetryPressure }

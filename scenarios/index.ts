import type { Scenario } from '../src/scenario/index.js'
import { checkpointReplayWindows } from './checkpoint-replay-windows.js'
import { jobLifecycle } from './job-lifecycle.js'
import { leaseLifecycle } from './lease-lifecycle.js'
import { leaseRenewalContention } from './lease-renewal-contention.js'
import { ownershipFencingContention } from './ownership-fencing-contention.js'
import { type PredictOptions, predictWorkerFailure } from './predict-worker-failure.js'
import { takeoverQueueRetryPressure } from './takeover-queue-retry-pressure.js'
import { workerFailureCrash, workerFailurePoison, workerFailureRunaway, workerFailureZombie } from './worker-failure.js'

/** The built-in scenarios, in the order in which they are reported. */
export const builtInScenarios: readonly Scenario[] = [
  ownershipFencingContention,
  leaseRenewalContention,
  takeoverQueueRetryPressure,
  checkpointReplayWindows,
]

/** Small and fast, for exploration: they measure nothing, but reach every corner. */
export const explorationScenarios: readonly Scenario[] = [leaseLifecycle, jobLifecycle]

/** What is done to real processes as well: explored and replayed by name. */
export const workerFailureScenarios: readonly Scenario[] = [
  workerFailurePoison,
  workerFailureCrash,
  workerFailureRunaway,
  workerFailureZombie,
]

const all: ReadonlySet<Scenario> = new Set([...builtInScenarios, ...explorationScenarios, ...workerFailureScenarios])

/** Whether it is one of ours: these come to an end, and are quicker when nobody watches. */
export const isBuiltIn = (scenario: Scenario): boolean => all.has(scenario)

export {
  checkpointReplayWindows,
  jobLifecycle,
  leaseLifecycle,
  leaseRenewalContention,
  ownershipFencingContention,
  type PredictOptions,
  predictWorkerFailure,
  takeoverQueueRetryPressure,
  workerFailureCrash,
  workerFailurePoison,
  workerFailureRunaway,
  workerFailureZombie,
}

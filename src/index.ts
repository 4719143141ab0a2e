/**
 * contention: deterministic testing and profiling of code that hands out time-bounded ownership.
 *
 * Declare a workload with `defineScenario`, run it with `runScenario` or `runMatrix`, judge it by invariants and budgets.
 *
 * @module
 */

export {
  builtInScenarios,
  checkpointReplayWindows,
  explorationScenarios,
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
  workerFailureScenarios,
  workerFailureZombie,
} from '../scenarios/index.js'
export {
  type AppendAuthority,
  type AppendOutcome,
  type AuthorityOptions,
  appendAuthority,
  type ForwardedIntent,
  type ForwardReply,
  type Intent,
} from './authority/index.js'
export {
  type Budget,
  type BudgetCheck,
  type BudgetResult,
  type Budgets,
  budgetFailures,
  budgetVersion,
  budgetVersionLabel,
  defaultBudget,
  defaultBudgets,
  evaluateBudget,
} from './budget/index.js'
export { type Config, defineConfig } from './config/config.js'
export { type ContractResult, conformanceOf } from './conformance/index.js'
export {
  type Chunk,
  type ChunkResult,
  type Exploration,
  type ExploreOptions,
  type Extent,
  explore,
  exploreChunk,
  type Failure,
  type Plan,
  type Shrunk,
  shrink,
} from './explore/index.js'
export { type BudgetMove, type Change, compareWithSnapshot, type Drift } from './gate/compare.js'
export {
  type ParsedSnapshot,
  parseSnapshot,
  type Snapshot,
  type SnapshotEntry,
  snapshotOf,
  snapshotReportMarkdown,
  snapshotSignature,
  snapshotVersion,
} from './gate/snapshot.js'
export {
  type Acceptance,
  type AttemptBounds,
  acknowledgedKept,
  boundedAttempts,
  type Check,
  checkpointCovered,
  contiguousLog,
  effectOnce,
  epochsAndClaims,
  epochsGrow,
  exclusiveBelief,
  fairJobs,
  fencedWrites,
  genuineTokens,
  type Invariant,
  type InvariantResult,
  mutualExclusion,
  noStarvation,
  promptJobs,
  replayEqualsState,
  type StarvationBound,
  type StateFold,
  serviceOrder,
  singleEffects,
  type TakeoverBound,
  takeoverBound,
  type Violation,
  validMeansHeld,
  writesAccepted,
} from './invariants/index.js'
export { type Job, type JobCommand, type JobsRecord, type JobsTransition, stepJobs } from './jobs/index.js'
export {
  type DelayMs,
  type Fault,
  type Leg,
  type Network,
  type Random,
  StepUnanswered,
  type Suspended,
} from './kernel/index.js'
export {
  type Acquire,
  type Claim,
  type Fence,
  type Granted,
  type InvalidToken,
  type LeaseCommand,
  type LeaseExpired,
  type LeaseHeld,
  type LeaseRecord,
  type LeaseReply,
  type LeaseTransition,
  type MintToken,
  type Queued,
  type Refusal,
  type Release,
  type Renew,
  type Requester,
  type SplitBrain,
  type StaleOwner,
  type Superseded,
  stepLease,
  tokenMint,
  UNOWNED,
  type UnknownEpoch,
  type Validate,
} from './lease/index.js'
export {
  type Append,
  type Checkpoint,
  type Json,
  type LogCommand,
  type LogEvent,
  type LogRefusal,
  type SpaceRecord,
  type SpaceTransition,
  stepSpace,
  UNTOUCHED,
} from './log/index.js'
export {
  type MetricName,
  type Metrics,
  metricNames,
  percentile,
  type WorkCounts,
  type WorkerFailure,
} from './metrics/index.js'
export { type Command, isRefusal, type Reply, UNTOLD } from './protocol/index.js'
export { passFailLabel, scenarioLabel } from './report/labels.js'
export { reportMarkdown } from './report/markdown.js'
export type { Divergence, Report, ScenarioOutcome } from './report/report.js'
export { metricsSignature, reportSignature } from './report/signature.js'
export { type MatrixOptions, NothingMeasured, type RunOptions, runMatrix, runScenario } from './run/index.js'
export {
  type Body,
  Contender,
  defineScenario,
  type Outcome,
  type ParameterDefinition,
  type ParameterDefinitions,
  ParameterError,
  type Parameters,
  type Scenario,
  ScenarioAborted,
  type ScenarioNetwork,
  Signal,
  type SomeParameters,
  type WorkloadDefinitions,
  workload,
} from './scenario/index.js'
export {
  type Core,
  type DirectCore,
  type Loaded,
  type LogView,
  type Machine,
  memoryCore,
  type OpenOptions,
  type OpenStore,
  openStore,
  readLog,
  type Store,
  type StoredSpace,
  StoreError,
  type Swap,
  storedCore,
} from './stores/index.js'
export {
  type Answer,
  type Backoff,
  type BuiltInParts,
  backoffMs,
  builtInClient,
  builtInSubject,
  type Client,
  type CorePart,
  defineSubject,
  type JobPart,
  type LeaseTimes,
  type LogPart,
  type NodeContext,
  type Pursuit,
  type RenewalEnd,
  type Subject,
  type SubjectContext,
  SubjectFault,
  type WholeCore,
} from './subject/index.js'
export { type Cast, digestContent, type EventKind, messageFaults, NOBODY, type TraceEvent } from './trace/index.js'

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
  leaseRenewalContention,
  ownershipFencingContention,
  takeoverQueueRetryPressure,
} from '../scenarios/index.js'
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
export {
  compareWithSnapshot,
  type Drift,
  type ParsedSnapshot,
  parseSnapshot,
  type Snapshot,
  type SnapshotEntry,
  snapshotOf,
  snapshotReportMarkdown,
  snapshotSignature,
  snapshotVersion,
} from './gate/index.js'
export {
  type Check,
  contiguousLog,
  epochsGrow,
  fencedWrites,
  genuineTokens,
  type Invariant,
  type InvariantResult,
  mutualExclusion,
  noStarvation,
  replayEqualsState,
  type StateFold,
  serviceOrder,
  type Violation,
} from './invariants/index.js'
export type { DelayMs, Fault, Leg, Network, Random, Suspended } from './kernel/index.js'
export {
  type Fence,
  type LeaseCommand,
  type LeaseRecord,
  type LeaseReply,
  type LeaseTransition,
  type MintToken,
  type Refusal,
  stepLease,
  tokenMint,
  UNOWNED,
} from './lease/index.js'
export {
  type Checkpoint,
  type Command,
  isRefusal,
  type Json,
  type LogCommand,
  type LogEvent,
  type LogRefusal,
  type Reply,
  type SpaceRecord,
  type SpaceTransition,
  stepSpace,
  UNTOUCHED,
} from './log/index.js'
export { type MetricName, type Metrics, metricNames, percentile } from './metrics/index.js'
export {
  type Divergence,
  metricsSignature,
  passFailLabel,
  type Report,
  reportMarkdown,
  reportSignature,
  type ScenarioOutcome,
  scenarioLabel,
} from './report/index.js'
export { type MatrixOptions, type RunOptions, runMatrix, runScenario, ScenarioAborted } from './run/index.js'
export {
  type Backoff,
  type Body,
  backoffMs,
  builtInSubject,
  Contender,
  defineScenario,
  type Outcome,
  type ParameterDefinition,
  type ParameterDefinitions,
  ParameterError,
  type Parameters,
  type Scenario,
  type ScenarioNetwork,
  Signal,
  type Subject,
  type SubjectContext,
  settled,
  type WorkloadDefinitions,
  workload,
} from './scenario/index.js'
export { type Core, memoryCore } from './stores/index.js'
export { type Cast, digestContent, type EventKind, type TraceEvent } from './trace/index.js'

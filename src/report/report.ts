import type { BudgetResult } from '../budget/index.js'
import type { InvariantResult } from '../invariants/index.js'
import type { Metrics } from '../metrics/index.js'
import { reportSignature } from './signature.js'

/** Where two runs of one scenario and seed parted. */
export interface Divergence {
  /** Index of the first event that differs; absent when the two recorded runs, unlike the judged ones, were the same. */
  readonly first?: {
    readonly index: number
    readonly atMs: number
    /** What each run did there; undefined for the run that was over by then. */
    readonly events: readonly [string | undefined, string | undefined]
  }
  readonly digests: readonly [string, string]
  /** Where the traces are the same: the invariants that judged them otherwise the second time. */
  readonly invariants?: readonly string[]
}

/** What one scenario came to. */
export interface ScenarioOutcome {
  readonly scenario: string
  readonly seed: number
  readonly parameters: { readonly [name: string]: number }
  /** Those of the parameters that are not at their default. */
  readonly overrides: { readonly [name: string]: number }
  /** Deterministic, every invariant held, and within its budget if it has one. */
  readonly passed: boolean
  /** Two runs from nothing gave the same trace, and the same verdicts. */
  readonly deterministic: boolean
  readonly divergence?: Divergence
  readonly invariantsMet: boolean
  readonly invariants: readonly InvariantResult[]
  /** Length of the trace. */
  readonly events: number
  /** Digest of all of this scenario's behaviour: equal signatures mean equal traces, metrics and verdicts. */
  readonly signature: string
  /** What contention cost. */
  readonly profile: Metrics
  /** Absent when the scenario has no budget. */
  readonly budget?: BudgetResult
  /** What else the command that runs it again has to be given, as it is typed: ` --subject my-lease.ts`. */
  readonly replayOptions?: string
}

/** What a selection of scenarios came to. */
export interface Report {
  readonly seed: number
  /** Version of the budgets; absent when no scenario had one. */
  readonly budgetVersion?: number
  readonly passed: boolean
  readonly failedScenarios: number
  readonly nondeterministicFailures: number
  readonly invariantFailures: number
  readonly failedBudgets: number
  readonly signature: string
  readonly outcomes: readonly ScenarioOutcome[]
}

/** Sums outcomes up. A report of nothing has not passed. */
export function reportOf(seed: number, outcomes: readonly ScenarioOutcome[]): Report {
  const budgetVersion = outcomes.find(({ budget }) => budget !== undefined)?.budget?.version
  const count = (failed: (outcome: ScenarioOutcome) => boolean): number => outcomes.filter(failed).length
  return {
    seed,
    ...(budgetVersion === undefined ? {} : { budgetVersion }),
    passed: outcomes.length > 0 && outcomes.every(({ passed }) => passed),
    failedScenarios: count(({ passed }) => !passed),
    nondeterministicFailures: count(({ deterministic }) => !deterministic),
    invariantFailures: count(({ invariantsMet }) => !invariantsMet),
    failedBudgets: count(({ budget }) => budget?.met === false),
    signature: reportSignature({ outcomes }),
    outcomes,
  }
}

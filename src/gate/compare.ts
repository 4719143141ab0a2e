import { limitNames } from '../budget/index.js'
import { own } from '../input/index.js'
import { type MetricName, metricNames } from '../metrics/index.js'
import type { Report, ScenarioOutcome } from '../report/index.js'
import { invariantsOf, limitsOf, type Snapshot, type SnapshotEntry } from './snapshot.js'

/** One number that is not what it was. */
export interface Change {
  readonly name: string
  readonly from: number | undefined
  readonly to: number | undefined
}

/** A limit that a changed metric has come nearer to, or has broken. */
export interface BudgetMove {
  readonly metric: MetricName
  readonly max: number
  readonly headroomBefore: number
  readonly headroom: number
  readonly broken: boolean
}

/** How one scenario differs from its snapshot. */
export type Drift =
  /** Same scenario, other behaviour, or other limits. `metrics` is empty where only the rest differs. */
  | {
      readonly kind: 'changed'
      readonly scenario: string
      readonly signatures: readonly [before: string, now: string]
      readonly events: readonly [before: number, now: number]
      readonly parameters: readonly Change[]
      readonly metrics: readonly Change[]
      readonly limits: readonly Change[]
      /** What it was judged by; and which of those that judge it now are broken. */
      readonly invariants: {
        readonly before: readonly string[]
        readonly now: readonly string[]
        readonly broken: readonly string[]
      }
      readonly budgets: readonly BudgetMove[]
    }
  /** Runs now, but is not in the snapshot. */
  | { readonly kind: 'missing'; readonly scenario: string }
  /** Is in the snapshot, but does not exist any more. */
  | { readonly kind: 'obsolete'; readonly scenario: string }
  /** Is in the snapshot, but the subject no longer has what it needs. */
  | { readonly kind: 'lacking'; readonly scenario: string; readonly lacks: readonly string[] }
  /** The whole snapshot is of another seed. */
  | { readonly kind: 'seed'; readonly before: number; readonly now: number }
  /** It is of another version of the budgets. */
  | { readonly kind: 'budgets'; readonly before: number; readonly now: number }

/**
 * Compares a report with the snapshot, scenario by scenario. How a scenario behaves that is not deterministic is not compared:
 * the next run of it would differ otherwise.
 * @param existing every scenario there is: what the snapshot has beyond these is obsolete; what was not run now is let be
 */
export function compareWithSnapshot(report: Report, snapshot: Snapshot, existing: readonly string[]): readonly Drift[] {
  const drifts: Drift[] = []
  if (report.seed !== snapshot.seed) drifts.push({ kind: 'seed', before: snapshot.seed, now: report.seed })
  const [before, now] = [snapshot.budgetVersion, report.budgetVersion]
  if (before !== undefined && now !== undefined && before !== now) drifts.push({ kind: 'budgets', before, now })
  for (const outcome of report.outcomes) {
    const entry = snapshot.entries.find(({ scenario }) => scenario === outcome.scenario)
    if (entry === undefined) drifts.push({ kind: 'missing', scenario: outcome.scenario })
    else if (outcome.deterministic && isChanged(entry, outcome)) drifts.push(changeOf(entry, outcome))
  }
  for (const { scenario } of snapshot.entries) {
    if (!existing.includes(scenario)) drifts.push({ kind: 'obsolete', scenario })
  }
  return drifts
}

function isChanged(entry: SnapshotEntry, outcome: ScenarioOutcome): boolean {
  return entry.signature !== outcome.signature || changes(limitNames, entry.limits, limitsOf(outcome)).length > 0
}

function changeOf(entry: SnapshotEntry, outcome: ScenarioOutcome): Drift {
  const parameterNames = [...new Set([...Object.keys(entry.parameters), ...Object.keys(outcome.parameters)])]
  return {
    kind: 'changed',
    scenario: outcome.scenario,
    signatures: [entry.signature, outcome.signature],
    events: [entry.events, outcome.events],
    parameters: changes(parameterNames, entry.parameters, outcome.parameters),
    metrics: changes(metricNames, entry.metrics, outcome.profile),
    limits: changes(limitNames, entry.limits, limitsOf(outcome)),
    invariants: {
      before: entry.invariants,
      now: invariantsOf(outcome),
      broken: outcome.invariants.filter(({ held }) => !held).map(({ name }) => name),
    },
    budgets: budgetMoves(entry, outcome),
  }
}

function changes<N extends string>(
  names: readonly N[],
  before: { readonly [name in N]?: number },
  now: { readonly [name in N]?: number },
): readonly Change[] {
  return names
    .map((name) => ({ name, from: own<number | undefined>(before, name), to: own<number | undefined>(now, name) }))
    .filter(({ from, to }) => from !== to)
}

function budgetMoves({ metrics }: SnapshotEntry, { budget }: ScenarioOutcome): readonly BudgetMove[] {
  return (budget?.checks ?? [])
    .filter(({ metric, actual }) => actual > metrics[metric])
    .map(({ metric, max, headroom, met }) => ({
      metric,
      max,
      headroomBefore: max - metrics[metric],
      headroom,
      broken: !met,
    }))
}

import type { MetricName, Metrics } from '../metrics/index.js'
import { type Budget, budgetVersionLabel, type LimitName, limitNames, limits } from './budget.js'

/** One metric against its limit. */
export interface BudgetCheck {
  readonly limit: LimitName
  readonly metric: MetricName
  readonly max: number
  readonly actual: number
  /** What is left below the limit; negative when it is exceeded. */
  readonly headroom: number
  readonly met: boolean
  /** All of it in words. */
  readonly reason: string
}

/** All metrics of a scenario that have limits, against those of one version. */
export interface BudgetResult {
  readonly version: number
  readonly met: boolean
  readonly checks: readonly BudgetCheck[]
}

/** Compares a scenario's metrics with its budget. */
export function evaluateBudget(metrics: Metrics, budget: Budget, version: number): BudgetResult {
  const checks = limitNames.flatMap((limit) =>
    limits[limit].map((metric) => checkLimit(limit, metric, budget[limit], metrics[metric])),
  )
  return { version, met: checks.every(({ met }) => met), checks }
}

/** The reasons of every limit that is exceeded. */
export function budgetFailures(result: BudgetResult): readonly string[] {
  return result.checks.filter(({ met }) => !met).map(({ reason }) => reason)
}

function checkLimit(limit: LimitName, metric: MetricName, max: number, actual: number): BudgetCheck {
  const headroom = max - actual
  const met = headroom >= 0
  const verdict = met ? `${headroom} below` : `${-headroom} above`
  return { limit, metric, max, actual, headroom, met, reason: `${metric} is ${actual}, ${verdict} ${limit} ${max}` }
}

/** The budget's version that an outcome was judged by, or that there was none. */
export function budgetLabel(result: BudgetResult | undefined): string {
  return result === undefined ? 'no budget' : `budgets ${budgetVersionLabel(result.version)}`
}

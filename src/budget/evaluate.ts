import { checkMetrics, type MetricName, type Metrics } from '../metrics/index.js'
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

/**
 * Compares a scenario's metrics with its budget.
 * @throws TypeError for limits, a version or metrics that are not whole numbers
 */
export function evaluateBudget(metrics: Metrics, budget: Budget, version: number): BudgetResult {
  checkBudget(budget, version)
  checkMetrics(metrics)
  const checks = limitNames.flatMap((limit) =>
    limits[limit].map((metric) => checkLimit(limit, metric, budget[limit], metrics[metric])),
  )
  return { version, met: checks.every(({ met }) => met), checks }
}

/** @throws TypeError for what nothing could be compared with */
export function checkBudget(budget: Budget, version: number): void {
  const missing = limitNames.find((limit) => !isCount(budget?.[limit]))
  if (missing !== undefined) {
    throw new TypeError(
      `a budget whose ${missing} is ${String(budget?.[missing])}: expected a whole number of 0 or more`,
    )
  }
  if (!Number.isInteger(version) || version < 1) {
    throw new TypeError(`a budget of version ${String(version)}: expected a whole number of 1 or more`)
  }
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

/** The reasons of every limit that is exceeded; none where there was no budget. */
export function budgetFailures(result: BudgetResult | undefined): readonly string[] {
  if (result === undefined) return []
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

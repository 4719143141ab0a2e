import v1 from '../../budgets/v1.json' with { type: 'json' }
import { own } from '../input/index.js'
import type { Budget, Budgets } from './budget.js'

/**
 * The budgets of the built-in scenarios that come with the package: what counts where a project has none of its own. Not
 * validated here, which would load the schemas at every start, but by a test.
 */
export const defaultBudgets = v1 as Budgets

/** Version of the budgets that come with the package. */
export const budgetVersion: number = defaultBudgets.version

/** The budget that comes with the package for a built-in scenario; undefined for any other. */
export function defaultBudget(scenario: string): Budget | undefined {
  return budgetFor(defaultBudgets, scenario)
}

/** The budget that a scenario has among `budgets`, if it has one. */
export function budgetFor({ scenarios }: Pick<Budgets, 'scenarios'>, scenario: string): Budget | undefined {
  return own(scenarios, scenario)
}

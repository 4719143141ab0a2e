export {
  type Budget,
  type Budgets,
  budgetVersionLabel,
  type Derivation,
  type LimitName,
  limitNames,
  limits,
  type Raise,
  type Spread,
} from './budget.js'
export { budgetFor, budgetVersion, defaultBudget, defaultBudgets } from './default.js'
export {
  type BudgetCheck,
  type BudgetResult,
  budgetFailures,
  budgetLabel,
  checkBudget,
  evaluateBudget,
} from './evaluate.js'
export { budgetFileName, parseBudgets, printBudgets, versionOfFileName } from './parse.js'

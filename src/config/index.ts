export { budgetVersions, loadBudgets } from './budgets.js'
export { loadProject, type Project, scenarioNamed } from './project.js'

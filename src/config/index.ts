export { budgetVersions, loadBudgets } from './budgets.js'
export { type Config, defineConfig } from './config.js'
export { loadProject, type Project, scenarioNamed } from './project.js'

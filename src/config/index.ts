export { budgetVersions, loadBudgets } from './budgets.js'
export {
  keptCounterexamples,
  type LoadedCounterexample,
  loadCounterexample,
  loadToken,
} from './counterexamples.js'
export { loadProject, type Project, scenarioNamed } from './project.js'
export { type LoadedSubject, loadSubject, loadSubjects } from './subjects.js'

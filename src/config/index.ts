export {
  budgetSchema,
  budgetVersions,
  installedPackage,
  loadBudgets,
  packageBudgets,
  refuseNoBudgetFolder,
} from './budgets.js'
export {
  keptCounterexamples,
  type LoadedCounterexample,
  loadCounterexample,
  loadToken,
} from './counterexamples.js'
export { type Load, loads } from './import.js'
export { invariantsNamed, invariantsOf } from './invariants.js'
export { loadProject, type Project, scenarioNamed } from './project.js'
export { fileOfScenario } from './scenario-files.js'
export {
  type LoadedSubject,
  loadSubject,
  loadSubjects,
  subjectFiles,
  subjectSnapshotFolder,
  subjectSnapshots,
} from './subjects.js'
export { foldersUpward, upwardWith } from './upward.js'

export { type BudgetMove, type Change, compareWithSnapshot, type Drift } from './compare.js'
export { type DriftText, describeDrift } from './describe.js'
export {
  fileError,
  makeFolder,
  writeAtomically,
  writeBeside,
  writeChanged,
  writeDurably,
} from './files.js'
export { snapshotReportMarkdown } from './snapshot.js'
export { readSnapshot, snapshotFile } from './snapshot-file.js'

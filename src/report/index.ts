export { type Annotation, githubAnnotations, githubSummary, githubWarning, reportAnnotations } from './github.js'
export { reportJson, type Verdict } from './json.js'
export { reportJunit } from './junit.js'
export { DETERMINISM_TODO, grouped, oneLine, plural, shellWord } from './labels.js'
export { reportMarkdown } from './markdown.js'
export { type Divergence, type Report, reportOf, type ScenarioOutcome } from './report.js'
export {
  type Behaviour,
  behaviourSignature,
  shortSignature,
} from './signature.js'
export { table } from './table.js'
export { type Paint, reportTerminal, type TerminalOptions } from './terminal.js'

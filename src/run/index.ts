export { ScenarioAborted } from './aborted.js'
export { isLast, type Job, type JobEnd, type JobOptions, type Ran, runJob, runJobs } from './jobs.js'
export { type MatrixOptions, runMatrix } from './matrix.js'
export { DEFAULT_MAX_EVENTS, DEFAULT_SEED, type RunOptions, runScenario } from './scenario.js'

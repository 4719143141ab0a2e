import type { Budgets } from '../budget/index.js'
import { loadBudgets, loadSubjects, type Project } from '../config/index.js'
import { type Report, reportOf } from '../report/index.js'
import { matrixJobs, type Ran, runJobs } from '../run/index.js'
import { builtInSubject } from '../subject/index.js'
import type { Io } from './io.js'
import { runJobsOnThreads } from './job-threads.js'
import { type CommonOptions, maxEventsOption, paramOptions, seedOption, workersOption } from './options.js'
import { withProgress } from './progress.js'
import { select } from './selection.js'
import { withStore } from './store.js'

/** A report, and what it was measured with. */
export interface Measured {
  readonly report: Report
  readonly budgets: Budgets
}

/** Runs what the options select, twice each, and judges it by the budgets. */
export async function measure(
  io: Io,
  project: Project,
  names: readonly string[],
  options: CommonOptions & { readonly subject?: string },
): Promise<Measured> {
  const [loaded] = options.subject === undefined ? [] : await loadSubjects(project, io.cwd, [options.subject])
  const { scenarios, parameters } = select(project, names, paramOptions(options.param))
  const budgets = loadBudgets(project, io.cwd, options.budget)
  const seed = seedOption(options.seed, project.seed)
  const maxEvents = maxEventsOption(options.maxEvents, project.maxEvents)
  const quiet = options.quiet === true || options.json === true
  const workers = workersOption(io, options.workers)
  const jobs = matrixJobs(scenarios, { seed, parameters, budgets })
  const run = (work: (onRun: () => Promise<void>) => Promise<Ran>): Promise<Ran> =>
    withProgress(io, { title: 'running', total: 2 * jobs.length, unit: 'runs' }, work)
  // Two runs at once might meet in a store, or in whatever a subject of the user's keeps outside of itself.
  const alone = loaded !== undefined || options.store !== undefined
  const { outcomes, aborted } = alone
    ? await withStore(io, project, options.store, { quiet }, ({ put }) => {
        const subject = put(loaded?.subject ?? builtInSubject)
        return run((onRun) => runJobs(jobs, { maxEvents, onRun, subject }))
      })
    : await run((onRun) => {
        const threads = { directory: io.cwd, configFile: options.config, workers }
        return runJobsOnThreads(jobs, { maxEvents, onRun }, threads)
      })
  if (aborted !== undefined) throw aborted.error
  return { report: reportOf(seed, budgets.version, outcomes), budgets }
}

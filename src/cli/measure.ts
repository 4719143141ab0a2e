import { setImmediate } from 'node:timers/promises'
import type { Budgets } from '../budget/index.js'
import { loadBudgets, loadSubjects, type Project } from '../config/index.js'
import type { Report } from '../report/index.js'
import { DEFAULT_MAX_EVENTS, runMatrix } from '../run/index.js'
import { builtInSubject } from '../subject/index.js'
import { optionText } from './command-text.js'
import { type Io, onScenarioWatch, onWatch } from './io.js'
import { refuseLacking } from './lacking.js'
import { type CommonOptions, maxEventsOption, paramOptions, seedOption } from './options.js'
import { withProgress } from './progress.js'
import { select } from './selection.js'
import { withStore } from './store.js'
import { warmUp } from './warm-up.js'

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
  const maxEvents = maxEventsOption(options.maxEvents, project.maxEvents ?? DEFAULT_MAX_EVENTS)
  const quiet = options.quiet === true || options.json === true
  const report = await withStore(io, project, options.store, { quiet }, ({ put }) => {
    const subject = put(onWatch(io, loaded?.subject ?? builtInSubject))
    if (loaded !== undefined) refuseLacking(scenarios, subject)
    return withProgress(io, { title: 'running', total: 2 * scenarios.length, unit: 'runs' }, async (onRun) => {
      await warmUp(scenarios)
      onScenarioWatch(io, scenarios)
      return runMatrix(scenarios, { seed, parameters, budgets, maxEvents, onRun, subject })
    })
  })
  // A promise that was left to be rejected ends the command here, before anything is printed or written.
  await setImmediate()
  return { report: replayable(report, options), budgets }
}

/** Whoever runs an outcome again has to do it on the same subject, and under the same configuration. */
export function replayable(
  report: Report,
  { subject, config }: { readonly subject?: string; readonly config?: string },
): Report {
  const replayOptions = `${optionText('subject', subject)}${optionText('config', config)}`
  return replayOptions === ''
    ? report
    : { ...report, outcomes: report.outcomes.map((each) => (each.passed ? each : { ...each, replayOptions })) }
}

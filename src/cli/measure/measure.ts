import { Chalk } from 'chalk'
import type { Budgets } from '../../budget/index.js'
import { type LoadedSubject, loadBudgets, loadSubjects, type Project } from '../../config/index.js'
import { own } from '../../input/index.js'
import { type Report, reportTerminal, type ScenarioOutcome } from '../../report/index.js'
import { DEFAULT_MAX_EVENTS, runMatrix } from '../../run/index.js'
import { builtInSubject } from '../../subject/index.js'
import { commandText, replayOptions } from '../options/command-text.js'
import { type LeftOut, withoutLacking } from '../options/lacking.js'
import { type MeasureOptions, maxEventsOption, paramOptions, seedOption } from '../options/options.js'
import { select } from '../options/selection.js'
import { withStore } from '../options/store.js'
import { type Io, onScenarioWatch, onWatch } from '../terminal/io.js'
import { withProgress } from '../terminal/progress.js'
import { settled } from '../terminal/settled.js'
import { warmUp } from './warm-up.js'

/** A report, and what it was measured with. */
export interface Measured {
  readonly report: Report
  readonly budgets: Budgets
  /** The scenarios that it was not asked. */
  readonly leftOut: readonly LeftOut[]
}

/** The subject that the options name; undefined for the built-in one. */
export async function namedSubject(
  io: Io,
  project: Project,
  { subject }: MeasureOptions,
): Promise<LoadedSubject | undefined> {
  return subject === undefined ? undefined : (await loadSubjects(project, io.cwd, [subject]))[0]
}

interface OnWhat {
  /** Undefined for the built-in one. */
  readonly loaded: LoadedSubject | undefined
  /** What measures, for what is advised. */
  readonly command: 'run' | 'check' | 'update' | 'init'
}

/**
 * Runs what the options select, twice each, and judges it by the budgets. Scenarios that the subject does not have the commands
 * for are left out, unless they were named.
 */
export async function measure(
  io: Io,
  project: Project,
  names: readonly string[],
  options: MeasureOptions,
  { loaded, command }: OnWhat,
): Promise<Measured> {
  const { scenarios: selected, parameters } = select(project, names, paramOptions(options.param))
  const budgets = loadBudgets(project, io.cwd, options.budget)
  const seed = seedOption(options.seed, project.seed)
  const maxEvents = maxEventsOption(options.maxEvents, project.maxEvents ?? DEFAULT_MAX_EVENTS)
  const quiet = options.quiet === true || options.json === true
  // Where one scenario cannot be run there is no report; what others have failed in is told nevertheless.
  const onAborted = (before: Report): void => {
    const failed = replayable(
      { ...before, outcomes: before.outcomes.filter(({ passed }) => !passed) },
      project,
      options,
    )
    if (failed.outcomes.length === 0) return
    io.stderr.write(reportTerminal(failed, { chalk: new Chalk({ level: io.stderr.colorLevel }), quiet: true }))
  }
  const watched = onWatch(io, loaded?.subject ?? builtInSubject)
  const named = names.length > 0 ? (others: string) => commandText(`${command} ${others}`, options) : undefined
  const { scenarios, leftOut } = await withoutLacking(selected, watched, named)
  const report = await withStore(io, project, options.store, { quiet }, ({ put }) => {
    const subject = put(watched)
    return withProgress(io, { title: 'running', total: 2 * scenarios.length, unit: 'runs' }, async (onRun) => {
      await warmUp(scenarios)
      onScenarioWatch(io, scenarios)
      return runMatrix(scenarios, { seed, parameters, budgets, maxEvents, onRun, subject, onAborted })
    })
  })
  await settled()
  return { report: replayable(report, project, options), budgets, leftOut }
}

/** What did not hold is told with all that it takes to run it again. */
export function replayable(report: Report, project: Project, options: Parameters<typeof replayOptions>[1]): Report {
  return { ...report, outcomes: report.outcomes.map((outcome) => replayableOutcome(outcome, project, options)) }
}

export function replayableOutcome(
  outcome: ScenarioOutcome,
  { parameters }: Project,
  options: Parameters<typeof replayOptions>[1],
): ScenarioOutcome {
  const given = outcome.passed ? '' : replayOptions(outcome, options, own(parameters, outcome.scenario))
  return given === '' ? outcome : { ...outcome, replayOptions: given }
}

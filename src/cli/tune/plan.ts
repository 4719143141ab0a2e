import type { ChalkInstance } from 'chalk'
import type { Budgets } from '../../budget/index.js'
import type { Project } from '../../config/index.js'
import type { ScenarioOutcome } from '../../report/index.js'
import { replayCommand } from '../../report/labels.js'
import type { Job } from '../../run/index.js'
import type { Scenario } from '../../scenario/index.js'
import type { Subject } from '../../subject/index.js'
import { type Measured, measuredOf, type Seeds } from '../../tune/index.js'
import { replayOptions } from '../options/command-text.js'
import type { LeftOut } from '../options/lacking.js'
import type { TuneOptions } from '../options/options.js'
import type { Selection } from '../options/selection.js'
import type { ExitCode } from '../terminal/exit-code.js'
import type { Io } from '../terminal/io.js'
import { withProgress } from '../terminal/progress.js'
import { settled } from '../terminal/settled.js'
import { runJobsOnThreads, type Threads } from '../threads/job-threads.js'

/** The options resolved: all that sweeps need. */
export interface TunePlan {
  readonly io: Io
  readonly project: Project
  readonly selection: Selection
  /** The scenarios that the subject is not asked. */
  readonly leftOut: readonly LeftOut[]
  readonly budgets: Budgets
  readonly seeds: Seeds
  /** What is measured. */
  readonly subject: Subject
  readonly maxEvents: number
  /** As they were typed, for commands that run something again. */
  readonly names: readonly string[]
  readonly options: TuneOptions
  readonly threads: Threads
  readonly json: boolean
  readonly quiet: boolean
  readonly chalk: ChalkInstance
}

/** How the command ended: with its exit code, or at a seed at which a scenario did not hold. */
export type TuneEnd = { readonly kind: 'done'; readonly code: ExitCode } | Failed

/** One scenario at all seeds, with these parameters in place of what the project has. */
export interface SweepJob {
  readonly scenario: Scenario
  readonly changed: { readonly [name: string]: number }
}

/** A seed at which a scenario did not hold: figures of a fault are worth nothing. */
export interface Failed {
  readonly kind: 'failed'
  readonly outcome: ScenarioOutcome
}

/** What all the sweeps measured, in their order; or the first that did not hold. */
export type Swept = { readonly kind: 'measured'; readonly sweeps: readonly Measured[] } | Failed

/**
 * Runs every sweep at every seed, twice each as always, on all threads.
 * @throws ScenarioAborted when a run does not come to its end, and says on stderr at which seed
 */
export async function sweepAll(plan: TunePlan, sweeps: readonly SweepJob[]): Promise<Swept> {
  const { io, selection, seeds, subject, maxEvents, threads, options } = plan
  const perSweep = seeds.to - seeds.from + 1
  const jobs = sweeps.flatMap(({ scenario, changed }) => {
    const parameters = { ...selection.parameters[scenario.name], ...changed }
    return Array.from({ length: perSweep }, (_, index): Job => ({ scenario, parameters, seed: seeds.from + index }))
  })
  const { outcomes, aborted } = await withProgress(
    io,
    { title: 'tuning', total: 2 * jobs.length, unit: 'runs' },
    (onRun) => runJobsOnThreads(jobs, { subject, maxEvents, onRun, stopAtFailure: true }, threads),
  )
  if (aborted !== undefined) {
    const { scenario, seed, parameters } = aborted.job
    // All that was given is among its parameters: what the configuration says, too.
    const overrides = parameters ?? {}
    const again = replayOptions({ parameters: overrides, overrides }, options)
    const command = replayCommand({ scenario: scenario.name, seed, overrides, replayOptions: again })
    io.stderr.write(`stopped at seed ${seed}: ${command}\n`)
    throw aborted.error
  }
  await settled()
  const last = outcomes.at(-1)
  if (last?.passed === false) return { kind: 'failed', outcome: last }
  const measured = sweeps.map(({ scenario }, index) =>
    measuredOf(scenario.name, seeds, outcomes.slice(index * perSweep, (index + 1) * perSweep)),
  )
  return { kind: 'measured', sweeps: measured }
}

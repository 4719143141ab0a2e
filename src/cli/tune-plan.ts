import type { ChalkInstance } from 'chalk'
import type { Budgets } from '../budget/index.js'
import type { Project } from '../config/index.js'
import { replayCommand } from '../report/labels.js'
import type { Scenario } from '../scenario/index.js'
import { type Failed, type Measured, type Seeds, sweep } from '../tune/index.js'
import type { ExitCode } from './exit-code.js'
import type { Io } from './io.js'
import type { CommonOptions } from './options.js'
import { withProgress } from './progress.js'
import type { Selection } from './selection.js'

/** The options of `tune`, as they were typed. */
export interface TuneOptions extends CommonOptions {
  readonly seeds?: string
  readonly fromSeed?: string
  readonly headroom?: string
  readonly write?: boolean
  readonly reason?: string
  readonly vary?: string
}

/** The options resolved: all that sweeps need. */
export interface TunePlan {
  readonly io: Io
  readonly project: Project
  readonly selection: Selection
  readonly budgets: Budgets
  readonly seeds: Seeds
  readonly maxEvents: number
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

/** What all the jobs measured, in their order; or the first that did not hold. */
export type Swept = { readonly kind: 'measured'; readonly sweeps: readonly Measured[] } | Failed

/**
 * Sweeps one job after another.
 * @throws ScenarioAborted when a run does not come to its end, and says on stderr at which seed
 */
export async function sweepAll(plan: TunePlan, jobs: readonly SweepJob[]): Promise<Swept> {
  const { io, selection, seeds, maxEvents } = plan
  const total = jobs.length * 2 * (seeds.to - seeds.from + 1)
  return withProgress(io, { title: 'tuning', total, unit: 'runs' }, async (onRun): Promise<Swept> => {
    const sweeps: Measured[] = []
    for (const { scenario, changed } of jobs) {
      const parameters = { ...selection.parameters[scenario.name], ...changed }
      const result = await sweep(scenario, { seeds, parameters, maxEvents, onRun })
      switch (result.kind) {
        case 'measured':
          sweeps.push(result)
          break
        case 'failed':
          return result
        case 'aborted': {
          const command = replayCommand({ scenario: scenario.name, seed: result.seed, overrides: parameters })
          io.stderr.write(`stopped at seed ${result.seed}: ${command}\n`)
          throw result.error
        }
      }
    }
    return { kind: 'measured', sweeps }
  })
}

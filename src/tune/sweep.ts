import type { Metrics } from '../metrics/index.js'
import type { ScenarioOutcome } from '../report/index.js'
import { runScenario, ScenarioAborted } from '../run/index.js'
import type { Scenario } from '../scenario/index.js'

/** Seeds `from` to `to`, both included. */
export interface Seeds {
  readonly from: number
  readonly to: number
}

export interface SweepOptions {
  readonly seeds: Seeds
  readonly parameters?: { readonly [name: string]: number }
  readonly maxEvents?: number
  readonly onRun?: () => Promise<void>
}

/** What a scenario measured at every seed. */
export interface Measured {
  readonly kind: 'measured'
  readonly scenario: string
  /** In the order of the seeds. */
  readonly samples: readonly Metrics[]
  readonly seeds: Seeds
  /** The parameters that were not at their default. */
  readonly overrides: { readonly [name: string]: number }
}

/** The first seed at which a scenario did not hold: figures of a fault are worth nothing. */
export interface Failed {
  readonly kind: 'failed'
  readonly outcome: ScenarioOutcome
}

/** The first seed at which a scenario did not come to its end. */
export interface Aborted {
  readonly kind: 'aborted'
  readonly seed: number
  readonly error: ScenarioAborted
}

export type Sweep = Measured | Failed | Aborted

/** Runs one scenario at many seeds, twice each as always. */
export async function sweep(scenario: Scenario, { seeds, ...options }: SweepOptions): Promise<Sweep> {
  const samples: Metrics[] = []
  let overrides: Measured['overrides'] = {}
  for (let seed = seeds.from; seed <= seeds.to; seed++) {
    try {
      const outcome = await runScenario(scenario, { ...options, seed })
      if (!outcome.passed) return { kind: 'failed', outcome }
      samples.push(outcome.profile)
      overrides = outcome.overrides
    } catch (error) {
      if (error instanceof ScenarioAborted) return { kind: 'aborted', seed, error }
      throw error
    }
  }
  return { kind: 'measured', scenario: scenario.name, samples, seeds, overrides }
}

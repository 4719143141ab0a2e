import type { Metrics } from '../metrics/index.js'
import type { ScenarioOutcome } from '../report/index.js'
import { runScenario } from '../run/index.js'
import type { Scenario } from '../scenario/index.js'

export interface SweepOptions {
  /** Seeds `from` to `to`, both included. */
  readonly seeds: { readonly from: number; readonly to: number }
  readonly parameters?: { readonly [name: string]: number }
  readonly maxEvents?: number
  readonly onRun?: () => Promise<void>
}

/** What a scenario measured at every seed, or the first seed at which it did not hold: figures of a fault are worth nothing. */
export type Sweep =
  | { readonly kind: 'measured'; readonly samples: readonly Metrics[] }
  | { readonly kind: 'failed'; readonly outcome: ScenarioOutcome }

/** Runs one scenario at many seeds, twice each as always. */
export async function sweep(scenario: Scenario, { seeds, ...options }: SweepOptions): Promise<Sweep> {
  const samples: Metrics[] = []
  for (let seed = seeds.from; seed <= seeds.to; seed++) {
    const outcome = await runScenario(scenario, { ...options, seed })
    if (!outcome.passed) return { kind: 'failed', outcome }
    samples.push(outcome.profile)
  }
  return { kind: 'measured', samples }
}

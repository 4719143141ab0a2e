import type { Metrics } from '../metrics/index.js'
import type { ScenarioOutcome } from '../report/index.js'

/** Seeds `from` to `to`, both included. */
export interface Seeds {
  readonly from: number
  readonly to: number
}

/** What a scenario measured at every seed. */
export interface Measured {
  readonly scenario: string
  /** In the order of the seeds. */
  readonly samples: readonly Metrics[]
  readonly seeds: Seeds
  /** The parameters that were not at their default. */
  readonly overrides: { readonly [name: string]: number }
}

/** What a scenario came to at each of `seeds`, as what it measured. */
export function measuredOf(scenario: string, seeds: Seeds, outcomes: readonly ScenarioOutcome[]): Measured {
  const samples = outcomes.map(({ profile }) => profile)
  return { scenario, samples, seeds, overrides: outcomes[0]?.overrides ?? {} }
}

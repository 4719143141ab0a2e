import type { Spread } from '../budget/index.js'
import { type MetricName, metricNames, percentile } from '../metrics/index.js'
import type { Measured } from './sweep.js'

/** How one metric spreads over the seeds. */
export interface MetricSpread {
  readonly metric: MetricName
  readonly spread: Spread
  /** The first seed at which it is highest. */
  readonly maxAtSeed: number
}

/** Median, 95th percentile (nearest rank) and maximum. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: percentile(values, 50), p95: percentile(values, 95), max: percentile(values, 100) }
}

/** The spread of every metric. */
export function spreadsOf({ samples, seeds }: Measured): readonly MetricSpread[] {
  return metricNames.map((metric) => {
    const values = samples.map((sample) => sample[metric])
    const spread = spreadOf(values)
    return { metric, spread, maxAtSeed: seeds.from + values.indexOf(spread.max) }
  })
}

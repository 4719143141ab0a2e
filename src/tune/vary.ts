import type { Spread } from '../budget/index.js'
import { type MetricName, type Metrics, metricNames } from '../metrics/index.js'
import { spreadOf } from './spread.js'

/** How one metric answers to a parameter: a spread over the seeds for each of its values. */
export interface Response {
  readonly metric: MetricName
  readonly spreads: readonly Spread[]
  readonly trend: Trend
}

/** What the medians do as the parameter grows. */
export type Trend =
  | { readonly kind: 'rises' }
  | { readonly kind: 'falls' }
  /** The lowest and the highest median are hardly apart. */
  | { readonly kind: 'flat' }
  /** Falls, is lowest at these values of the parameter, then rises. */
  | { readonly kind: 'lowest'; readonly from: number; readonly to: number }
  /** None of these, as far as the seeds tell. */
  | { readonly kind: 'unclear' }

/** `steps` whole numbers from `from` to `to`, both included, as evenly spaced as whole numbers can be. */
export function valuesBetween(from: number, to: number, steps: number): readonly number[] {
  if (from === to) return [from]
  const values = Array.from({ length: steps }, (_, step) => from + Math.round(((to - from) * step) / (steps - 1)))
  return [...new Set(values)]
}

/**
 * How every metric that is ever nonzero answers.
 * @param samples for each of `values`, what was measured at each seed
 */
export function responses(values: readonly number[], samples: readonly (readonly Metrics[])[]): readonly Response[] {
  return metricNames
    .map((metric): Response => {
      const spreads = samples.map((measured) => spreadOf(measured.map((sample) => sample[metric])))
      const medians = spreads.map(({ median }) => median)
      return { metric, spreads, trend: trendOf(values, medians) }
    })
    .filter(({ spreads }) => spreads.some(({ max }) => max > 0))
}

/**
 * A tenth of the highest median. Ten seeds and other ten give medians that far apart where nothing else differs: 1 to 5% for
 * most metrics of the built-in scenarios, 12% for the p95 of waits. With less, chance would pass for an answer; with more,
 * a parameter that does cost something would pass for a harmless one.
 */
const NOISE_PERCENT = 10

function trendOf(values: readonly number[], medians: readonly number[]): Trend {
  const [lowest, highest] = [Math.min(...medians), Math.max(...medians)]
  const noise = (highest * NOISE_PERCENT) / 100
  if (highest - lowest <= noise) return { kind: 'flat' }
  if (climbs(medians, noise)) return { kind: 'rises' }
  if (climbs(medians.toReversed(), noise)) return { kind: 'falls' }
  const bottom = medians.indexOf(lowest)
  const valley = climbs(medians.slice(0, bottom + 1).reverse(), noise) && climbs(medians.slice(bottom), noise)
  if (!valley) return { kind: 'unclear' }
  const level = values.filter((_, index) => (medians[index] as number) <= lowest + noise)
  return { kind: 'lowest', from: level[0] as number, to: level.at(-1) as number }
}

/** Whether no value is below an earlier one by more than `noise`. */
function climbs(medians: readonly number[], noise: number): boolean {
  let highest = Number.NEGATIVE_INFINITY
  return medians.every((median) => {
    highest = Math.max(highest, median)
    return median >= highest - noise
  })
}

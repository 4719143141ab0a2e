import type { Spread } from '../budget/index.js'
import { type MetricName, type Metrics, metricNames } from '../metrics/index.js'
import { spreadOf } from './propose.js'

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
  | { readonly kind: 'flat' }
  /** Falls, then rises. */
  | { readonly kind: 'lowest'; readonly at: number }
  | { readonly kind: 'mixed' }

/** `steps` whole numbers from `from` to `to`, both included, as evenly spaced as whole numbers can be. */
export function valuesBetween(from: number, to: number, steps: number): readonly number[] {
  if (steps === 1) return [from]
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
      return {
        metric,
        spreads,
        trend: trendOf(
          values,
          spreads.map(({ median }) => median),
        ),
      }
    })
    .filter(({ spreads }) => spreads.some(({ max }) => max > 0))
}

function trendOf(values: readonly number[], medians: readonly number[]): Trend {
  const steps = medians.slice(1).map((median, index) => Math.sign(median - (medians[index] as number)))
  if (steps.every((step) => step === 0)) return { kind: 'flat' }
  if (steps.every((step) => step >= 0)) return { kind: 'rises' }
  if (steps.every((step) => step <= 0)) return { kind: 'falls' }
  const lowest = medians.indexOf(Math.min(...medians))
  const valley = steps.every((step, index) => (index < lowest ? step <= 0 : step >= 0))
  return valley ? { kind: 'lowest', at: values[lowest] as number } : { kind: 'mixed' }
}

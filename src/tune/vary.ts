import type { Spread } from '../budget/index.js'
import { type MetricName, type Metrics, metricNames, percentile } from '../metrics/index.js'
import { spreadOf } from './spread.js'

/** How one metric answers to a parameter: a spread over the seeds for each of its values. */
export interface Response {
  readonly metric: MetricName
  readonly spreads: readonly Spread[]
  readonly trend: Trend
}

/**
 * What the medians do as the parameter grows. They differ where the middle halves of the seeds lie apart, and by more than a tenth
 * of the highest.
 */
export type Trend =
  | { readonly kind: 'rises' }
  | { readonly kind: 'falls' }
  /** The lowest and the highest median are hardly apart. */
  | { readonly kind: 'flat' }
  /** Falls, is lowest at these values of the parameter, then rises. */
  | { readonly kind: 'lowest'; readonly from: number; readonly to: number }
  /** None of these, as far as the seeds tell. */
  | { readonly kind: 'unclear' }
  /** Of a single value, or of too few seeds, nothing is told. */
  | { readonly kind: 'untold' }

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
      const measured = samples.map((each) => each.map((sample) => sample[metric]))
      return { metric, spreads: measured.map(spreadOf), trend: trendOf(values, measured) }
    })
    .filter(({ spreads }) => spreads.some(({ max }) => max > 0))
}

/**
 * A tenth of the highest median. Ten seeds and other ten give medians that far apart where nothing else differs: 1 to 5% for
 * most metrics of the built-in scenarios, 12% for the p95 of waits. With less, chance would pass for an answer; with more,
 * a parameter that does cost something would pass for a harmless one.
 */
const NOISE_PERCENT = 10

/** By chance alone the middle halves of five seeds and of other five lie apart one time in five, of six in twelve, of ten in forty. */
const LEAST_SEEDS = 6

/** Where the middle half of the seeds lies. */
interface Middle {
  readonly low: number
  readonly median: number
  readonly high: number
}

const middleOf = (values: readonly number[]): Middle => ({
  low: percentile(values, 25),
  median: percentile(values, 50),
  high: percentile(values, 75),
})

function trendOf(values: readonly number[], measured: readonly (readonly number[])[]): Trend {
  if (values.length < 2 || measured.some((each) => each.length < LEAST_SEEDS)) return { kind: 'untold' }
  const middles = measured.map(middleOf)
  const sorted = [...middles].sort((a, b) => a.median - b.median)
  const [lowest, highest] = [sorted[0] as Middle, sorted.at(-1) as Middle]
  const isMore = (gap: number): boolean => gap * 100 > highest.median * NOISE_PERCENT
  /** Seeds alone do not make such a difference. */
  const isBelow = (one: Middle, other: Middle): boolean => isMore(other.median - one.median) && one.high < other.low
  /** Whether no median is below an earlier one by more than chance. */
  const climb = (some: readonly Middle[]): boolean =>
    some.every(({ median }, at) => some.slice(0, at).every((earlier) => !isMore(earlier.median - median)))

  if (!isMore(highest.median - lowest.median)) return { kind: 'flat' }
  if (!isBelow(lowest, highest)) return { kind: 'unclear' }
  if (climb(middles)) return { kind: 'rises' }
  if (climb(middles.toReversed())) return { kind: 'falls' }
  const bottom = middles.indexOf(lowest)
  const [left, right] = [middles.slice(0, bottom + 1).reverse(), middles.slice(bottom)]
  const isValley = [left, right].every((side) => climb(side) && side.some((each) => isBelow(lowest, each)))
  if (!isValley) return { kind: 'unclear' }
  const level = values.filter((_, index) => !isBelow(lowest, middles[index] as Middle))
  return { kind: 'lowest', from: level[0] as number, to: level.at(-1) as number }
}

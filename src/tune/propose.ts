import { type Budget, type LimitName, limitNames, limits, type Spread } from '../budget/index.js'
import { type MetricName, type Metrics, percentile } from '../metrics/index.js'

/** How a limit stands to what was measured. */
export type Standing =
  /** The highest measurement is above the limit. */
  | 'broken'
  /** Less than a tenth of the limit is left. */
  | 'near'
  /** The limit is more than twice what is proposed: it would let a doubling pass unseen. */
  | 'slack'
  | 'fits'
  /** There is no limit yet. */
  | 'new'

/** One limit, what its metrics measured over all seeds, and what it had better be. */
export interface LimitProposal {
  readonly limit: LimitName
  /** By metric: a limit on queues is for two. */
  readonly spreads: readonly { readonly metric: MetricName; readonly spread: Spread }[]
  /** Of the metric with the highest measurement. */
  readonly spread: Spread
  readonly current: number | undefined
  readonly proposed: number
  readonly standing: Standing
}

/** Median, 95th percentile (nearest rank) and maximum. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: percentile(values, 50), p95: percentile(values, 95), max: percentile(values, 100) }
}

/**
 * Proposes every limit of a scenario: the highest measurement plus headroom, rounded up.
 *
 * The highest and not the 95th percentile, because a limit that one seed in twenty breaks says nothing about the change under
 * test when it breaks. The headroom is for changes that are none of its business: a parameter retuned, a draw more.
 */
export function proposeLimits(
  samples: readonly Metrics[],
  current: Budget | undefined,
  headroomPercent: number,
): readonly LimitProposal[] {
  return limitNames.map((limit) => {
    const spreads = limits[limit].map((metric) => ({
      metric,
      spread: spreadOf(samples.map((sample) => sample[metric])),
    }))
    const spread = spreads.map((each) => each.spread).reduce((a, b) => (b.max > a.max ? b : a))
    const proposed = Math.ceil((spread.max * (100 + headroomPercent)) / 100)
    return {
      limit,
      spreads,
      spread,
      current: current?.[limit],
      proposed,
      standing: standingOf(current?.[limit], spread.max, proposed),
    }
  })
}

export function budgetOf(proposals: readonly LimitProposal[]): Budget {
  return Object.fromEntries(proposals.map(({ limit, proposed }) => [limit, proposed])) as Record<LimitName, number>
}

function standingOf(limit: number | undefined, max: number, proposed: number): Standing {
  if (limit === undefined) return 'new'
  if (max > limit) return 'broken'
  if (limit > 2 * proposed) return 'slack'
  return limit > 0 && (limit - max) * 10 < limit ? 'near' : 'fits'
}

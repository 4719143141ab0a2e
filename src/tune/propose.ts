import { type Budget, type LimitName, limitNames, limits } from '../budget/index.js'
import { type MetricSpread, spreadsOf } from './spread.js'
import type { Measured } from './sweep.js'

/** How a limit stands to what was measured. */
export type LimitStanding =
  /** The highest measurement is above the limit. */
  | 'broken'
  /** Less than a tenth of the limit is left. */
  | 'near'
  /** The limit is more than twice what is proposed: it would let a doubling pass unseen. */
  | 'slack'
  | 'fits'
  /** There is no limit yet. */
  | 'new'

/** One limit, how it stands to what was measured, and what it had better be. */
export interface LimitProposal extends MetricSpread {
  /** Of its metrics (a limit on queues is for two), `metric` is the one that measured highest. */
  readonly limit: LimitName
  /** Undefined when there is no limit yet. */
  readonly current: number | undefined
  readonly proposed: number
  readonly standing: LimitStanding
}

/** What the seeds said of one scenario. */
export interface TunedScenario {
  readonly scenario: string
  /** The parameters that were not at their default. */
  readonly overrides: { readonly [name: string]: number }
  /** Of every metric, in their order. */
  readonly spreads: readonly MetricSpread[]
  /** For every limit, in their order. */
  readonly proposals: readonly LimitProposal[]
}

/**
 * Proposes every limit of a scenario: the highest measurement plus headroom, rounded up. What never happens gets 0.
 *
 * The highest and not the 95th percentile. A gate runs one seed, and its limit has to hold for whichever seed that is: with a
 * limit at the 95th percentile, every twentieth choice of a seed, and every change that shuffles the draws and nothing else,
 * would break a budget that nobody has touched. The headroom is for what the seeds tried have not shown; it is small against
 * what budgets are there to catch, which is a multiple.
 */
export function proposeLimits(measured: Measured, current: Budget | undefined, headroomPercent: number): TunedScenario {
  const spreads = spreadsOf(measured)
  const proposals = limitNames.map((limit): LimitProposal => {
    const own = spreads.filter(({ metric }) => limits[limit].includes(metric))
    const highest = own.reduce((a, b) => (b.spread.max > a.spread.max ? b : a))
    const proposed = Math.ceil((highest.spread.max * (100 + headroomPercent)) / 100)
    const standing = standingOf(current?.[limit], highest.spread.max, proposed)
    return { limit, ...highest, current: current?.[limit], proposed, standing }
  })
  return { scenario: measured.scenario, overrides: measured.overrides, spreads, proposals }
}

export function budgetOf({ proposals }: Pick<TunedScenario, 'proposals'>): Budget {
  return Object.fromEntries(proposals.map(({ limit, proposed }) => [limit, proposed])) as Record<LimitName, number>
}

function standingOf(limit: number | undefined, max: number, proposed: number): LimitStanding {
  if (limit === undefined) return 'new'
  if (max > limit) return 'broken'
  if (limit > 2 * proposed) return 'slack'
  return limit > 0 && (limit - max) * 10 < limit ? 'near' : 'fits'
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Budget, type Budgets, limitNames } from '../../src/budget/index.js'
import { type Metrics, metricNames } from '../../src/metrics/index.js'
import { nextVersion, proposeLimits, responses, valuesBetween } from '../../src/tune/index.js'

const metrics = (values: Partial<Metrics> = {}): Metrics => ({
  ...(Object.fromEntries(metricNames.map((name) => [name, 0])) as unknown as Metrics),
  ...values,
})
const sample = fc
  .tuple(...metricNames.map(() => fc.nat({ max: 10_000 })))
  .map((values) => Object.fromEntries(metricNames.map((name, index) => [name, values[index]])) as unknown as Metrics)
const budget = fc
  .tuple(...limitNames.map(() => fc.nat({ max: 12_000 })))
  .map((values) => Object.fromEntries(limitNames.map((name, index) => [name, values[index]])) as unknown as Budget)
const evidence = { seeds: { from: 1, to: 3 }, headroomPercent: 25 }

describe('a proposal', () => {
  it('is the highest measurement plus headroom, and says how the limit there is stands to it', () => {
    const samples = [100, 120, 80].map((leaseWindowP95Ms) => metrics({ leaseWindowP95Ms }))
    const standing = (maxLeaseWindowP95Ms: number) => {
      const current = {
        maxLeaseWindowP95Ms,
        maxCheckpointWindowEvents: 0,
        maxReplayWindowMs: 0,
        maxQueueDepth: 0,
        maxRetryAttempts: 0,
      }
      return proposeLimits(samples, current, 25)[0]?.standing
    }
    expect(proposeLimits(samples, undefined, 25)[0]).toMatchObject({
      limit: 'maxLeaseWindowP95Ms',
      spread: { median: 100, p95: 120, max: 120 },
      proposed: 150,
      standing: 'new',
    })
    expect([119, 120, 133, 134, 300, 301].map(standing)).toEqual(['broken', 'near', 'near', 'fits', 'fits', 'slack'])
  })

  it('is never below what was measured, and 0 for what never happens', () => {
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 20 }), fc.nat({ max: 100 }), (samples, headroom) => {
        for (const { spread, spreads, proposed } of proposeLimits(samples, undefined, headroom)) {
          for (const each of spreads) expect(proposed).toBeGreaterThanOrEqual(each.spread.max)
          expect(spread.p95).toBeLessThanOrEqual(spread.max)
          expect(spread.median).toBeLessThanOrEqual(spread.p95)
          if (spread.max === 0) expect(proposed).toBe(0)
        }
      }),
    )
  })
})

describe('the next version', () => {
  it('lowers freely, and raises only for a reason, which it keeps', () => {
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 5 }), budget, budget, (samples, current, other) => {
        const before: Budgets = { version: 4, scenarios: { tuned: current, untouched: other } }
        const tuned = [{ scenario: 'tuned', proposals: proposeLimits(samples, current, 25) }]
        const higher = tuned[0]?.proposals.filter(({ limit, proposed }) => proposed > current[limit]) ?? []
        const silent = nextVersion(before, 5, tuned, evidence, undefined)
        expect(silent.kind === 'reason-needed').toBe(higher.length > 0)
        const next = nextVersion(before, 5, tuned, evidence, 'more nodes')
        if (next.kind !== 'next') return
        expect(next.budgets.version).toBe(5)
        expect(next.budgets.scenarios['untouched']).toEqual(other)
        expect((next.budgets.raised ?? []).map(({ limit }) => limit)).toEqual(higher.map(({ limit }) => limit))
        for (const { from, to, reason } of next.budgets.raised ?? []) {
          expect(to).toBeGreaterThan(from)
          expect(reason).toBe('more nodes')
        }
      }),
    )
  })

  it('is not made when nothing would change', () => {
    const proposals = proposeLimits([metrics({ retryAttempts: 8 })], undefined, 25)
    const first = nextVersion(undefined, 1, [{ scenario: 's', proposals }], evidence, undefined)
    if (first.kind !== 'next') throw new Error('expected a first version')
    expect(first.budgets.derivedFrom?.evidence['s']?.maxRetryAttempts).toEqual({ median: 8, p95: 8, max: 8 })
    expect(nextVersion(first.budgets, 2, [{ scenario: 's', proposals }], evidence, undefined).kind).toBe('unchanged')
  })
})

describe('varying a parameter', () => {
  it('takes whole numbers as evenly as they come, both ends included', () => {
    expect(valuesBetween(200, 2_000, 5)).toEqual([200, 650, 1_100, 1_550, 2_000])
    expect(valuesBetween(1, 3, 10)).toEqual([1, 2, 3])
    expect(valuesBetween(7, 7, 5)).toEqual([7])
    expect(valuesBetween(3, 9, 1)).toEqual([3])
  })

  it('says whether a metric rises, falls, stays, or is lowest in between, and leaves out what never happens', () => {
    const answers = (retries: readonly number[]) =>
      responses(
        [10, 20, 30],
        retries.map((retryAttempts) => [metrics({ retryAttempts })]),
      ).map(({ metric, trend }) => [metric, trend])
    expect(answers([1, 2, 2])).toEqual([['retryAttempts', { kind: 'rises' }]])
    expect(answers([3, 2, 1])).toEqual([['retryAttempts', { kind: 'falls' }]])
    expect(answers([2, 2, 2])).toEqual([['retryAttempts', { kind: 'flat' }]])
    expect(answers([3, 1, 2])).toEqual([['retryAttempts', { kind: 'lowest', at: 20 }]])
    expect(answers([1, 3, 2])).toEqual([['retryAttempts', { kind: 'mixed' }]])
    expect(answers([0, 0, 0])).toEqual([])
  })
})

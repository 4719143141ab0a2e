import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Budget, type Budgets, limitNames, limits, parseBudgets, printBudgets } from '../../src/budget/index.js'
import { type Metrics, metricNames } from '../../src/metrics/index.js'
import { type Measured, nextVersion, proposeLimits, responses, valuesBetween } from '../../src/tune/index.js'

const metrics = (values: Partial<Metrics> = {}): Metrics => ({
  ...(Object.fromEntries(metricNames.map((name) => [name, 0])) as unknown as Metrics),
  ...values,
})
const measured = (samples: readonly Metrics[], scenario = 'tuned', overrides = {}): Measured => ({
  scenario,
  samples,
  seeds: { from: 1, to: samples.length },
  overrides,
})
const zero: Budget = {
  maxLeaseWindowP95Ms: 0,
  maxCheckpointWindowEvents: 0,
  maxReplayWindowMs: 0,
  maxQueueDepth: 0,
  maxRetryAttempts: 0,
}
const how = { seeds: { from: 1, to: 3 }, headroomPercent: 25 }

const sample = fc
  .tuple(...metricNames.map(() => fc.nat({ max: 10_000 })))
  .map((values) => Object.fromEntries(metricNames.map((name, index) => [name, values[index]])) as unknown as Metrics)
const samples = fc.array(sample, { minLength: 1, maxLength: 20 })
const headroom = fc.nat({ max: 200 })
const budget = fc
  .tuple(...limitNames.map(() => fc.nat({ max: 12_000 })))
  .map((values) => Object.fromEntries(limitNames.map((name, index) => [name, values[index]])) as unknown as Budget)

describe('a proposal', () => {
  it('is the highest measurement plus headroom, and says how the limit there is stands to it', () => {
    const waits = measured([100, 120, 80].map((leaseWindowP95Ms) => metrics({ leaseWindowP95Ms })))
    expect(proposeLimits(waits, undefined, 25).proposals[0]).toEqual({
      limit: 'maxLeaseWindowP95Ms',
      metric: 'leaseWindowP95Ms',
      spread: { median: 100, p95: 120, max: 120 },
      maxAtSeed: 2,
      current: undefined,
      proposed: 150,
      standing: 'new',
    })
    const standing = (limit: number) =>
      proposeLimits(waits, { ...zero, maxLeaseWindowP95Ms: limit }, 25).proposals[0]?.standing
    expect([119, 120, 133, 134, 300, 301].map(standing)).toEqual(['broken', 'near', 'near', 'fits', 'fits', 'slack'])
  })

  it('calls a limit near when less than a tenth of it is left, and not when a tenth is', () => {
    const standing = (max: number) =>
      proposeLimits(measured([metrics({ retryAttempts: max })]), { ...zero, maxRetryAttempts: 100 }, 25).proposals.find(
        ({ limit }) => limit === 'maxRetryAttempts',
      )?.standing
    expect([90, 91].map(standing)).toEqual(['fits', 'near'])
  })

  it('names the first seed at which a metric was highest', () => {
    const waits = measured([100, 120, 120, 80].map((leaseWindowP95Ms) => metrics({ leaseWindowP95Ms })))
    expect(proposeLimits(waits, undefined, 25).proposals[0]?.maxAtSeed).toBe(2)
  })

  it('calls any limit slack that is on something that never happens, except 0', () => {
    const nothing = measured([metrics()])
    const standing = (limit: number) =>
      proposeLimits(nothing, { ...zero, maxReplayWindowMs: limit }, 25).proposals[2]?.standing
    expect([0, 1, 500].map(standing)).toEqual(['fits', 'slack', 'slack'])
  })

  it('takes the deeper of the two queues for the limit on both', () => {
    const queues = measured([metrics({ leaseQueuePeak: 4, takeoverQueuePeak: 9 }), metrics({ leaseQueuePeak: 8 })])
    expect(proposeLimits(queues, undefined, 0).proposals.find(({ limit }) => limit === 'maxQueueDepth')).toMatchObject({
      metric: 'takeoverQueuePeak',
      maxAtSeed: 1,
      proposed: 9,
    })
    const alike = measured([metrics({ leaseQueuePeak: 4, takeoverQueuePeak: 4 })])
    expect(proposeLimits(alike, undefined, 0).proposals[3]).toMatchObject({ metric: 'leaseQueuePeak', proposed: 4 })
  })

  it('is never below what was measured, and 0 for what never happens', () => {
    fc.assert(
      fc.property(samples, headroom, (all, percent) => {
        for (const { limit, spread, proposed } of proposeLimits(measured(all), undefined, percent).proposals) {
          const highest = Math.max(...all.flatMap((each) => limits[limit].map((metric) => each[metric])))
          expect(spread.max).toBe(highest)
          expect(proposed).toBeGreaterThanOrEqual((highest * (100 + percent)) / 100)
          expect(proposed).toBeLessThan((highest * (100 + percent)) / 100 + 1)
          expect(spread.p95).toBeLessThanOrEqual(spread.max)
          expect(spread.median).toBeLessThanOrEqual(spread.p95)
        }
      }),
    )
  })

  it('holds at every seed it was made of: as the limit, it is neither broken nor slack', () => {
    fc.assert(
      fc.property(samples, headroom, (all, percent) => {
        const proposed = proposeLimits(measured(all), undefined, percent).proposals
        const limit = Object.fromEntries(proposed.map((each) => [each.limit, each.proposed])) as unknown as Budget
        for (const { standing } of proposeLimits(measured(all), limit, percent).proposals) {
          expect(['fits', 'near']).toContain(standing)
        }
      }),
    )
  })
})

describe('the next version', () => {
  const fourth = (tuned: Budget, untouched: Budget): Budgets => ({ version: 4, scenarios: { tuned, untouched } })

  it('lowers freely, and raises only for a reason, which it keeps', () => {
    fc.assert(
      fc.property(samples, budget, budget, (all, current, other) => {
        const tuned = proposeLimits(measured(all), current, 25)
        const higher = tuned.proposals.filter(({ limit, proposed }) => proposed > current[limit])
        const silent = nextVersion(fourth(current, other), [tuned], how, undefined)
        expect(silent.kind === 'reason-needed').toBe(higher.length > 0)
        if (silent.kind === 'next') expect(silent.budgets.raised).toBeUndefined()

        const next = nextVersion(fourth(current, other), [tuned], how, 'more nodes')
        if (next.kind !== 'next') return
        expect(next.budgets.version).toBe(5)
        expect(next.budgets.scenarios['untouched']).toEqual(other)
        expect((next.budgets.raised ?? []).map(({ limit }) => limit)).toEqual(higher.map(({ limit }) => limit))
        for (const { limit, from, to, reason } of next.budgets.raised ?? []) {
          expect({ from, reason }).toEqual({ from: current[limit], reason: 'more nodes' })
          expect(to).toBeGreaterThan(from)
        }
      }),
    )
  })

  it('reads back from its file as it was made', () => {
    fc.assert(
      fc.property(samples, budget, budget, headroom, (all, current, other, headroomPercent) => {
        const tuned = proposeLimits(measured(all, 'tuned', { ttlMs: 7 }), current, headroomPercent)
        const next = nextVersion(fourth(current, other), [tuned], { ...how, headroomPercent }, 'more nodes')
        if (next.kind !== 'next') return
        const text = printBudgets(next.budgets, 'schema.json')
        expect(parseBudgets(text, 'budgets/v5.json', ['tuned', 'untouched'])).toMatchObject(next.budgets)
      }),
    )
  })

  it('keeps the evidence of what was not tuned, and says what parameters were not at their default', () => {
    const one = proposeLimits(measured([metrics({ retryAttempts: 8 })], 'one'), undefined, 25)
    const other = proposeLimits(measured([metrics({ retryAttempts: 4 })], 'other', { ttlMs: 7 }), undefined, 10)
    const first = nextVersion({ version: 0, scenarios: {} }, [one], how, undefined)
    if (first.kind !== 'next') throw new Error('expected a first version')
    const second = nextVersion(first.budgets, [other], { seeds: { from: 9, to: 9 }, headroomPercent: 10 }, undefined)
    if (second.kind !== 'next') throw new Error('expected a second version')
    expect(second.budgets.derivedFrom).toMatchObject({
      one: { ...how, evidence: { maxRetryAttempts: { median: 8, p95: 8, max: 8 } } },
      other: { seeds: { from: 9, to: 9 }, parameters: { ttlMs: 7 }, headroomPercent: 10 },
    })
    expect(second.budgets.derivedFrom?.['one']).not.toHaveProperty('parameters')
  })

  it('is not made when nothing would change, unless it is the first', () => {
    const tuned = proposeLimits(measured([metrics({ retryAttempts: 8 })]), undefined, 25)
    const first = nextVersion({ version: 0, scenarios: { tuned: { ...zero, maxRetryAttempts: 10 } } }, [tuned], how, '')
    if (first.kind !== 'next') throw new Error('expected a first version')
    expect(nextVersion(first.budgets, [tuned], how, undefined).kind).toBe('unchanged')
  })
})

describe('varying a parameter', () => {
  it('takes whole numbers as evenly as they come, both ends included', () => {
    expect(valuesBetween(200, 2_000, 5)).toEqual([200, 650, 1_100, 1_550, 2_000])
    expect(valuesBetween(1, 3, 10)).toEqual([1, 2, 3])
    expect(valuesBetween(7, 7, 5)).toEqual([7])
    fc.assert(
      fc.property(fc.integer(), fc.nat(), fc.integer({ min: 2, max: 100 }), (from, length, steps) => {
        const values = valuesBetween(from, from + length, steps)
        expect([values[0], values.at(-1)]).toEqual([from, from + length])
        const gaps = values.slice(1).map((value, index) => value - (values[index] as number))
        for (const gap of gaps) expect(gap).toBeGreaterThan(0)
        if (gaps.length > 0) expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('says whether a metric rises, falls, stays, or is lowest in between, and leaves out what never happens', () => {
    const answers = (...retries: readonly number[]) =>
      responses(
        retries.map((_, index) => 10 * (index + 1)),
        retries.map((retryAttempts) => Array.from({ length: 6 }, () => metrics({ retryAttempts }))),
      ).map(({ metric, trend }) => [metric, trend])
    const retryAttempts = (trend: object) => [['retryAttempts', trend]]
    expect(answers(10, 20, 20)).toEqual(retryAttempts({ kind: 'rises' }))
    expect(answers(30, 20, 10)).toEqual(retryAttempts({ kind: 'falls' }))
    expect(answers(20, 20, 20)).toEqual(retryAttempts({ kind: 'flat' }))
    expect(answers(30, 10, 20)).toEqual(retryAttempts({ kind: 'lowest', from: 20, to: 20 }))
    expect(answers(90, 10, 12, 50, 80)).toEqual(retryAttempts({ kind: 'lowest', from: 20, to: 30 }))
    expect(answers(100, 10, 20, 21, 100)).toEqual(retryAttempts({ kind: 'lowest', from: 20, to: 30 }))
    expect(answers(10, 30, 20)).toEqual(retryAttempts({ kind: 'unclear' }))
    expect(answers(0, 0, 0)).toEqual([])
  })

  it('takes a tenth and less for chance', () => {
    const trend = (...retries: readonly number[]) =>
      responses(
        retries,
        retries.map((retryAttempts) => Array.from({ length: 6 }, () => metrics({ retryAttempts }))),
      )[0]?.trend.kind
    expect(trend(100, 110, 101)).toBe('flat')
    expect(trend(10, 60, 100, 95, 99)).toBe('rises')
    expect(trend(100, 95, 99, 40, 42)).toBe('falls')
    expect(trend(100, 70, 85)).toBe('lowest')
    expect([trend(90, 100), trend(89, 100)]).toEqual(['flat', 'rises'])
    expect([trend(10, 100, 90), trend(10, 100, 89)]).toEqual(['rises', 'unclear'])
    expect(trend(100, 50, 80, 10, 100)).toBe('unclear')
  })

  it('takes for chance what the seeds of one value differ by', () => {
    const trend = (...samples: readonly (readonly number[])[]) =>
      responses(
        samples.map((_, index) => index),
        samples.map((each) => each.map((retryAttempts) => metrics({ retryAttempts }))),
      )[0]?.trend
    const [low, same, high] = [
      [80, 90, 100, 105, 110, 120],
      [85, 95, 115, 120, 125, 135],
      [130, 140, 150, 155, 160, 170],
    ]
    expect(trend(low, same)).toEqual({ kind: 'unclear' })
    expect(trend(low, same, high)).toEqual({ kind: 'rises' })
    expect(trend(high, same, low)).toEqual({ kind: 'falls' })
    expect(trend(high, low, same, high)).toEqual({ kind: 'lowest', from: 1, to: 2 })
  })

  it('tells no trend of one value, nor of fewer than six seeds', () => {
    const trend = (values: number, seeds: number) =>
      responses(
        Array.from({ length: values }, (_, index) => index),
        Array.from({ length: values }, (_, index) =>
          Array.from({ length: seeds }, () => metrics({ retryAttempts: 100 * (index + 1) })),
        ),
      )[0]?.trend.kind
    expect([trend(1, 10), trend(3, 5), trend(3, 6)]).toEqual(['untold', 'untold', 'rises'])
  })
})

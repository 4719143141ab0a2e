import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomStream } from '../../src/kernel/index.js'

const draws = (seed: number, name: string, count = 20): number[] => {
  const random = randomStream(seed, name)
  return Array.from({ length: count }, () => random.int(0, 999_999))
}

describe('a random stream', () => {
  it('is the same for the same seed and name, and another for any other', () => {
    expect(draws(1, 'node-00')).toEqual(draws(1, 'node-00'))
    expect(draws(1, 'node-00')).not.toEqual(draws(2, 'node-00'))
    expect(draws(1, 'node-00')).not.toEqual(draws(1, 'node-01'))
  })

  it('does not change by what another stream draws', () => {
    const one = randomStream(7, 'one')
    const other = randomStream(7, 'other')
    const mixed = Array.from({ length: 20 }, () => {
      other.int(0, 9)
      return one.int(0, 999_999)
    })
    expect(mixed).toEqual(draws(7, 'one'))
  })

  it('draws whole numbers within its range, both ends included', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: -1_000, max: 1_000 }), fc.nat({ max: 5 }), (seed, min, span) => {
        const random = randomStream(seed, 'range')
        const seen = new Set(Array.from({ length: 200 }, () => random.int(min, min + span)))
        for (const value of seen) {
          expect(Number.isInteger(value)).toBe(true)
          expect(value).toBeGreaterThanOrEqual(min)
          expect(value).toBeLessThanOrEqual(min + span)
        }
        expect(seen.size).toBe(span + 1)
      }),
    )
  })

  it('hits a chance as often as it says, and 0 and 1000 always', () => {
    const random = randomStream(3, 'chance')
    const hits = (perMille: number) =>
      Array.from({ length: 4_000 }, () => random.chance(perMille)).filter(Boolean).length
    expect(hits(0)).toBe(0)
    expect(hits(1_000)).toBe(4_000)
    expect(hits(250)).toBeGreaterThan(850)
    expect(hits(250)).toBeLessThan(1_150)
  })

  it('gives neighbouring seeds first draws that have nothing to do with each other', () => {
    const firsts = Array.from({ length: 2_000 }, (_, seed) => randomStream(seed, 'node-00').int(0, 999))
    const mean = firsts.reduce((sum, value) => sum + value, 0) / firsts.length
    const product = firsts.slice(1).map((value, index) => (value - mean) * ((firsts[index] as number) - mean))
    const variance = firsts.map((value) => (value - mean) ** 2)
    const correlation = product.reduce((a, b) => a + b, 0) / variance.reduce((a, b) => a + b, 0)
    expect(Math.abs(correlation)).toBeLessThan(0.08)
    expect(new Set(firsts).size).toBeGreaterThan(800)
  })

  it('picks each of the items, and refuses to pick from none', () => {
    const random = randomStream(5, 'pick')
    expect(new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b', 'c'])))).toEqual(new Set(['a', 'b', 'c']))
    expect(() => random.pick([])).toThrow(RangeError)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomStream } from '../../src/kernel/index.js'

const draws = (seed: number, name: string, count = 20): number[] => {
  const random = randomStream(seed, name)
  return Array.from({ length: count }, () => random.int(0, 999_999))
}

/** Of each value with the one before it. */
function correlationOfNeighbours(values: readonly number[]): number {
  const sum = (terms: readonly number[]) => terms.reduce((one, other) => one + other, 0)
  const mean = sum(values) / values.length
  const offsets = values.map((value) => value - mean)
  const products = offsets.slice(1).map((offset, index) => offset * (offsets[index] as number))
  return sum(products) / sum(offsets.map((offset) => offset * offset))
}

describe('a random stream', () => {
  it('is the same for the same seed and name, and another for any other', () => {
    expect(draws(1, 'node-00')).toEqual(draws(1, 'node-00'))
    expect(draws(1, 'node-00')).not.toEqual(draws(2, 'node-00'))
    expect(draws(1, 'node-00')).not.toEqual(draws(1, 'node-01'))
  })

  it('draws the same on every host: these are its first numbers, and a change of them changes every signature', () => {
    expect(draws(1, 'node-00', 6)).toEqual([347_006, 658_497, 504_002, 683_832, 815_891, 948_902])
    expect(draws(0xffff_ffff, 'link node-00', 3)).toEqual([767_966, 729_568, 459_144])
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

  it('spans up to 2^32 values, below 0 as well as above', () => {
    const random = randomStream(1, 'wide')
    const drawn = Array.from({ length: 2_000 }, () => random.int(-(2 ** 31), 2 ** 31 - 1))
    expect(drawn.every((value) => value === (value | 0))).toBe(true)
    expect(Math.min(...drawn)).toBeLessThan(-(2 ** 31) * 0.99)
    expect(Math.max(...drawn)).toBeGreaterThan(2 ** 31 * 0.99)
  })

  it('draws once for a chance, whatever the chance: rates do not shift what comes after', () => {
    const after = (perMille: number) => {
      const random = randomStream(9, 'rates')
      for (let draw = 0; draw < 50; draw++) random.chance(perMille)
      return random.int(0, 999_999)
    }
    expect(new Set([0, 1, 500, 999, 1_000].map(after)).size).toBe(1)
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
    // Three and a half standard deviations of what chance alone gives 2,000 pairs.
    expect(Math.abs(correlationOfNeighbours(firsts))).toBeLessThan(0.08)
    expect(new Set(firsts).size).toBeGreaterThan(800)
  })

  it('gives neighbouring nodes of one seed streams that have nothing to do with each other', () => {
    const firsts = Array.from({ length: 2_000 }, (_, node) => randomStream(1, `node-${node}`).int(0, 999))
    expect(Math.abs(correlationOfNeighbours(firsts))).toBeLessThan(0.08)
  })

  it('refuses to draw from what it could not draw evenly from, in words', () => {
    const random = randomStream(1, 'refused')
    expect(() => random.int(2, 1)).toThrow(
      new RangeError('cannot draw from 2 to 1: expected a range that is not empty'),
    )
    expect(() => random.int(0.5, 2)).toThrow('cannot draw from 0.5 to 2: expected whole numbers')
    expect(() => random.int(0, 2 ** 40 - 1)).toThrow('to 1099511627775: expected at most 4294967296 values')
    expect(() => random.int(0, 2 ** 32)).toThrow(RangeError)
    expect(random.int(0, 2 ** 32 - 1)).toBeGreaterThanOrEqual(0)
  })

  it('picks each of the items, and refuses to pick from none', () => {
    const random = randomStream(5, 'pick')
    expect(new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b', 'c'])))).toEqual(new Set(['a', 'b', 'c']))
    expect(() => random.pick([])).toThrow(RangeError)
  })
})

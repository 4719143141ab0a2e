import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomOrder } from '../../src/kernel/index.js'
import { asksForEver, asksOnce, steady, TestWorld, type WorldOptions } from '../support/kernel-world.js'

const names = ['a', 'b', 'c', 'd', 'e', 'f']

/** The order in which the subject serves six requests that arrive at one instant. */
function served(options: WorldOptions): string {
  const world = new TestWorld(options)
  for (const name of names) world.node(name, asksOnce('x'))
  return world
    .run(100)
    .filter((line) => line.includes('step'))
    .map((line) => line.split(' ')[1])
    .join('')
}

describe('what is due at one instant', () => {
  it('comes in the order in which it was scheduled, or in an order that is drawn from a seed', () => {
    expect(served({})).toBe('abcdef')
    const drawn = served({ tieBreak: randomOrder(1) })
    expect(drawn).not.toBe('abcdef')
    expect([...drawn].sort().join('')).toBe('abcdef')
    expect(served({ tieBreak: randomOrder(1) })).toBe(drawn)
  })

  it('is drawn in every order, by seed', () => {
    const firsts = new Set(Array.from({ length: 60 }, (_, seed) => served({ tieBreak: randomOrder(seed) })[0]))
    expect([...firsts].sort()).toEqual(names)
  })

  it('waits for what is due before it, whatever is drawn, and no node loses an event', () => {
    const linesOf = (seed: number) => {
      const world = new TestWorld({ network: steady, tieBreak: randomOrder(seed) })
      for (const name of names) world.node(name, asksForEver())
      return world.run(500)
    }
    const byNode = (lines: readonly string[]) => names.map((name) => lines.filter((line) => line.includes(` ${name} `)))
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const lines = linesOf(seed)
        const times = lines.map((line) => Number.parseInt(line, 10))
        expect(times).toEqual([...times].sort((one, other) => one - other))
        expect(byNode(lines)).toEqual(byNode(linesOf(seed + 1)))
      }),
      { numRuns: 20 },
    )
  })

  it('has order keys of its own, all of them whole numbers', () => {
    const order = randomOrder(7)
    const keys = Array.from({ length: 20_000 }, (_, sequence) => order(sequence, 0))
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys.every((key) => Number.isSafeInteger(key) && key >= 0)).toBe(true)
  })
})

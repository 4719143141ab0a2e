import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pctOrder, randomOrder } from '../../src/kernel/index.js'
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

/** Who is served, in order, in each of `rounds` instants at which six requests arrive. */
function rounds(count: number, options: WorldOptions): readonly string[] {
  const world = new TestWorld(options)
  for (const name of names) {
    world.node(name, function* (process) {
      for (let round = 0; round < count; round++) yield process.call('x', 50)
    })
  }
  const steps = world.run(100 * count).filter((line) => line.includes('step'))
  return Array.from({ length: count }, (_, round) =>
    steps
      .slice(round * names.length, (round + 1) * names.length)
      .map((line) => line.split(' ')[1])
      .join(''),
  )
}

describe('the order by drawn priorities', () => {
  it('is the same for the same seed, another for another, and any node may be first', () => {
    const drawn = served({ tieBreak: pctOrder(1, 3, 100) })
    expect([...drawn].sort()).toEqual(names)
    expect(served({ tieBreak: pctOrder(1, 3, 100) })).toBe(drawn)
    const orders = Array.from({ length: 60 }, (_, seed) => served({ tieBreak: pctOrder(seed, 0, 100) }))
    expect(new Set(orders).size).toBeGreaterThan(30)
    expect([...new Set(orders.map(([first]) => first))].sort()).toEqual(names)
  })

  it('stays what it is from one instant to the next, until a change', () => {
    for (let seed = 0; seed < 20; seed++) {
      expect(new Set(rounds(5, { tieBreak: pctOrder(seed, 0, 1_000) })).size).toBe(1)
    }
    const changed = Array.from(
      { length: 20 },
      (_, seed) => new Set(rounds(5, { tieBreak: pctOrder(seed, 3, 60) })).size,
    )
    expect(Math.max(...changed)).toBeGreaterThan(1)
    // Each change makes one order more, at the most.
    expect(Math.max(...changed)).toBeLessThanOrEqual(1 + 3)
  })

  it('has a process drop behind all others where it changes', () => {
    // The one change is drawn from the first event after event 0: the start of b.
    for (let seed = 0; seed < 20; seed++) {
      for (const order of rounds(3, { tieBreak: pctOrder(seed, 1, 1) })) expect(order.at(-1)).toBe('b')
    }
  })

  it('waits for what is due before it, and no node loses an event', () => {
    const linesOf = (options: WorldOptions) => {
      const world = new TestWorld(options)
      for (const name of names) world.node(name, asksForEver())
      return world.run(500)
    }
    const byNode = (lines: readonly string[]) => names.map((name) => lines.filter((line) => line.includes(` ${name} `)))
    const inTurn = byNode(linesOf({}))
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 10 }), (seed, changes) => {
        const lines = linesOf({ tieBreak: pctOrder(seed, changes, 300) })
        const times = lines.map((line) => Number.parseInt(line, 10))
        expect(times).toEqual([...times].sort((one, other) => one - other))
        expect(byNode(lines)).toEqual(inTurn)
      }),
      { numRuns: 20 },
    )
  })

  it('has order keys of its own, all of them whole numbers; what the world does comes first', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat({ max: 50 }),
        fc.array(fc.integer({ min: -1, max: 9 }), { minLength: 1, maxLength: 500 }),
        (seed, changes, processes) => {
          const [order, again] = [pctOrder(seed, changes, 200), pctOrder(seed, changes, 200)]
          const keys = processes.map((process, sequence) => order(sequence, process))
          expect(processes.map((process, sequence) => again(sequence, process))).toEqual(keys)
          expect(new Set(keys).size).toBe(keys.length)
          expect(keys.every((key) => Number.isSafeInteger(key) && key >= 0)).toBe(true)
          const keysOf = (world: boolean) => keys.filter((_, at) => (processes[at] as number) < 0 === world)
          expect(Math.max(...keysOf(true), -1)).toBeLessThan(Math.min(...keysOf(false), Number.POSITIVE_INFINITY))
        },
      ),
    )
  })

  it('has the process that is about to go at a change drop behind all others, those that dropped before included', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 2, max: 9 }), (seed, processes) => {
        // A change at each event: whoever goes is the last from then on.
        const order = pctOrder(seed, 10_000, processes)
        const keys = Array.from({ length: 3 * processes }, (_, at) => order(at + 1, at % processes))
        const dropped = keys.slice(0, processes)
        expect(dropped).toEqual([...dropped].sort((one, other) => one - other))
      }),
      { numRuns: 20 },
    )
  })

  it('keeps the events of one process in the order in which they were scheduled', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat({ max: 20 }),
        fc.array(fc.nat({ max: 5 }), { maxLength: 200 }),
        (seed, changes, all) => {
          const order = pctOrder(seed, changes, 100)
          const last = new Map<number, number>()
          for (const [sequence, process] of all.entries()) {
            const key = order(sequence, process)
            expect(key).toBeGreaterThan(last.get(process) ?? -1)
            last.set(process, key)
          }
        },
      ),
    )
  })

  it('needs no steps to be drawn from', () => {
    expect([...served({ tieBreak: pctOrder(1, 2, 0) })].sort()).toEqual(names)
  })
})

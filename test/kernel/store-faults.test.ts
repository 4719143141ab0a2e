import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Fault, randomOrder, StepFailed, type TieBreak } from '../../src/kernel/index.js'
import {
  answer,
  asksForEver,
  asksOnce,
  type Life,
  rough,
  TestWorld,
  type WorldOptions,
} from '../support/kernel-world.js'

const restart = (atMs: number, durationMs: number, unsynced: 'kept' | 'lost' = 'kept'): Fault => ({
  kind: 'store-restart',
  atMs,
  durationMs,
  unsynced,
})
const slow = (atMs: number, durationMs: number, delayMs: number): Fault => ({
  kind: 'slow-store',
  atMs,
  durationMs,
  delayMs,
})
const duplicate = (atMs: number, durationMs: number): Fault => ({
  kind: 'duplicate',
  leg: 'request',
  node: 0,
  atMs,
  durationMs,
})

/** What happens to one node in a world of such faults. Requests take 5 ms there and 5 ms back. */
function linesOf(faults: readonly Fault[], life: Life, options: WorldOptions = {}): readonly string[] {
  const world = new TestWorld({ ...options, faults })
  world.node('a', life)
  return world.run(1_000)
}

describe('a store that restarts', () => {
  it('is told what becomes of unsynced writes; requests that arrive while it is down are lost', () => {
    const told: string[] = []
    const lines = linesOf([restart(3, 10, 'lost'), restart(200, 0, 'kept')], asksOnce(), {
      restartStore: (unsynced) => told.push(unsynced),
    })
    expect(lines).toEqual([
      '0 a sends x',
      '3 store lost until 13',
      '5 a loses request x',
      '50 a gives up x',
      '200 store kept until 200',
    ])
    expect(told).toEqual(['lost', 'kept'])
  })

  it.each([
    [3, 10, 'the middle', 'loses request'],
    [5, 1, 'the first moment', 'loses request'],
    [0, 6, 'the last moment', 'loses request'],
    [0, 5, 'the end', 'step'],
    [6, 10, 'before', 'step'],
    [5, 0, 'no time at all', 'step'],
  ])('down at %i for %i ms, is met by a request at 5 (%s): %s', (atMs, durationMs, _when, what) => {
    expect(linesOf([restart(atMs, durationMs)], asksOnce())).toContain(`5 a ${what} x`)
  })

  it('goes down before it serves what arrives at that very instant, whatever the tie-break', () => {
    const latestFirst: TieBreak = (sequence) => -sequence
    for (const tieBreak of [latestFirst, randomOrder(1), randomOrder(2)]) {
      expect(linesOf([restart(5, 1)], asksOnce(), { tieBreak })).toContain('5 a loses request x')
    }
  })

  it('does not take back a reply that is on its way', () => {
    expect(linesOf([restart(6, 100)], asksOnce())).toEqual([
      '0 a sends x',
      '5 a step x',
      '6 store kept until 106',
      '10 a has x',
    ])
  })

  it('serves again what is sent again', () => {
    const life: Life = function* (process) {
      for (let attempt = 0; ; attempt++) {
        if ((yield process.call('x', 30, attempt)).kind === 'answer') return
      }
    }
    expect(linesOf([restart(0, 40)], life)).toEqual([
      '0 store kept until 40',
      '0 a sends x',
      '5 a loses request x',
      '30 a gives up x',
      '30 a sends x again',
      '35 a loses request x',
      '60 a gives up x',
      '60 a sends x again',
      '65 a step x',
      '70 a has x',
    ])
  })

  it('is down until the end of the longest of its restarts, and told of each', () => {
    const told: string[] = []
    const restartStore = (unsynced: string) => told.push(unsynced)
    const life = asksOnce('x', { afterMs: 70 })
    const lines = linesOf([restart(10, 80, 'kept'), restart(20, 10, 'lost')], life, { restartStore })
    expect(lines.slice(0, 2)).toEqual(['10 store kept until 90', '20 store lost until 90'])
    expect(lines).toContain('75 a loses request x')
    expect(told).toEqual(['kept', 'lost'])
  })

  it('loses both copies of a request that was doubled, and the node gives up once', () => {
    const lines = linesOf([duplicate(0, 1), restart(3, 10)], asksOnce())
    expect(lines.filter((line) => line.includes('loses'))).toEqual(['5 a loses request x', '5 a loses request x'])
    expect(lines.filter((line) => line.includes('gives up'))).toEqual(['50 a gives up x'])
  })

  it('leaves the node to the copy that came through, when it lost the other', () => {
    // Of some seeds one copy comes while it is down, and the other after.
    const drawn = Array.from({ length: 50 }, (_, seed) => {
      const options = { seed, network: { requestDelayMs: [1, 30], replyDelayMs: [5, 5] } } as const
      return linesOf([duplicate(0, 1), restart(0, 15)], asksOnce(), options)
    })
    const halves = drawn.filter((lines) => lines.filter((line) => line.includes('loses')).length === 1)
    expect(halves.length).toBeGreaterThan(5)
    for (const lines of halves) {
      expect(lines.filter((line) => line.includes(' a has x'))).toHaveLength(1)
      expect(lines.filter((line) => line.includes('gives up'))).toEqual([])
    }
  })

  it('need not be told', () => {
    expect(linesOf([restart(5, 1, 'lost')], asksOnce())).toContain('50 a gives up x')
  })

  // It ends the run as an error of this tool.
  it('is the fault of the subject when it cannot start', () => {
    const restartStore = () => {
      throw new Error('cannot read the disk')
    }
    expect(() => linesOf([restart(5, 1)], asksOnce(), { restartStore })).toThrow(StepFailed)
  })
})

describe('a slow store', () => {
  it('has each request wait once, and then serves it', () => {
    expect(linesOf([slow(0, 100, 20)], asksOnce())).toEqual([
      '0 store slow until 100',
      '0 a sends x',
      '25 a step x',
      '30 a has x',
    ])
  })

  it.each([
    [0, 5, 'step at 5'],
    [0, 6, 'step at 25'],
    [5, 1, 'step at 25'],
    [6, 100, 'step at 5'],
  ])('from %i for %i ms: a request that arrives at 5 has its %s', (atMs, durationMs, expected) => {
    const step = linesOf([slow(atMs, durationMs, 20)], asksOnce()).find((line) => line.includes('step'))
    expect(`step at ${Number.parseInt(step ?? '', 10)}`).toBe(expected)
  })

  it('that is too slow has the node give up at its deadline; the step happens all the same', () => {
    expect(linesOf([slow(0, 10, 100)], asksOnce())).toEqual([
      '0 store slow until 10',
      '0 a sends x',
      '50 a gives up x',
      '105 a step x',
    ])
  })

  it.each([
    [40, ['45 a step x', '50 a has x']],
    [41, ['46 a step x', '50 a gives up x']],
    [45, ['50 a step x', '50 a gives up x']],
    [46, ['50 a gives up x', '51 a step x']],
  ])('by %i ms, of the 50 that the node waits: %j', (delayMs, expected) => {
    expect(linesOf([slow(0, 10, delayMs)], asksOnce()).slice(2)).toEqual(expected)
  })

  it.each([
    [[slow(0, 100, 20), slow(1, 50, 5)], 25],
    [[slow(0, 100, 5), slow(1, 50, 20)], 25],
    [[slow(0, 3, 20), slow(4, 50, 5)], 10],
  ])('that becomes slow once more while it is slow is as slow as the slower of both: %j', (faults, stepAtMs) => {
    expect(linesOf(faults, asksOnce())).toContain(`${stepAtMs} a step x`)
  })

  it('does not give the late answer to the next request', () => {
    const life: Life = function* (process) {
      yield process.call('x', 50)
      yield process.call('y', 50)
    }
    expect(linesOf([slow(0, 10, 55)], life)).toEqual([
      '0 store slow until 10',
      '0 a sends x',
      '50 a gives up x',
      '50 a sends y',
      '55 a step y',
      '60 a step x',
      '60 a has y',
    ])
  })

  it('serves in the order of arrival', () => {
    const world = new TestWorld({ faults: [slow(0, 100, 20)] })
    for (const [at, name] of ['a', 'b', 'c'].entries()) world.node(name, asksOnce('x', { afterMs: 3 - at }))
    const steps = world.run(100).filter((line) => line.includes('step'))
    expect(steps).toEqual(['26 c step x', '27 b step x', '28 a step x'])
  })

  it('loses what waits in it when it goes down', () => {
    expect(linesOf([slow(0, 100, 20), restart(24, 2)], asksOnce())).toEqual([
      '0 store slow until 100',
      '0 a sends x',
      '24 store kept until 26',
      '25 a loses request x',
      '50 a gives up x',
    ])
  })

  it('has both copies of a request wait; the first to come back counts', () => {
    expect(linesOf([duplicate(0, 1), slow(0, 100, 20)], asksOnce()).slice(3)).toEqual([
      '0 a doubles request x',
      '25 a step x',
      '25 a step x',
      '30 a has x',
    ])
  })

  it('may be slow again, by another measure', () => {
    const life: Life = function* (process) {
      for (const request of ['x', 'y', 'z']) yield process.call(request, 50)
    }
    const steps = linesOf([slow(0, 10, 20), slow(30, 10, 10)], life).filter((line) => line.includes('step'))
    expect(steps).toEqual(['25 a step x', '45 a step y', '55 a step z'])
  })

  // The later one takes the place of the other, its end included.
  it('stays slow as long as it was said, though it is slow for less in between', () => {
    const faults = [slow(0, 500, 20), slow(10, 5, 20)]
    expect(linesOf(faults, asksOnce('x', { afterMs: 100 }))).toContain('125 a step x')
  })
})

describe('a store that breaks in every way', () => {
  const time = fc.nat({ max: 400 })
  const length = fc.nat({ max: 80 })
  const fault = fc.oneof(
    fc.record({
      kind: fc.constant('store-restart' as const),
      atMs: time,
      durationMs: length,
      unsynced: fc.constantFrom('kept' as const, 'lost' as const),
    }),
    fc.record({ kind: fc.constant('slow-store' as const), atMs: time, durationMs: length, delayMs: length }),
    fc.record({ kind: fc.constant('crash' as const), node: fc.nat({ max: 2 }), atMs: time, restartAfterMs: length }),
    fc.record({ kind: fc.constant('pause' as const), node: fc.nat({ max: 2 }), atMs: time, durationMs: length }),
  )

  it('leaves nobody waiting beyond the deadline, and answers nothing that it did not do', () => {
    const nodes = ['a', 'b', 'c']
    const timeoutMs = 40
    fc.assert(
      fc.property(fc.nat(), fc.array(fault, { maxLength: 12 }), (seed, faults) => {
        const world = new TestWorld({ seed, network: rough, faults, tieBreak: randomOrder(seed) })
        for (const name of nodes) world.node(name, asksForEver(timeoutMs))
        const lines = world.run(700).map((line) => line.split(' '))
        const pauses = faults.some(({ kind }) => kind === 'pause')
        for (const name of nodes) {
          const sentAtMs = new Map<string, number>()
          const served = new Set<string>()
          for (const [time, who, what, ...rest] of lines) {
            if (who !== name) continue
            const atMs = Number(time)
            const request = rest.at(-1) as string
            if (what === 'sends') {
              expect(sentAtMs.size).toBe(0)
              sentAtMs.set(request, atMs)
              served.delete(request)
            } else if (what === 'step') served.add(request)
            else if (what === 'crashed') sentAtMs.clear()
            else if (what === 'has' || what === 'gives') {
              const waitedMs = atMs - (sentAtMs.get(request) ?? Number.NaN)
              if (what === 'has') expect(served).toContain(request)
              if (!pauses && what === 'has') expect(waitedMs).toBeLessThanOrEqual(timeoutMs)
              if (!pauses && what === 'gives') expect(waitedMs).toBe(timeoutMs)
              sentAtMs.delete(request)
            }
          }
          // All faults are over by 560 at the latest.
          for (const atMs of sentAtMs.values()) expect(atMs).toBeGreaterThanOrEqual(700 - timeoutMs)
        }
      }),
    )
  })

  it('is the same whether the subject answers at once or with a promise', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(fault, { maxLength: 8 }), async (seed, faults) => {
        const worlds = [answer, async (request: string) => answer(request)].map((serve) => {
          const world = new TestWorld({ seed, network: rough, faults, serve })
          for (const name of ['a', 'b', 'c']) world.node(name, asksForEver())
          return world
        })
        for (const world of worlds) await world.start(500)
        expect(worlds[1]?.log).toEqual(worlds[0]?.log)
      }),
      { numRuns: 30 },
    )
  })
})

describe('a run that is stopped', () => {
  const counting = (world: TestWorld, stopAt: number): Life =>
    function* (process) {
      for (let count = 1; ; count++) {
        yield process.sleep(10)
        world.note(process, `${count}`)
        if (count === stopAt) world.kernel.stop()
      }
    }

  it('takes no more events, not even those of the same instant, and stays at the time it was', () => {
    const world = new TestWorld()
    for (const name of ['a', 'b', 'c']) world.node(name, counting(world, name === 'b' ? 2 : 0))
    expect(world.run(100)).toEqual(['10 a 1', '10 b 1', '10 c 1', '20 a 2', '20 b 2'])
    expect(world.kernel.nowMs).toBe(20)
  })

  it('is over: it does not go on', () => {
    const world = new TestWorld()
    world.node('a', counting(world, 1))
    world.run(100)
    const { steps } = world.kernel
    expect(world.run(1_000)).toEqual(['10 a 1'])
    expect(world.kernel.steps).toBe(steps)
  })

  it('does nothing when it was stopped before it began', () => {
    const world = new TestWorld()
    world.node('a', counting(world, 0))
    world.kernel.stop()
    expect(world.run(100)).toEqual([])
    expect(world.kernel.nowMs).toBe(0)
  })

  it('ends after the step that the subject owes an answer to', async () => {
    const world: TestWorld = new TestWorld({
      serve: async (request) => {
        world.kernel.stop()
        return answer(request)
      },
    })
    world.node('a', asksOnce())
    await world.start(100)
    expect(world.log).toEqual(['0 a sends x', '5 a step x'])
    expect(world.kernel.nowMs).toBe(5)
  })
})

describe("a node's monotonic clock", () => {
  it('is not moved by what sets its wall clock, nor by a restart; it drifts with it', () => {
    const shown: [wallMs: number, monotonicMs: number][] = []
    const life: Life = function* (process) {
      for (;;) {
        shown.push([process.nowMs, process.monotonicMs])
        yield process.sleep(10)
      }
    }
    const world = new TestWorld({
      faults: [
        { kind: 'skew', node: 0, atMs: 5, byMs: 1_000 },
        { kind: 'skew', node: 0, atMs: 15, byMs: -3_000 },
        { kind: 'crash', node: 0, atMs: 25, restartAfterMs: 5 },
        { kind: 'drift', node: 0, atMs: 30, ppm: 1_000_000 },
      ],
    })
    world.node('a', life, 50)
    world.run(40)
    expect(shown).toEqual([
      [50, 0],
      [1_060, 10],
      [-1_930, 20],
      [-1_920, 30],
      [-1_910, 40],
      [-1_900, 50],
    ])
  })
})

import { describe, expect, it } from 'vitest'
import { type Fault, randomOrder, type TieBreak } from '../../src/kernel/index.js'
import { asksOnce, type Life, TestWorld } from '../support/kernel-world.js'

/** A node that counts what it remembers, every 10 ms. */
const counts = (world: TestWorld): Life =>
  function* (process) {
    for (let count = 1; ; count++) {
      yield process.sleep(10)
      world.note(process, `${count}`)
    }
  }

function linesOf(faults: readonly Fault[], life: (world: TestWorld) => Life, untilMs: number): readonly string[] {
  const world = new TestWorld({ faults })
  world.node('a', life(world))
  return world.run(untilMs)
}

const pause = (atMs: number, durationMs: number): Fault => ({ kind: 'pause', node: 0, atMs, durationMs })
const crash = (atMs: number, restartAfterMs?: number): Fault => ({
  kind: 'crash',
  node: 0,
  atMs,
  ...(restartAfterMs === undefined ? {} : { restartAfterMs }),
})

describe('a pause', () => {
  it('holds up the node and what reaches it; the reply that came meanwhile is there when it wakes', () => {
    const life = (world: TestWorld): Life =>
      function* (process) {
        yield process.call('x', 50)
        world.note(process, 'goes on')
      }
    expect(linesOf([pause(7, 100)], life, 1_000)).toEqual([
      '0 a sends x',
      '5 a step x',
      '7 a paused until 107',
      '107 a resumed',
      '107 a has x',
      '107 a goes on',
    ])
  })

  it('does not stop what is on its way to the subject', () => {
    expect(linesOf([pause(1, 100)], () => asksOnce(), 50)).toContain('5 a step x')
  })

  it('gives back all that it held, each once, and what was due at one instant in its order', () => {
    const life = (world: TestWorld): Life =>
      function* (process) {
        for (const atMs of [20, 40, 40, 60]) {
          process.spawn(function* (task) {
            yield task.sleep(atMs)
            world.note(task, `task ${task.task} was due at ${atMs}`)
          })
        }
        yield process.sleep(1)
      }
    expect(linesOf([pause(5, 100)], life, 1_000).slice(2)).toEqual([
      '105 a task 1 was due at 20',
      '105 a task 2 was due at 40',
      '105 a task 3 was due at 40',
      '105 a task 4 was due at 60',
    ])
  })

  it('is over at its end: a node paused from 5 until 15 does at 15 what it has to do', () => {
    expect(linesOf([pause(5, 10)], counts, 26)).toEqual(['5 a paused until 15', '15 a resumed', '15 a 1', '25 a 2'])
  })

  it('lets what came happen in the order in which it was due, not in that in which it was planned', () => {
    const life = (world: TestWorld): Life =>
      function* (process) {
        for (const atMs of [60, 20, 40]) {
          process.spawn(function* (task) {
            yield task.sleep(atMs)
            world.note(task, `was due at ${atMs}`)
          })
        }
        yield process.sleep(1)
      }
    expect(linesOf([pause(5, 100)], life, 1_000).slice(2)).toEqual([
      '105 a was due at 20',
      '105 a was due at 40',
      '105 a was due at 60',
    ])
  })

  it('holds what is due at its very end until it is over', () => {
    expect(linesOf([pause(5, 5)], counts, 12)).toEqual(['5 a paused until 10', '10 a resumed', '10 a 1'])
  })

  it('that was cut short by a crash does not end another that ends at the same time', () => {
    expect(linesOf([pause(5, 45), crash(10, 10), pause(30, 20)], counts, 70)).toEqual([
      '5 a paused until 50',
      '10 a crashed',
      '20 a restarted',
      '30 a paused until 50',
      '50 a resumed',
      '50 a 1',
      '60 a 2',
      '70 a 3',
    ])
  })

  it('leaves the clock running', () => {
    const life = (world: TestWorld): Life =>
      function* (process) {
        yield process.sleep(10)
        world.note(process, 'awake')
        yield process.sleep(10)
        world.note(process, 'awake')
      }
    expect(linesOf([pause(5, 100)], life, 200).slice(2)).toEqual(['105 a awake', '115 a awake'])
  })

  it('is made longer by another, and not shorter', () => {
    const resumedAt = (faults: readonly Fault[]) =>
      linesOf(faults, counts, 80).filter((line) => line.includes('resumed'))
    expect(resumedAt([pause(5, 10), pause(8, 30)])).toEqual(['38 a resumed'])
    expect(resumedAt([pause(5, 30), pause(8, 10)])).toEqual(['35 a resumed'])
  })

  it('ends with a crash', () => {
    expect(linesOf([pause(5, 1_000), crash(20, 5)], counts, 36)).toEqual([
      '5 a paused until 1005',
      '20 a crashed',
      '25 a restarted',
      '35 a 1',
    ])
  })

  it('concerns one node', () => {
    const world = new TestWorld({ faults: [pause(5, 100)] })
    world.node('a', counts(world))
    world.node('b', counts(world))
    expect(world.run(25).slice(1)).toEqual(['10 b 1', '20 b 2'])
  })
})

describe('a crash', () => {
  it('ends every task and all memory; the restart begins anew', () => {
    const life = (world: TestWorld): Life =>
      function* (process) {
        process.spawn(function* (task) {
          yield task.sleep(30)
          world.note(task, 'task went on')
        })
        yield* counts(world)(process)
      }
    expect(linesOf([crash(25, 50)], life, 86)).toEqual(['10 a 1', '20 a 2', '25 a crashed', '75 a restarted', '85 a 1'])
  })

  it('without a restart is for good, until somebody restarts the node', () => {
    expect(linesOf([crash(15)], counts, 1_000)).toEqual(['10 a 1', '15 a crashed'])
    expect(linesOf([crash(15), { kind: 'restart', node: 0, atMs: 50 }], counts, 65)).toEqual([
      '10 a 1',
      '15 a crashed',
      '50 a restarted',
      '60 a 1',
    ])
  })

  it('of a node that is down changes nothing, nor does a restart of one that is up, or a pause of one that is down', () => {
    const alone = linesOf([crash(15, 50)], counts, 100)
    expect(linesOf([crash(15, 50), crash(20, 500)], counts, 100)).toEqual(alone)
    expect(linesOf([{ kind: 'restart', node: 0, atMs: 5 }, crash(15, 50)], counts, 100)).toEqual(alone)
    expect(linesOf([crash(15, 50), pause(20, 500)], counts, 100)).toEqual(alone)
  })

  it('that comes after a restart by hand brings the node back at its own time', () => {
    const faults: readonly Fault[] = [crash(5, 50), { kind: 'restart', node: 0, atMs: 20 }, crash(30, 100)]
    expect(linesOf(faults, counts, 135)).toEqual(['5 a crashed', '20 a restarted', '30 a crashed', '130 a restarted'])
  })

  it('leaves nobody for a reply to reach, though the step happens', () => {
    expect(linesOf([crash(3, 5)], () => asksOnce(), 1_000)).toEqual([
      '0 a sends x',
      '3 a crashed',
      '5 a step x',
      '8 a restarted',
      '8 a sends x',
      '13 a step x',
      '18 a has x',
    ])
  })

  it('leaves the clock its skew, and the random stream where it was', () => {
    const drawn: number[] = []
    const life = (world: TestWorld): Life =>
      function* (process) {
        world.note(process, 'begins')
        drawn.push(process.random.int(0, 1_000_000))
        yield process.sleep(1_000)
      }
    const faults: readonly Fault[] = [{ kind: 'skew', node: 0, atMs: 2, byMs: 500 }, crash(10, 10)]
    expect(linesOf(faults, life, 100)).toContain('520 a begins')
    expect(drawn).toHaveLength(2)
    expect(drawn[0]).not.toBe(drawn[1])
  })
})

describe('a fault', () => {
  it('comes before all else of its instant, from 0 on, whatever the tie-break', () => {
    const latestFirst: TieBreak = (sequence) => -sequence
    for (const tieBreak of [latestFirst, randomOrder(1), randomOrder(2), randomOrder(3)]) {
      const world = new TestWorld({ tieBreak, faults: [{ kind: 'partition', nodes: [0], atMs: 0, durationMs: 1 }] })
      world.node('a', asksOnce())
      expect(world.run(100)).toEqual(['0 a cut until 1', '0 a sends x', '0 a loses request x', '50 a gives up x'])
    }
  })

  it.each<[string, Fault]>([
    ['atMs -1', { kind: 'restart', node: 0, atMs: -1 }],
    ['durationMs NaN', { kind: 'pause', node: 0, atMs: 0, durationMs: Number.NaN }],
    ['delayMs 0.5', { kind: 'delay', leg: 'reply', node: 0, atMs: 0, durationMs: 1, delayMs: 0.5 }],
    ['restartAfterMs -1', { kind: 'crash', node: 0, atMs: 0, restartAfterMs: -1 }],
    ['byMs Infinity', { kind: 'skew', node: 0, atMs: 0, byMs: Number.POSITIVE_INFINITY }],
    ['-1000000 ppm', { kind: 'drift', node: 0, atMs: 0, ppm: -1_000_000 }],
  ])('with %s is refused', (said, fault) => {
    expect(() => linesOf([fault], counts, 10)).toThrow(said)
  })
})

describe('a clock that goes wrong', () => {
  it('is skewed from the start, jumps, or drifts; a sleep is by the clock of the node', () => {
    const awake = (world: TestWorld, durationMs: number): Life =>
      function* (process) {
        yield process.sleep(1)
        yield process.sleep(durationMs)
        world.note(process, 'awake')
      }
    const world = new TestWorld({
      faults: [
        { kind: 'skew', node: 0, atMs: 10, byMs: 1_000 },
        { kind: 'drift', node: 1, atMs: 0, ppm: 1_000_000 },
        { kind: 'drift', node: 2, atMs: 0, ppm: -500_000 },
      ],
    })
    world.node('a', awake(world, 20), -5)
    world.node('b', awake(world, 20))
    world.node('c', awake(world, 20))
    expect(world.run(100)).toEqual([
      '0 b drifts 1000000',
      '0 c drifts -500000',
      '10 a skewed 1000',
      // Virtual times 11, 21 and 42: twice as fast, as told, half as fast.
      '22 b awake',
      '1016 a awake',
      '21 c awake',
    ])
  })

  it('counts a timeout as well', () => {
    const endOf = (ppm: number) => {
      const world = new TestWorld({
        network: { requestDelayMs: [500, 500], replyDelayMs: [5, 5] },
        faults: [{ kind: 'drift', node: 0, atMs: 0, ppm }],
      })
      world.node('a', asksOnce('x', { afterMs: 1, timeoutMs: 100 }))
      return world.run(300).at(-1)
    }
    expect(endOf(0)).toBe('101 a gives up x')
    expect(endOf(1_000_000)).toBe('51 a gives up x')
    expect(endOf(-500_000)).toBe('202 a gives up x')
  })
})

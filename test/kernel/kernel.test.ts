import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fault, Network } from '../../src/kernel/index.js'
import {
  type Answer,
  answer,
  asksForEver,
  asksOnce,
  type Life,
  rough,
  steady,
  TestWorld,
} from '../support/kernel-world.js'

describe('the kernel', () => {
  it('carries a request to the subject and the reply back, over a network that takes its time', () => {
    const world = new TestWorld({ network: steady })
    world.node('a', function* (process) {
      yield process.sleep(10)
      const outcome = yield process.call('x', 50)
      world.note(process, outcome.kind === 'answer' ? `got ${outcome.to}` : outcome.kind)
    })
    expect(world.run(1_000)).toEqual(['10 a sends x', '15 a step x', '20 a has x', '20 a got x'])
  })

  it('tells the subject who asks, and when the request arrives', () => {
    const served: unknown[] = []
    const world = new TestWorld({
      serve: (request, node, atMs) => {
        served.push([request, node, atMs])
        return answer(request)
      },
    })
    world.node('a', asksOnce('x'))
    world.node('b', asksOnce('y', { afterMs: 7 }))
    world.run(100)
    expect(served).toEqual([
      ['x', 0, 5],
      ['y', 1, 12],
    ])
  })

  it('runs what is due up to the time given, that time included, and goes on from there', () => {
    const world = new TestWorld()
    world.node('a', asksOnce())
    expect(world.run(5)).toEqual(['0 a sends x', '5 a step x'])
    expect(world.kernel.nowMs).toBe(5)
    world.kernel.run(9)
    expect(world.log).toHaveLength(2)
    expect(world.kernel.nowMs).toBe(9)
    world.kernel.inject({ kind: 'pause', node: 0, atMs: 3, durationMs: 20 })
    world.kernel.run(50)
    expect(world.log.slice(2)).toEqual(['9 a paused until 29', '29 a resumed', '29 a has x'])
  })

  it('lets a run take as many events as it may, and not one more, however many steps are without', () => {
    const world = (maxEvents: number) => {
      const world = new TestWorld({ maxEvents })
      world.node('a', function* (process) {
        yield process.sleep(10)
        yield* asksOnce()(process)
      })
      return world
    }
    const enough = world(3)
    expect(enough.run(100)).toHaveLength(3)
    expect(enough.kernel.steps).toBe(4)
    expect(() => world(2).run(100)).toThrow(
      expect.objectContaining({
        name: 'EventLimitReached',
        maxEvents: 2,
        atMs: 20,
        stoodStill: false,
        message: 'not over after 2 events, at 20 ms of 100 ms of virtual time',
      }),
    )
  })

  it('stops a node that goes round and round at one instant, whether something happens there or not', () => {
    const looping = (life: Life, network = steady) => {
      const world = new TestWorld({ maxEvents: 100, network })
      world.node('a', life)
      return () => world.run(1_000)
    }
    expect(
      looping(function* (process) {
        yield process.sleep(7)
        for (;;) yield process.sleep(0)
      }),
    ).toThrow('not over, at 7 ms of 1000 ms of virtual time, which stands still: nothing has happened in 100 steps')
    const asking = function* (process: Parameters<Life>[0]) {
      for (;;) yield process.call('x', 50)
    }
    expect(looping(asking, { requestDelayMs: [0, 0], replyDelayMs: [0, 0] })).toThrow(
      'not over after 100 events, at 0 ms of 1000 ms of virtual time, which stands still',
    )
  })

  it('does not call it a loop that more nodes begin at once than there may be events', () => {
    const world = new TestWorld({ maxEvents: 10 })
    for (let node = 0; node < 20; node++) world.node(`n${node}`, asksOnce())
    expect(() => world.run(1_000)).toThrow(/^not over after 10 events, at 0 ms of 1000 ms of virtual time$/)
  })

  it('stops a node that does nothing for too many steps, though time goes by', () => {
    const world = new TestWorld({ maxEvents: 100 })
    world.node('a', function* (process) {
      for (;;) yield process.sleep(1)
    })
    expect(() => world.run(1e9)).toThrow(
      /^not over, at \d+ ms of 1000000000 ms of virtual time: nothing has happened in 100 steps$/,
    )
  })

  it('says whose fault it is when something throws, on behalf of which node, and when', async () => {
    const scenario = new TestWorld()
    scenario.node('a', function* (process) {
      yield process.sleep(7)
      throw new Error('oh')
    })
    expect(() => scenario.run(100)).toThrow(
      expect.objectContaining({ name: 'StepFailed', message: 'oh', culprit: 'scenario', node: 'a', atMs: 7 }),
    )

    const subject = { name: 'StepFailed', message: 'no', culprit: 'subject', node: 'b', atMs: 5 }
    const thrown = new TestWorld({
      serve: () => {
        throw new Error('no')
      },
    })
    thrown.node('b', asksOnce())
    expect(() => thrown.run(100)).toThrow(expect.objectContaining(subject))

    const rejected = new TestWorld({ serve: () => Promise.reject(new Error('no')) })
    rejected.node('b', asksOnce())
    await expect(rejected.start(100)).rejects.toMatchObject(subject)
  })

  it('refuses a fault on a node that there is not', () => {
    const world = new TestWorld({ faults: [{ kind: 'pause', node: 3, atMs: 1, durationMs: 1 }] })
    world.node('a', asksOnce())
    expect(() => world.run(100)).toThrow('there is no node 3: expected 0 to 0')
  })

  it('does not change what a node draws, nor when its messages arrive, by adding another node', () => {
    const linesOf = (names: readonly string[]) => {
      const world = new TestWorld({ network: rough })
      for (const name of names) world.node(name, asksForEver())
      return world.run(2_000).filter((line) => line.split(' ')[1] === 'b')
    }
    const alone = linesOf(['b'])
    expect(alone.length).toBeGreaterThan(100)
    expect(linesOf(['b', 'c'])).toEqual(alone)
    expect(linesOf(['a', 'b', 'c', 'd'])).toEqual(alone)
  })

  it('drives a subject that answers with promises to the very same events, one operation at a time', async () => {
    let open = 0
    let most = 0
    const late = async (request: string): Promise<Answer> => {
      open += 1
      most = Math.max(most, open)
      await Promise.resolve()
      open -= 1
      return answer(request)
    }
    const linesOf = async (serve: (request: string) => Answer | Promise<Answer>) => {
      const world = new TestWorld({ network: rough, serve })
      for (const name of ['a', 'b', 'c']) world.node(name, asksForEver())
      await world.start(2_000)
      return world.log
    }
    const direct = await linesOf(answer)
    expect(await linesOf(late)).toEqual(direct)
    expect(most).toBe(1)
  })

  const window = { atMs: fc.nat({ max: 400 }), durationMs: fc.nat({ max: 150 }), node: fc.nat({ max: 2 }) }
  const leg = fc.constantFrom('request', 'reply')
  const fault: fc.Arbitrary<Fault> = fc.oneof(
    fc.record({ kind: fc.constant('pause'), ...window }),
    fc.record({ kind: fc.constant('crash'), ...window, restartAfterMs: fc.nat({ max: 100 }) }),
    fc.record({ kind: fc.constant('restart'), ...window }),
    fc.record({ kind: fc.constant('skew'), ...window, byMs: fc.integer({ min: -500, max: 500 }) }),
    fc.record({ kind: fc.constant('drift'), ...window, ppm: fc.integer({ min: -900_000, max: 900_000 }) }),
    fc.record({ kind: fc.constant('partition'), ...window, nodes: fc.subarray([0, 1, 2]) }),
    fc.record({ kind: fc.constantFrom('drop', 'duplicate'), leg, ...window }),
    fc.record({ kind: fc.constant('delay'), leg, ...window, delayMs: fc.nat({ max: 80 }) }),
  )

  it('keeps its laws whatever the world does: time goes on, a call ends once, and promises change nothing', async () => {
    const run = async (
      network: Network,
      faults: readonly Fault[],
      serve: (request: string) => Answer | Promise<Answer>,
    ) => {
      const world = new TestWorld({ network, faults, serve })
      for (const name of ['a', 'b', 'c']) world.node(name, asksForEver())
      await world.start(500)
      return world.log
    }
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(steady, rough), fc.array(fault, { maxLength: 12 }), async (network, faults) => {
        const log = await run(network, faults, answer)
        const times = log.map((line) => Number.parseInt(line, 10))
        expect(times).toEqual([...times].sort((one, other) => one - other))

        const open = new Map<string, string>()
        for (const line of log) {
          const [, node = '', ...words] = line.split(' ')
          const request = words.at(-1) as string
          if (words[0] === 'sends') {
            expect(open.get(node), line).toBeUndefined()
            open.set(node, request)
          } else if (words[0] === 'has' || words[0] === 'gives') {
            expect(open.get(node), line).toBe(request)
            open.delete(node)
          } else if (words[0] === 'crashed') open.delete(node)
        }
        expect(await run(network, faults, (request) => Promise.resolve(answer(request)))).toEqual(log)
      }),
      { numRuns: 60 },
    )
  })
})

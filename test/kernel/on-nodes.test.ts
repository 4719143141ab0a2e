import { describe, expect, it } from 'vitest'
import { type Fault, StepUnanswered } from '../../src/kernel/index.js'
import { answer, asksOnce, steady, TestWorld, type WorldOptions } from '../support/kernel-world.js'

/** A world with one node, which asks for x at once; there x is carried out, in two steps. */
function worldOf(faults: readonly Fault[], options: WorldOptions = {}): TestWorld {
  const world: TestWorld = new TestWorld({
    maxStepMs: 0,
    isOnNode: () => true,
    faults,
    serve: async (request, _node, _atMs, of) => {
      if (of === undefined) throw new Error('expected what steps are asked for by')
      const { kernel, log } = world
      for (const does of ['reads', 'writes']) await kernel.step((atMs) => void log.push(`${atMs} ${does}`), of)
      return answer(request)
    },
    ...options,
  })
  world.node('n', asksOnce('x'))
  return world
}

async function linesOf(faults: readonly Fault[], options?: WorldOptions): Promise<readonly string[]> {
  const world = worldOf(faults, options)
  await world.start(1_000)
  return world.log
}

const slowStore: Fault = { kind: 'slow-store', atMs: 0, durationMs: 500, delayMs: 10 }

describe('a command that is carried out on its node', () => {
  it('is asked and answered there, without a message', async () => {
    const network = { ...steady, requestLossPerMille: 1000, replyLossPerMille: 1000 }
    expect(await linesOf([], { network })).toEqual([
      '0 n sends x',
      '0 n takes step 1 of x',
      '0 reads',
      '0 n takes step 2 of x',
      '0 writes',
      '0 n step x',
      '0 n has x',
    ])
  })

  it('stands still while the node is paused', async () => {
    expect(await linesOf([slowStore, { kind: 'pause', node: 0, atMs: 15, durationMs: 20 }])).toEqual([
      '0 store slow until 500',
      '0 n sends x',
      '10 n takes step 1 of x',
      '10 reads',
      '15 n paused until 35',
      '35 n resumed',
      '35 n takes step 2 of x',
      '35 writes',
      '35 n step x',
      '35 n has x',
    ])
  })

  it('is begun when the pause is over that began as it was asked for', async () => {
    const lines = await linesOf([{ kind: 'pause', node: 0, atMs: 0, durationMs: 20 }])
    expect(lines).toContain('20 reads')
  })

  it('ends where the node crashes, and is begun anew by what starts there', async () => {
    expect(await linesOf([slowStore, { kind: 'crash', node: 0, atMs: 15, restartAfterMs: 10 }])).toEqual([
      '0 store slow until 500',
      '0 n sends x',
      '10 n takes step 1 of x',
      '10 reads',
      '15 n crashed',
      '15 n loses reply x after step 1',
      '25 n restarted',
      '25 n sends x',
      '35 n takes step 1 of x',
      '35 reads',
      '45 n takes step 2 of x',
      '45 writes',
      '45 n step x',
      '45 n has x',
    ])
  })

  it('is not begun on a node that crashes while it is paused', async () => {
    const lines = await linesOf([
      { kind: 'pause', node: 0, atMs: 0, durationMs: 20 },
      { kind: 'crash', node: 0, atMs: 5 },
    ])
    expect(lines).not.toContain('20 reads')
    expect(lines.at(-1)).toBe('5 n crashed')
  })

  const outages = (durationMs: number): [string, Fault][] => [
    ['the node is cut off', { kind: 'partition', nodes: [0], atMs: 5, durationMs }],
    ['what it sends is lost', { kind: 'drop', leg: 'request', node: 0, atMs: 5, durationMs }],
    ['the store is down', { kind: 'store-restart', atMs: 5, durationMs, unsynced: 'lost' }],
  ]
  const isOfTheCommand = (line: string) =>
    / (reads|writes|(has|gives up|step|threw in) .*x.*)$/.test(line) && !line.includes(' takes ')

  it.each(outages(20))('waits with its next step while %s for a short time', async (_, fault) => {
    const lines = await linesOf([slowStore, fault])
    expect(lines.filter(isOfTheCommand)).toEqual(['25 reads', '35 writes', '35 n step x', '35 n has x'])
  })

  it.each(outages(200))(
    'is told that its step has no answer while %s for long, and may throw that',
    async (_, fault) => {
      const lines = await linesOf([slowStore, fault])
      expect(lines.filter(isOfTheCommand)).toEqual([
        '30 n has no answer after step 0 of x',
        '30 n threw in x after step 0',
        '50 n gives up x',
      ])
    },
  )

  it('may catch that, and try once more', async () => {
    const world = worldOf([slowStore, { kind: 'partition', nodes: [0], atMs: 5, durationMs: 30 }], {
      serve: async (request, _node, _atMs, of) => {
        if (of === undefined) throw new Error('expected what steps are asked for by')
        const read = () => world.kernel.step((atMs) => void world.log.push(`${atMs} reads`), of)
        await read().catch((error: unknown) => {
          expect(error).toBeInstanceOf(StepUnanswered)
          return read()
        })
        return answer(request)
      },
    })
    await world.start(1_000)
    expect(world.log.filter(isOfTheCommand)).toEqual([
      '30 n has no answer after step 0 of x',
      '40 reads',
      '40 n step x',
      '40 n has x',
    ])
  })

  it('is told of no answer when the pause is over in which there was none', async () => {
    const lines = await linesOf([
      slowStore,
      { kind: 'partition', nodes: [0], atMs: 5, durationMs: 200 },
      { kind: 'pause', node: 0, atMs: 20, durationMs: 50 },
    ])
    expect(lines).toContain('70 n has no answer after step 0 of x')
  })

  describe('where replies are lost', () => {
    const lost: Fault = { kind: 'drop', leg: 'reply', node: 0, atMs: 0, durationMs: 15 }
    /** Tries until there is an answer; says what it decides on. */
    const deciding = (decision: (tries: number) => string): WorldOptions['serve'] & object =>
      async function serve(this: unknown, request, _node, _atMs, of) {
        if (of === undefined) throw new Error('expected what steps are asked for by')
        for (let tries = 1; ; tries++) {
          try {
            return await world.kernel.step(() => {
              const decided = answer(decision(tries))
              world.kernel.decide(of, decided)
              return decided
            }, of)
          } catch (error) {
            if (request === 'throws' || !(error instanceof StepUnanswered)) throw error
          }
        }
      }
    let world: TestWorld
    const linesOf = async (decision: (tries: number) => string): Promise<readonly string[]> => {
      world = worldOf([slowStore, lost], { serve: deciding(decision) })
      await world.start(1_000)
      return world.log.filter(isOfTheCommand)
    }

    it('has made the step that decides, and no answer to it', async () => {
      expect(await linesOf(() => 'x')).toEqual(['10 n step x', '30 n has no answer after step 1 of x', '40 n has x'])
    })

    it('may come to something else when it tries once more: then both have taken effect', async () => {
      expect(await linesOf((tries) => `${tries}`)).toEqual([
        '10 n step x',
        '30 n has no answer after step 1 of x',
        '40 n step x',
        '40 n has x',
      ])
    })

    it('has an answer to each step that decides nothing', async () => {
      const lines = await worldOf([slowStore, { ...lost, durationMs: 500 }])
      await lines.start(1_000)
      expect(lines.log.filter(isOfTheCommand)).toEqual(['10 reads', '20 writes', '20 n step x', '20 n has x'])
    })
  })

  it('takes longer where its messages are slow', async () => {
    const lines = await linesOf([{ kind: 'delay', leg: 'reply', node: 0, atMs: 0, durationMs: 5, delayMs: 7 }])
    expect(lines.filter((line) => / (reads|writes)$/.test(line))).toEqual(['7 reads', '7 writes'])
  })

  it('sleeps for as long as it says by the clock of its node, whatever the store does, and is paused with it', async () => {
    const sleeping = async (faults: readonly Fault[]) => {
      const world: TestWorld = worldOf(faults, {
        serve: async (request, _node, _atMs, of) => {
          if (of === undefined) throw new Error('expected what steps are asked for by')
          await world.kernel.step(() => undefined, of, 30)
          return answer(request)
        },
      })
      await world.start(1_000)
      return world.log.filter((line) => line.endsWith('n step x'))
    }
    expect(await sleeping([slowStore, { kind: 'partition', nodes: [0], atMs: 0, durationMs: 500 }])).toEqual([
      '30 n step x',
    ])
    expect(await sleeping([{ kind: 'drift', node: 0, atMs: 0, ppm: -250_000 }])).toEqual(['40 n step x'])
    expect(await sleeping([{ kind: 'pause', node: 0, atMs: 20, durationMs: 50 }])).toEqual(['70 n step x'])
  })

  it('is another when it is asked for once more, while the first goes on', async () => {
    const slow: Fault = { kind: 'slow-store', atMs: 0, durationMs: 1, delayMs: 60 }
    const world = worldOf([slow])
    world.node('insists', function* (process) {
      yield process.call('y', 50)
      yield process.call('y', 50, 1)
    })
    await world.start(1_000)
    expect(world.log.filter((line) => / insists (sends|step) /.test(line))).toEqual([
      '0 insists sends y',
      '50 insists sends y#1 again',
      '50 insists step y#1',
      '60 insists step y',
    ])
  })
})

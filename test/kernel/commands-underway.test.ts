import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Fault, randomOrder } from '../../src/kernel/index.js'
import { type Answer, answer, asksOnce, rough, TestWorld, type WorldOptions } from '../support/kernel-world.js'

/** What a command may do. */
interface Means {
  readonly log: string[]
  step<T>(access: (atMs: number) => T | PromiseLike<T>): Promise<T>
  decide(reply: Answer): void
}

type Command = (means: Means, request: string) => Promise<unknown>

/** A world with a node for each request, all of which ask at once. */
function worldOf(command: Command, requests: readonly string[], options: WorldOptions = {}): TestWorld {
  const world: TestWorld = new TestWorld({
    maxStepMs: 0,
    serve: async (request, _node, _atMs, of) => {
      if (of === undefined) throw new Error('expected what steps are asked for by')
      const { kernel, log } = world
      await command(
        { log, step: (access) => kernel.step(access, of), decide: (reply) => kernel.decide(of, reply) },
        request,
      )
      return answer(request)
    },
    ...options,
  })
  for (const request of requests) world.node(`n${request}`, asksOnce(request))
  return world
}

async function linesOf(command: Command, requests: readonly string[], options?: WorldOptions) {
  const world = worldOf(command, requests, options)
  await world.start(1_000)
  return world.log
}

/** Writes a line into the log, as a step. */
const says = ({ step, log }: Means, what: string) => step((atMs) => void log.push(`${atMs} ${what}`))

describe('a command that takes steps', () => {
  it('lets those of others in between, and takes effect in its last', async () => {
    const command: Command = async (world, request) => {
      await says(world, `${request} reads`)
      await says(world, `${request} writes`)
    }
    expect(await linesOf(command, ['x', 'y'])).toEqual([
      '0 nx sends x',
      '0 ny sends y',
      '5 nx takes step 1 of x',
      '5 x reads',
      '5 ny takes step 1 of y',
      '5 y reads',
      '5 nx takes step 2 of x',
      '5 x writes',
      '5 nx step x',
      '5 ny takes step 2 of y',
      '5 y writes',
      '5 ny step y',
      '10 nx has x',
      '10 ny has y',
    ])
  })

  it('takes time, which is drawn from the stream of the link, and no longer than it may', async () => {
    const times: number[] = []
    const command: Command = async (world) => {
      for (let step = 0; step < 40; step++) await world.step((atMs) => void times.push(atMs))
    }
    await linesOf(command, ['x'], { maxStepMs: 3 })
    const lengths = times.map((atMs, at) => atMs - (times[at - 1] ?? 5))
    expect(times).toHaveLength(40)
    expect([...new Set(lengths)].sort()).toEqual([0, 1, 2, 3])
  })

  it('is waited for no longer than a reply; what it comes to then, nobody is told', async () => {
    const command: Command = async (world) => {
      for (let step = 0; step < 20; step++) await world.step(() => undefined)
    }
    const lines = await linesOf(command, ['x'], { maxStepMs: 10 })
    const effect = lines.findIndex((line) => line.endsWith('nx step x'))
    expect(lines).toContain('50 nx gives up x')
    expect(lines.slice(effect + 1)).toEqual([])
    expect(Number(lines[effect]?.split(' ')[0])).toBeGreaterThan(50)
  })

  it('gives back what its access gives, waits for a promise, and is told of what it throws', async () => {
    const got: unknown[] = []
    const command: Command = async (world) => {
      got.push(await world.step(() => 1))
      got.push(await world.step(() => setTimeout(3, 2)))
      got.push(
        await world
          .step(() => {
            throw new Error('down')
          })
          .catch(({ message }: Error) => message),
      )
    }
    await linesOf(command, ['x'])
    expect(got).toEqual([1, 2, 'down'])
  })

  it('lets nothing else happen while an access is waited for', async () => {
    const command: Command = async (world, request) => {
      await world.step(async () => {
        world.log.push(`${request} begins`)
        await setTimeout(2)
        world.log.push(`${request} ends`)
      })
    }
    const lines = await linesOf(command, ['x', 'y'])
    expect(lines.filter((line) => / (begins|ends)$/.test(line))).toEqual(['x begins', 'x ends', 'y begins', 'y ends'])
  })

  it('may wait for another, as for a lock', async () => {
    let lock: Promise<unknown> = Promise.resolve()
    const command: Command = (world, request) => {
      lock = lock.then(async () => {
        await says(world, `${request} reads`)
        await says(world, `${request} writes`)
      })
      return lock
    }
    const lines = await linesOf(command, ['x', 'y', 'z'], { maxStepMs: 4, tieBreak: randomOrder(1) })
    const accesses = lines.filter((line) => / (reads|writes)$/.test(line)).map((line) => line.split(' ').slice(1))
    expect(accesses).toHaveLength(6)
    for (const [at, [who, does]] of accesses.entries()) {
      if (does === 'reads') expect(accesses[at + 1]).toEqual([who, 'writes'])
    }
    expect(lines.filter((line) => line.includes(' has '))).toHaveLength(3)
  })

  it('does what it does after its answer as well', async () => {
    const world: TestWorld = worldOf(async (world) => void says(world, 'cleans up'), ['x'])
    await world.start(1_000)
    expect(world.log).toContain('5 cleans up')
    expect(world.log).toContain('10 nx has x')
  })

  it('is told as endless when it takes steps for ever', async () => {
    const command: Command = async (world) => {
      for (;;) await world.step(() => undefined)
    }
    await expect(linesOf(command, ['x'], { maxEvents: 500 })).rejects.toMatchObject({
      name: 'EventLimitReached',
      stoodStill: true,
    })
  })

  it('fails the run when it fails', async () => {
    const command: Command = async (world) => {
      await world.step(() => undefined)
      throw new Error('no such row')
    }
    await expect(linesOf(command, ['x', 'y'])).rejects.toMatchObject({
      name: 'StepFailed',
      culprit: 'subject',
      node: 'nx',
      atMs: 5,
      message: 'no such row',
    })
  })
})

describe('what a command has decided', () => {
  const decides: Command = async (world, request) => {
    await world.step(() => undefined)
    world.decide(answer(request))
    await world.step(() => undefined)
  }

  it('takes effect then, though the answer comes later', async () => {
    expect(await linesOf(decides, ['x'])).toEqual([
      '0 nx sends x',
      '5 nx takes step 1 of x',
      '5 nx step x',
      '5 nx takes step 2 of x',
      '10 nx has x',
    ])
  })

  it('has to be what it answers', async () => {
    const other: Command = async ({ decide }) => decide(answer('y'))
    await expect(linesOf(other, ['x'])).rejects.toMatchObject({
      culprit: 'subject',
      message: 'of x y was decided, and x answered',
    })
  })

  it('is decided once: once more is the same, or wrong', async () => {
    const twice =
      (other: string): Command =>
      async ({ step, decide }, request) => {
        decide(answer(request))
        await step(() => undefined)
        decide(answer(other))
      }
    expect((await linesOf(twice('x'), ['x'])).filter((line) => line.includes(' step x'))).toEqual(['5 nx step x'])
    await expect(linesOf(twice('y'), ['x'])).rejects.toThrow('of x x was decided, and y answered')
  })

  it('is no more once it is answered', async () => {
    const late: Command = async (world, request) => {
      void world.step(() => world.decide(answer('y')))
      world.decide(answer(request))
    }
    expect((await linesOf(late, ['x'])).filter((line) => line.includes(' step '))).toEqual([
      '5 nx step x',
      '5 nx takes step 1 of x',
    ])
  })
})

describe('several that one step has answered', () => {
  it('are told in the order in which they came, however many awaits they have still come through', async () => {
    let batch: (() => void)[] = []
    const joined = (world: Means) =>
      new Promise<void>((resolve) => {
        batch.push(resolve)
        if (batch.length < 3) return
        void world.step(() => {
          for (const each of batch) each()
          batch = []
        })
      })
    const awaits: Readonly<Record<string, number>> = { x: 9, y: 0, z: 4 }
    const command: Command = async (world, request) => {
      // Nobody waits for whoever is last.
      if (batch.length < 2) void world.step(() => undefined)
      await joined(world)
      for (let more = 0; more < (awaits[request] as number); more++) await undefined
    }
    const lines = await linesOf(command, ['x', 'y', 'z'])
    expect(lines.filter((line) => / n\w step /.test(line))).toEqual(['5 nx step x', '5 ny step y', '5 nz step z'])
  })
})

describe('a store that stops', () => {
  const restart: Fault = { kind: 'store-restart', atMs: 6, durationMs: 10, unsynced: 'lost' }

  it('cuts off what is under way: it is not carried on, and nobody is answered', async () => {
    const command: Command = async (world, request) => {
      for (let step = 1; step <= 9; step++) await says(world, `${request} ${step}`)
    }
    const lines = await linesOf(command, ['x'], { maxStepMs: 1, faults: [restart] })
    const cut = lines.indexOf('6 nx loses reply x')
    expect(cut).toBeGreaterThan(0)
    expect(lines.slice(cut)).toEqual(['6 nx loses reply x', '6 store lost until 16', '50 nx gives up x'])
  })

  it('cuts off what waits for another as well, and what goes on behind an answer', async () => {
    const never = new Promise(() => undefined)
    const waits: Command = (world, request) =>
      request === 'y' ? never : says(world, 'late').then(() => says(world, 'later'))
    const lines = await linesOf(waits, ['x', 'y'], { maxStepMs: 100, seed: 3, faults: [restart] })
    expect(lines.filter((line) => line.includes('late'))).toEqual([])
    expect(lines.filter((line) => line.includes('loses reply'))).toEqual(['6 nx loses reply x', '6 ny loses reply y'])
    const behind = await linesOf(async (world) => void says(world, 'late'), ['x'], {
      maxStepMs: 100,
      seed: 3,
      faults: [restart],
    })
    expect(behind).not.toContain('late')
    expect(behind).toContain('10 nx has x')
  })

  it('makes each step slow while it is slow', async () => {
    const command: Command = async (world) => {
      await says(world, 'reads')
      await says(world, 'writes')
    }
    const slow: Fault = { kind: 'slow-store', atMs: 0, durationMs: 25, delayMs: 10 }
    const lines = await linesOf(command, ['x'], { faults: [slow] })
    // It waits when it comes, and at its first step.
    expect(lines.filter((line) => / (reads|writes)$/.test(line))).toEqual(['25 reads', '25 writes'])
  })
})

describe('steps', () => {
  it('are the same for the same seed, in whatever order they come', async () => {
    const command: Command = async (world, request) => {
      for (let step = 0; step < 3; step++) await says(world, `${request} ${step}`)
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat({ max: 8 }), async (seed, maxStepMs) => {
        const run = () =>
          linesOf(command, ['x', 'y', 'z'], { seed, maxStepMs, network: rough, tieBreak: randomOrder(seed) })
        const lines = await run()
        expect(await run()).toEqual(lines)
      }),
      { numRuns: 40 },
    )
  })
})

import { describe, expect, it } from 'vitest'
import {
  type Body,
  builtInScenarios,
  defineScenario,
  memoryCore,
  runMatrix,
  runScenario,
  type Subject,
  workload,
} from '../../src/index.js'
import { reportMarkdown, reportOf } from '../../src/report/index.js'
import { whenAgain } from '../../src/scenario/index.js'

const small = defineScenario({
  name: 'small',
  description: 'two nodes take turns',
  parameters: workload({ nodes: 2, spaces: 1, durationMs: 2_000 }),
  network: () => ({ requestDelayMs: [1, 5], replyDelayMs: [1, 5], timeoutMs: 50 }),
  *node(node) {
    for (;;) {
      const outcome = yield node.acquire(node.spaces[0] as string, 100)
      if (outcome.kind === 'granted') yield node.append(outcome.fence, 'turn', node.index)
      yield node.sleep(node.random.int(20, 60))
    }
  },
  invariants: () => [],
})

const KEPT = Date
class OwnDate extends Date {}

describe('twice, or it does not count', () => {
  it('a scenario that draws only from its node is deterministic', async () => {
    const outcome = await runScenario(small)
    expect(outcome).toMatchObject({ deterministic: true, passed: true })
    expect(outcome.divergence).toBeUndefined()
    expect((await runScenario(small)).signature).toBe(outcome.signature)
    expect((await runScenario(small, { seed: 2 })).signature).not.toBe(outcome.signature)
  })

  it('a scenario begins its rules anew for each run, and what it keeps for them', async () => {
    let turns: string[] = []
    const keeping = {
      ...small,
      *node(node: Parameters<typeof small.node>[0]): Body {
        turns.push(node.name)
        yield node.sleep(turns.length)
        yield node.acquire(node.spaces[0] as string, 100)
      },
      invariants: () => {
        turns = []
        return []
      },
    }
    expect(await runScenario(keeping)).toMatchObject({ deterministic: true, passed: true })
  })

  it('an invariant that judges by what it keeps from run to run, or by chance, is named', async () => {
    let judged = 0
    const moody = {
      ...small,
      invariants: () => [
        { name: 'steady', rule: 'is kept', kinds: ['granted'], begin: () => ({ step: () => undefined }) } as const,
        {
          name: 'moody',
          rule: 'is kept on the second day',
          kinds: ['granted'],
          begin: () => {
            judged += 1
            return { step: () => (judged === 1 ? undefined : 'not today') }
          },
        } as const,
      ],
    }
    const outcome = await runScenario(moody)
    expect(outcome).toMatchObject({ deterministic: false, passed: false, divergence: { invariants: ['moody'] } })
    expect(outcome.divergence?.digests[0]).toBe(outcome.divergence?.digests[1])
    expect(reportMarkdown(reportOf(1, [outcome]))).toContain(
      'not deterministic: the same trace twice, but not the same verdict of moody,',
    )
  })

  it('a scenario that remembers its last run is named with the first event that differs', async () => {
    let started = 0
    const careless = {
      ...small,
      *node(node: Parameters<typeof small.node>[0]) {
        yield node.sleep(30)
        yield node.sleep(started++)
        yield node.acquire(node.spaces[0] as string, 100)
      },
    }
    const outcome = await runScenario(careless)
    expect(outcome).toMatchObject({ deterministic: false, passed: false })
    const first = outcome.divergence?.first
    expect(first?.index).toBe(0)
    expect(first?.atMs).toBeGreaterThanOrEqual(30)
    expect(first?.events).toEqual([
      expect.stringMatching(/^\d+ ms node-\d sends acquire of space-0 #1$/),
      expect.stringMatching(/^\d+ ms node-\d sends/),
    ])
    expect(first?.events[0]).not.toBe(first?.events[1])
  })

  it.each([
    ['the year', () => new Date().getFullYear()],
    ['the day of the week', () => new Date().getDay()],
    ['whole hours', () => Math.floor(Date.now() / 3_600_000)],
    ['the date as text', () => Date().slice(0, 15)],
    ['whole seconds of process.hrtime', () => process.hrtime()[0]],
    ['whole seconds of process.hrtime.bigint', () => Number(process.hrtime.bigint() / 1_000_000_000n)],
    ['whole seconds of process.uptime', () => Math.floor(process.uptime())],
    ['whole seconds of performance.now', () => Math.floor(performance.now() / 1_000)],
    ['the day on which the process began', () => Math.floor(performance.timeOrigin / 86_400_000)],
  ])('a scenario that reads %s is found, however slowly that changes', async (_, read) => {
    const clocks = () => [Date, process.hrtime, process.uptime, performance.now, performance.timeOrigin]
    const before = clocks()
    const dated = {
      ...small,
      *node(node: Parameters<typeof small.node>[0]): Body {
        const outcome = yield node.acquire(node.spaces[0] as string, 100)
        if (outcome.kind === 'granted') yield node.append(outcome.fence, 'on', read())
      },
    }
    const { deterministic, divergence } = await runScenario(dated)
    expect(deterministic).toBe(false)
    expect(divergence?.first?.events[0]).toMatch(/sends append/)
    expect(clocks()).toEqual(before)
    expect(Date.prototype.constructor).toBe(Date)
    expect(Object.keys(Object.getOwnPropertyDescriptors(performance))).not.toContain('now')
  })

  it.each([
    ['the constructor of a date', (atMs: number) => new Date(atMs).constructor === Date],
    ['a Date that was kept', () => KEPT === Date],
    ['a class of its own dates', (atMs: number) => new OwnDate(atMs) instanceof Date],
  ])('a scenario that looks at %s and at no clock is deterministic', async (_, look) => {
    const looking = {
      ...small,
      *node(node: Parameters<typeof small.node>[0]): Body {
        const outcome = yield node.acquire(node.spaces[0] as string, 100)
        if (outcome.kind === 'granted') yield node.append(outcome.fence, 'saw', look(node.nowMs))
      },
    }
    expect(await runScenario(looking)).toMatchObject({ deterministic: true, passed: true })
  })

  it.each([
    ['before it waits', (hours: () => number) => async () => hours()],
    ['after it has waited', (hours: () => number) => async () => Promise.resolve().then(hours)],
    ['after a timer', (hours: () => number) => () => new Promise<number>((done) => setTimeout(() => done(hours()), 1))],
  ])('a subject that answers later and reads whole hours %s is found', async (_, reading) => {
    const read = reading(() => Math.floor(Date.now() / 3_600_000))
    const hourly = (asked: () => number | Promise<number>): Subject => ({
      name: 'hourly',
      core: ({ mint }) => {
        const core = memoryCore(mint)
        return {
          async execute(command, nowMs) {
            const hours = await asked()
            const reply = await core.execute(command, nowMs)
            return reply.kind === 'granted' ? { ...reply, expiresAtMs: reply.expiresAtMs + (hours % 1_000) } : reply
          },
        }
      },
    })
    const brief = { parameters: { durationMs: 200 } }
    const today = await runScenario(small, { ...brief, subject: hourly(read) })
    expect(today.deterministic).toBe(false)
    // Nobody else's clock is ahead meanwhile, or afterwards.
    const beganMs = Date.now()
    let latestMs = beganMs
    const looking = setInterval(() => {
      latestMs = Math.max(latestMs, Date.now())
    }, 1)
    await runScenario(small, { ...brief, subject: hourly(read) })
    clearInterval(looking)
    expect(Math.max(latestMs, Date.now()) - beganMs).toBeLessThan(3_600_000)
    expect((await runScenario(small, { ...brief, subject: hourly(() => 1) })).deterministic).toBe(true)
  })

  it('clocks agree on the other day, and measure how long something lasts as on any', () => {
    const apart = (one: number, other: number) => Math.abs(one - other)
    whenAgain(undefined)(() => {
      expect(apart(Date.now(), performance.timeOrigin + performance.now())).toBeLessThan(1_000)
      const [seconds, ns] = process.hrtime(process.hrtime())
      expect(seconds).toBe(0)
      expect(ns).toBeGreaterThan(0)
      const [uptimeMs, hrtimeMs] = [process.uptime() * 1_000, Number(process.hrtime.bigint() / 1_000_000n)]
      expect(apart(performance.now(), uptimeMs)).toBeLessThan(1_000)
      expect(process.hrtime()[0] * 1_000).toBeGreaterThan(hrtimeMs - 1_001)
    })
  })

  it('a subject that answers later has one clock that never goes back', async () => {
    let lowestMs = Number.POSITIVE_INFINITY
    const timed: Subject = {
      name: 'timed',
      core: ({ mint }) => {
        const core = memoryCore(mint)
        return {
          async execute(command, nowMs) {
            const startedMs = performance.now()
            await Promise.resolve()
            lowestMs = Math.min(lowestMs, performance.now() - startedMs)
            return core.execute(command, nowMs)
          },
        }
      },
    }
    expect((await runScenario(small, { subject: timed })).deterministic).toBe(true)
    expect(lowestMs).toBeGreaterThanOrEqual(0)
  })

  it('what cannot be put on another day is left as it is, and all else put back', async () => {
    const { Date: today, performance: clock } = globalThis
    const uptime = process.uptime
    Object.defineProperty(globalThis, 'performance', {
      value: Object.freeze({ now: () => clock.now(), timeOrigin: clock.timeOrigin }),
      configurable: true,
    })
    try {
      expect((await runScenario(small)).deterministic).toBe(true)
    } finally {
      Object.defineProperty(globalThis, 'performance', { value: clock, configurable: true, writable: true })
    }
    expect(globalThis.Date).toBe(today)
    expect(process.uptime).toBe(uptime)
  })

  it('a subject that reads Date.now is found by the lease it grants, with the events before it the same', async () => {
    let tick = 0
    const clocked: Subject = {
      name: 'clocked',
      core: ({ mint }) => {
        const core = memoryCore(mint)
        return {
          async execute(command, nowMs) {
            const reply = await core.execute(command, nowMs)
            // Two runs may fall within one millisecond: the tick keeps this test from hanging on the host's speed.
            return reply.kind === 'granted' ? { ...reply, expiresAtMs: Date.now() + tick++ } : reply
          },
        }
      },
    }
    const { divergence, deterministic } = await runScenario(small, { subject: clocked })
    expect(deterministic).toBe(false)
    expect(divergence?.first?.index).toBe(2)
    expect(divergence?.first?.events[0]).toMatch(
      /← granted: acquire of space-0 #1 \(epoch 1, until \d+ ms, token [0-9a-f]{8}\)$/,
    )
  })

  it('a subject that answers with promises gives the same signature as one that answers at once', async () => {
    const slow: Subject = {
      name: 'slow',
      core: ({ mint }) => {
        const core = memoryCore(mint)
        return { execute: async (command, nowMs) => core.execute(command, nowMs) }
      },
    }
    for (const scenario of builtInScenarios) {
      const parameters = { durationMs: 3_000 }
      const [direct, promised] = [
        await runScenario(scenario, { parameters }),
        await runScenario(scenario, { parameters, subject: slow }),
      ]
      expect(promised.signature).toBe(direct.signature)
    }
  })

  it('a seed that is none is refused', async () => {
    for (const seed of [-1, 1.5, 2 ** 40, Number.NaN]) {
      await expect(runScenario(small, { seed })).rejects.toThrow(RangeError)
      await expect(runMatrix([small], { seed })).rejects.toThrow(`seed is ${seed}: expected a whole number from 0 to`)
    }
    await expect(runScenario(small, { seed: '1' as unknown as number })).rejects.toThrow(TypeError)
    expect(await runScenario(small, { seed: 4_294_967_295 })).toMatchObject({ passed: true })
  })

  it('counts what failed on the report, and a report of nothing has not passed', async () => {
    const report = await runMatrix([small, { ...small, name: 'smaller' }], {
      budgets: {
        version: 7,
        scenarios: {
          small: {
            maxLeaseWindowP95Ms: 0,
            maxCheckpointWindowEvents: 0,
            maxReplayWindowMs: 0,
            maxQueueDepth: 0,
            maxRetryAttempts: 0,
          },
        },
      },
    })
    expect(report).toMatchObject({
      passed: false,
      budgetVersion: 7,
      failedScenarios: 1,
      failedBudgets: 1,
      invariantFailures: 0,
      nondeterministicFailures: 0,
    })
    expect(report.outcomes[1]).not.toHaveProperty('budget')
    expect((await runMatrix([])).passed).toBe(false)
  })
})

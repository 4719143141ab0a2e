import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtInScenarios, explorationScenarios, jobLifecycle, leaseLifecycle } from '../../scenarios/index.js'
import { addCoverage, emptyCoverage } from '../../src/explore/coverage.js'
import {
  attempt,
  type Chunk,
  type ChunkResult,
  type Coverage,
  drawSwarm,
  type ExploreOptions,
  explore,
  exploreChunk,
  type Failure,
  failureOf,
  faultKinds,
  kindOf,
  type Plan,
  repliesOf,
  type Swarm,
  storyOf,
  strategies,
} from '../../src/explore/index.js'
import { aim } from '../../src/explore/swarm.js'
import type { Fault } from '../../src/kernel/index.js'
import { type Body, type Contender, defineScenario, type Scenario, workload } from '../../src/scenario/index.js'
import { builtInSubject, type CorePart, defineSubject, type LogPart, type Subject } from '../../src/subject/index.js'
import { eventKinds } from '../../src/trace/index.js'
import countsFromReply from '../corpus/p09-counts-from-reply.js'
import renewalFailureIgnored from '../corpus/p13-renewal-failure-ignored.js'

const maxEvents = 200_000
const of = (subject: Subject): ExploreOptions => ({ subject, maxEvents })
const chunk = (from: number, seeds: number, maxFailures = 1): Chunk => ({ from, seeds, maxFailures })
const all: readonly Scenario[] = [...explorationScenarios, ...builtInScenarios]
const seeds = (count: number): readonly number[] => Array.from({ length: count }, (_, seed) => seed)
const sum = (counts: readonly number[]): number => counts.reduce((one, other) => one + other, 0)

async function failuresOf(subject: Subject, seedsOf: Chunk, scenarios = explorationScenarios) {
  return (await exploreChunk(scenarios, seedsOf, of(subject))).failures
}

describe('exploration', () => {
  it('finds the seed at which a subject breaks a rule, and gives the plan that breaks it again', async () => {
    const found = await exploreChunk(explorationScenarios, chunk(0, 100), of(countsFromReply))
    expect(found.failures).toHaveLength(1)
    const [failure] = found.failures as [Failure]
    expect(failure).toMatchObject({ kind: 'breach', scenario: 'lease-lifecycle', seed: found.seeds - 1 })
    expect(failureOf(await attempt(leaseLifecycle, failure.plan, of(countsFromReply)), failure.plan)).toEqual(failure)
    expect(failureOf(await attempt(leaseLifecycle, failure.plan, of(builtInSubject)), failure.plan)).toBeUndefined()
  })

  it('says whether commands awaited something, while nothing else happened', async () => {
    const later = defineSubject({
      name: 'later',
      core: ({ builtIn }) => ({ ...builtIn.core, acquire: async (...asked) => builtIn.core.acquire(...asked) }),
    })
    const awaitedBy = async (subject: Subject) =>
      (await exploreChunk([leaseLifecycle], chunk(1, 2), of(subject))).awaited
    expect([await awaitedBy(later), await awaitedBy(builtInSubject)]).toEqual([true, false])
  })

  it('counts what there was of runs that came to no end', async () => {
    const throwsLate = defineSubject({
      name: 'throws late',
      core: ({ builtIn }) => ({
        ...builtIn.core,
        release(command, nowMs) {
          if (nowMs > 300) throw new Error('no')
          return builtIn.core.release(command, nowMs)
        },
      }),
    })
    const { failures, events, steps, coverage } = await exploreChunk([leaseLifecycle], chunk(1, 20), of(throwsLate))
    expect(failures).toMatchObject([{ kind: 'subject-fault' }])
    expect(events).toBe(sum(coverage.events))
    expect(events).toBeGreaterThan(50)
    expect(steps).toBeGreaterThan(50)
  })

  it('leaves the workers alone in the calm', async () => {
    let crashes = 0
    for (const seed of seeds(60)) {
      const plan = drawSwarm(jobLifecycle, seed)
      const { durationMs = 0, calmMs = 0 } = plan.parameters
      const observe = ({ atMs }: { readonly atMs: number }): void => {
        crashes += 1
        expect(atMs).toBeLessThan(durationMs - calmMs)
      }
      await attempt(jobLifecycle, plan, of(builtInSubject), { listeners: [{ kinds: ['crashed'], observe }] })
    }
    expect(crashes).toBeGreaterThan(20)
  })

  it('gives the same for the same chunk', async () => {
    const once = () => exploreChunk(explorationScenarios, chunk(20, 30, 3), of(countsFromReply))
    expect(await once()).toEqual(await once())
  })

  it('leaves the seeds behind the last failure that is wanted', async () => {
    const [one, three] = await Promise.all([1, 3].map((wanted) => failuresOf(countsFromReply, chunk(0, 100, wanted))))
    expect(three).toHaveLength(3)
    expect(one).toEqual(three?.slice(0, 1))
  })

  it('judges only the rules that are asked for', async () => {
    const judging = (invariants: readonly string[]) =>
      exploreChunk(explorationScenarios, chunk(0, 40), { ...of(countsFromReply), invariants })
    expect((await judging(['exclusive-belief'])).failures).toHaveLength(1)
    expect((await judging(['epochs-grow'])).failures).toHaveLength(0)
  })
})

describe('what a seed decides', () => {
  it.each(all.map((scenario) => [scenario.name, scenario] as const))('for %s is always the same', (_name, scenario) => {
    const forwards = seeds(300).map((seed) => drawSwarm(scenario, seed))
    const backwards = seeds(300).map((seed) => drawSwarm(scenario, 299 - seed))
    expect(backwards.reverse()).toEqual(forwards)
    expect(new Set(forwards.map((swarm) => JSON.stringify({ ...swarm, seed: 0 }))).size).toBeGreaterThan(290)
  })

  it.each(all.map((scenario) => [scenario.name, scenario] as const))(
    'for %s has every parameter within its bounds',
    (_name, scenario) => {
      for (const seed of seeds(1_000)) {
        const { parameters } = drawSwarm(scenario, seed)
        expect(Object.keys(parameters).sort()).toEqual(Object.keys(scenario.parameters).sort())
        for (const [name, { min, max }] of Object.entries(scenario.parameters)) {
          const value = parameters[name] as number
          expect(Number.isSafeInteger(value) && value >= min && value <= max, `${name} ${value}`).toBe(true)
        }
      }
    },
  )

  it('may have parameters that are given, and is the same for the rest', () => {
    for (const seed of seeds(50)) {
      const drawn = drawSwarm(leaseLifecycle, seed)
      const given = drawSwarm(leaseLifecycle, seed, { parameters: { nodes: 7, maxDriftPpm: 500 } })
      expect(given.strategy).toBe(drawn.strategy)
      // The calm is as long as it takes to serve so many.
      const { calmMs = 0, durationMs = 0 } = given.parameters
      expect(calmMs).toBeGreaterThan(drawn.parameters['calmMs'] ?? 0)
      expect(given.parameters).toEqual({ ...drawn.parameters, nodes: 7, maxDriftPpm: 500, calmMs, durationMs })
    }
    expect(() => drawSwarm(leaseLifecycle, 1, { parameters: { nodes: 0 } })).toThrow(/nodes is 0/)
  })

  it('may have a parameter given that another scenario has', () => {
    const { tasks, jobs } = drawSwarm(leaseLifecycle, 3, { parameters: { tasks: 8 } }).parameters
    expect({ tasks, jobs }).toEqual({ tasks: 8 })
    expect(drawSwarm(jobLifecycle, 3, { parameters: { tasks: 8 } })).toEqual(drawSwarm(jobLifecycle, 3))
  })

  it.each(strategies)('may have the strategy %s for every seed', (strategy) => {
    for (const seed of seeds(50)) expect(drawSwarm(leaseLifecycle, seed, { strategy }).strategy).toBe(strategy)
  })

  it('is the same for the rest when the strategy is given', () => {
    const drawn = drawSwarm(leaseLifecycle, 1)
    expect(drawSwarm(leaseLifecycle, 1, { strategy: drawn.strategy })).toEqual(drawn)
  })

  it('switches each kind of fault off in about half of the seeds, and draws every strategy', () => {
    const swarms = seeds(1_000).map((seed) => drawSwarm(leaseLifecycle, seed))
    for (const kind of faultKinds) {
      // A clock drifts only where the clients allow for it.
      const could = swarms.filter(({ parameters }) => kind !== 'clock-drift' || (parameters['maxDriftPpm'] ?? 0) > 0)
      const share = could.filter(({ kinds }) => kinds.includes(kind)).length / could.length
      expect(share, kind).toBeGreaterThan(0.4)
      expect(share, kind).toBeLessThan(0.6)
    }
    for (const strategy of strategies) {
      expect(swarms.filter((swarm) => swarm.strategy === strategy).length, strategy).toBeGreaterThan(150)
    }
  })
})

/** A seed run as exploration runs it, and the plan that it leaves. */
async function explored(
  scenario: Scenario,
  seed: number,
  subject: Subject,
): Promise<{ readonly swarm: Swarm; readonly plan: Plan; readonly digest: string }> {
  const swarm = drawSwarm(scenario, seed)
  const { strategy, parameters } = swarm
  const faults: Fault[] = [...swarm.faults]
  const meddle = aim(scenario, swarm, (fault) => faults.push(fault))
  const digest = await digestOf(scenario, swarm, subject, { meddle })
  return { swarm, plan: { scenario: scenario.name, seed, strategy, parameters, faults }, digest }
}

async function digestOf(
  scenario: Scenario,
  plan: Plan,
  subject: Subject,
  observers?: Parameters<typeof attempt>[3],
): Promise<string> {
  const attempted = await attempt(scenario, plan, of(subject), observers)
  if (attempted.kind === 'failed') throw attempted.error
  return attempted.execution.digest
}

/** When a fault ends; what stays as it is from then on ends at once. */
function endMs(fault: Fault): number {
  const lengthMs = 'durationMs' in fault ? fault.durationMs : fault.kind === 'crash' ? (fault.restartAfterMs ?? 0) : 0
  return fault.atMs + lengthMs
}

describe.each([
  ['lease-lifecycle', leaseLifecycle as Scenario],
  ['job-lifecycle', jobLifecycle as Scenario],
])('the plan that a seed of %s leaves', (_name, scenario) => {
  const runs = Promise.all(seeds(300).map((seed) => explored(scenario, seed, builtInSubject)))

  it('runs to the very digest of the run that made it, aimed faults included', async () => {
    for (const { plan, digest } of await runs) {
      expect(await digestOf(scenario, plan, builtInSubject), `seed ${plan.seed}`).toBe(digest)
    }
    const aimed = (await runs).map(({ swarm, plan }) => plan.faults.length - swarm.faults.length)
    expect(sum(aimed)).toBeGreaterThan(200)
  })

  it('has no fault of a kind that is off', async () => {
    for (const { swarm, plan } of await runs) {
      for (const fault of plan.faults) expect(swarm.kinds).toContain(kindOf(fault))
    }
  })

  it('has no more aimed faults than were allowed for', async () => {
    for (const { swarm, plan } of await runs) {
      expect(plan.faults.slice(0, swarm.faults.length)).toEqual(swarm.faults)
      expect(plan.faults.length - swarm.faults.length).toBeLessThanOrEqual(swarm.aimed)
    }
  })

  it('has no fault of less than no time, however little time there is', () => {
    for (const durationMs of [1, 2, 3, 500]) {
      for (let seed = 0; seed < 300; seed++) {
        const { faults } = drawSwarm(leaseLifecycle, seed, { parameters: { durationMs } })
        for (const fault of faults) if ('durationMs' in fault) expect(fault.durationMs).toBeGreaterThanOrEqual(0)
      }
    }
  })

  it('has every fault over when the calm begins', async () => {
    for (const { plan } of await runs) {
      const { durationMs = 0, calmMs = 0 } = plan.parameters
      for (const fault of plan.faults) {
        expect(fault.atMs, JSON.stringify(fault)).toBeLessThan(durationMs - calmMs)
        expect(endMs(fault), JSON.stringify(fault)).toBeLessThanOrEqual(durationMs - calmMs)
      }
    }
  })

  it('strikes nodes that there are', async () => {
    for (const { plan } of await runs) {
      for (const fault of plan.faults) {
        const struck = 'node' in fault ? [fault.node] : fault.kind === 'partition' ? fault.nodes : []
        for (const node of struck) expect(node >= 0 && node < (plan.parameters['nodes'] ?? 0)).toBe(true)
      }
    }
  })
})

describe('coverage', () => {
  it('adds up: two halves are the whole', async () => {
    const [whole, one, other] = await Promise.all(
      [chunk(0, 40), chunk(0, 15), chunk(15, 25)].map((each) =>
        exploreChunk(explorationScenarios, each, of(builtInSubject)),
      ),
    )
    const total = emptyCoverage()
    for (const half of [one, other]) addCoverage(total, half?.coverage as Coverage)
    expect(total).toEqual(whole?.coverage)
    expect((one?.events ?? 0) + (other?.events ?? 0)).toBe(whole?.events)
    expect((one?.steps ?? 0) + (other?.steps ?? 0)).toBe(whole?.steps)
  })

  it('counts every event once, and every reply', async () => {
    const seen = new Map<string, number>()
    const { events, coverage } = await exploreChunk([leaseLifecycle], chunk(1, 20), of(builtInSubject))
    expect(sum(coverage.events)).toBe(events)
    for (const seed of seeds(21).slice(1)) {
      const { plan } = await explored(leaseLifecycle, seed, builtInSubject)
      await attempt(leaseLifecycle, plan, of(builtInSubject), {
        listeners: [{ observe: ({ kind }) => void seen.set(kind, (seen.get(kind) ?? 0) + 1) }],
      })
    }
    expect(coverage.events).toEqual(eventKinds.map((kind) => seen.get(kind) ?? 0))
    for (const [kind, count] of repliesOf(coverage)) expect(count).toBe(seen.get(kind) ?? 0)
  })

  it('has no strikes of a kind that is off, and some of every kind in the end', async () => {
    const total = emptyCoverage()
    for (const seed of seeds(100)) {
      const { kinds } = drawSwarm(leaseLifecycle, seed)
      const { coverage } = await exploreChunk([leaseLifecycle], chunk(seed, 1), of(builtInSubject))
      for (const [row, kind] of faultKinds.entries()) {
        if (!kinds.includes(kind)) expect(sum(coverage.strikes[row] as number[]), `${kind}, seed ${seed}`).toBe(0)
      }
      addCoverage(total, coverage)
    }
    for (const [row, kind] of faultKinds.entries()) {
      expect(sum(total.strikes[row] as number[]), kind).toBeGreaterThan(0)
    }
  })
})

/** What exploration would find if it found at these seeds what is said: so many failures each, of two scenarios. */
function pretended(found: ReadonlyMap<number, number>) {
  return ({ from, seeds: count, maxFailures }: Chunk): ChunkResult => {
    const total = {
      seeds: 0,
      events: 0,
      steps: 0,
      coverage: emptyCoverage(),
      failures: [] as Failure[],
      awaited: false,
    }
    for (let seed = from; seed < from + count && total.failures.length < maxFailures; seed++) {
      total.seeds += 1
      for (const scenario of ['one', 'other']) {
        if (total.failures.length >= maxFailures) break
        total.events += seed + 1
        total.steps += 2 * seed
        const coverage = emptyCoverage()
        coverage.events[seed % eventKinds.length] = 1
        ;(coverage.strikes[seed % faultKinds.length] as number[])[0] = seed
        addCoverage(total.coverage, coverage)
        const fails = (found.get(seed) ?? 0) > (scenario === 'one' ? 0 : 1)
        const plan: Plan = { scenario, seed, strategy: 'insertion', parameters: {}, faults: [] }
        if (fails) total.failures.push({ kind: 'nondeterministic', scenario, seed, plan })
      }
    }
    return total
  }
}

/** `run`, of which some chunks come later than those that were started after them. */
function shuffled(run: (chunk: Chunk) => ChunkResult | Promise<ChunkResult>, turns: readonly number[]) {
  let started = 0
  return async (each: Chunk): Promise<ChunkResult> => {
    const result = await run(each)
    for (let turn = (turns[started++ % turns.length] ?? 0) * 10; turn > 0; turn--) await undefined
    return result
  }
}

describe('exploring chunk by chunk', () => {
  const anyTurns = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 8 })

  it('gives what one seed after another gives, in whatever order the chunks come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.nat({ max: 600 }), fc.constantFrom(1, 2)), {
          maxLength: 8,
          selector: ([seed]) => seed,
        }),
        fc.nat({ max: 100 }),
        fc.nat({ max: 500 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(1, 2, 5, 40),
        anyTurns,
        async (found, fromSeed, count, maxFailures, atOnce, turns) => {
          const run = pretended(new Map(found))
          const extent = { fromSeed, seeds: count, maxFailures, atOnce }
          const expected = { fromSeed, ...run(chunk(fromSeed, count, maxFailures)) }
          expect(await explore(shuffled(run, turns), extent)).toEqual(expected)
        },
      ),
      { numRuns: 300 },
    )
  })

  it.each([
    ['p13', renewalFailureIgnored, 600],
    ['p09', countsFromReply, 120],
  ])('does so on what there is to find in %s', async (_id, subject, count) => {
    const run = (each: Chunk) => exploreChunk(explorationScenarios, each, of(subject))
    const known = new Map<string, Promise<ChunkResult>>()
    const remembered = (each: Chunk): Promise<ChunkResult> => {
      const key = JSON.stringify(each)
      const result = known.get(key) ?? run(each)
      known.set(key, result)
      return result
    }
    for (const maxFailures of [1, 2, 3]) {
      const expected = { fromSeed: 10, ...(await run(chunk(10, count, maxFailures))) }
      expect(expected.failures.length).toBe(maxFailures)
      for (const atOnce of [1, 5]) {
        const found = await explore(shuffled(remembered, [9, 0, 5, 1]), {
          fromSeed: 10,
          seeds: count,
          maxFailures,
          atOnce,
        })
        expect(found).toEqual(expected)
      }
    }
  })

  it('has no more chunks under way than it may', async () => {
    for (const atOnce of [1, 3, 5]) {
      let [underWay, most] = [0, 0]
      const run = shuffled(pretended(new Map()), [3, 0, 7])
      await explore(
        async (each) => {
          underWay += 1
          most = Math.max(most, underWay)
          const result = await run(each)
          underWay -= 1
          return result
        },
        { fromSeed: 0, seeds: 1_000, maxFailures: 1, atOnce },
      )
      expect(most).toBe(atOnce)
    }
  })

  it('goes on until it is told to stop, and says what is known after each chunk', async () => {
    const told: number[] = []
    const { seeds: count } = await explore(shuffled(pretended(new Map()), [3, 0, 7]), {
      fromSeed: 5,
      seeds: Number.POSITIVE_INFINITY,
      maxFailures: 1,
      atOnce: 2,
      goOn: () => told.length < 4,
      onProgress: (soFar) => told.push(soFar.seeds),
    })
    expect(told.at(-1)).toBe(count)
    expect(told.length).toBeGreaterThanOrEqual(4)
    expect(told).toEqual([...told].sort((one, other) => one - other))
  })

  it('fails with a chunk that fails, unless enough was found before it', async () => {
    const failing = (found: ReadonlyMap<number, number>) => async (each: Chunk) => {
      if (each.from >= 50) throw new Error('the worker is gone')
      return shuffled(pretended(found), [9])(each)
    }
    const extent = { fromSeed: 0, seeds: 200, maxFailures: 1, atOnce: 5 }
    await expect(explore(failing(new Map()), extent)).rejects.toThrow('the worker is gone')
    expect((await explore(failing(new Map([[20, 1]])), extent)).failures).toHaveLength(1)
  })
})

/** The built-in subject with a core that is told how many runs there were before. */
function byRun(name: string, core: (before: number, builtIn: CorePart) => CorePart): Subject {
  let runs = 0
  return defineSubject({
    name,
    core: ({ builtIn, durable }) => core(durable('run', () => ({ before: runs++ })).before, builtIn.core),
  })
}

describe('a subject that is not deterministic', () => {
  /** Never wrong, but in every other run nobody can renew. */
  const renewsInTurn = () =>
    byRun('renews in turn', (before, builtIn) =>
      before % 2 === 0 ? builtIn : { ...builtIn, renew: () => ({ kind: 'lease-expired' }) },
    )

  it('is found out though it breaks no rule: the first seed of a chunk, and one in 64, is run twice', async () => {
    const failures = await failuresOf(renewsInTurn(), { ...chunk(3, 70), maxFailures: 9 }, [leaseLifecycle])
    expect(failures.map(({ seed, kind }) => [seed, kind])).toEqual([
      [3, 'nondeterministic'],
      [64, 'nondeterministic'],
    ])
  })

  it('is found out when it breaks a rule: every failure is seen twice', async () => {
    const subject = byRun('reuses epochs in turn', (before, { acquire, ...others }) => ({
      ...others,
      acquire(command, nowMs) {
        const reply = acquire?.(command, nowMs)
        if (reply === undefined || reply instanceof Promise) throw new Error('expected an answer at once')
        return before % 2 === 0 && reply.kind === 'granted' ? { ...reply, fence: { ...reply.fence, epoch: 1 } } : reply
      },
    }))
    const [failure] = await failuresOf(subject, chunk(1, 20), [leaseLifecycle])
    expect(failure).toMatchObject({ kind: 'nondeterministic', seed: 1 })
    expect(failure?.plan).toMatchObject({ seed: 1, scenario: 'lease-lifecycle' })
  })

  it('is found out when it reads a clock that shows the same for seconds, or years: the second run is on another day', async () => {
    const dated: Subject = {
      name: 'dated',
      core: ({ builtIn }) => ({
        ...builtIn.core,
        renew(command, nowMs) {
          const reply = builtIn.core.renew?.(command, nowMs)
          if (reply === undefined || reply instanceof Promise) throw new Error('expected an answer at once')
          return reply.kind === 'renewed'
            ? { ...reply, expiresAtMs: reply.expiresAtMs + new Date().getUTCDay() }
            : reply
        },
      }),
    }
    const [failure] = await failuresOf(dated, chunk(1, 1), [leaseLifecycle])
    expect(failure).toMatchObject({ kind: 'nondeterministic', seed: 1 })
    const { lines: story } = await storyOf(leaseLifecycle, failure as Failure, { subject: dated, maxEvents: 200_000 })
    expect(story[0]).toMatch(/^from event \d+ on$/)
    expect(story[1]).toContain('← renewed')
  })

  it('is found out when it throws in one run only', async () => {
    const subject = byRun('throws in turn', (before, builtIn) => ({
      ...builtIn,
      renew(command, nowMs) {
        if (before % 2 === 0) throw new Error('now and then')
        return builtIn.renew?.(command, nowMs) ?? { kind: 'superseded' }
      },
    }))
    const [failure] = await failuresOf(subject, chunk(1, 20), [leaseLifecycle])
    expect(failure).toMatchObject({ kind: 'nondeterministic' })
  })
})

describe('a subject at fault', () => {
  const withLog = (part: (builtIn: LogPart) => LogPart): Omit<Subject, 'name'> => ({
    log: ({ builtIn }) => part(builtIn.log),
  })
  const fails = (said: string) => () => {
    throw new Error(said)
  }

  it.each<[what: string, fault: string, command: string, message: string, subject: Omit<Subject, 'name'>]>([
    [
      'throws',
      'threw',
      'append',
      'subject "mine" threw on append: disk full',
      withLog((log) => ({ ...log, append: fails('disk full') })),
    ],
    [
      'rejects later',
      'threw',
      'load',
      'subject "mine" threw on load: disk gone',
      withLog((log) => ({ ...log, load: () => Promise.reject(new Error('disk gone')) })),
    ],
    [
      'answers in a wrong shape',
      'wrong-shape',
      'append',
      'appended with seq undefined',
      withLog((log) => ({ ...log, append: () => ({ kind: 'appended' }) as never })),
    ],
    [
      'writes to what it is given',
      'mutated',
      'append',
      'wrote to the append that it was given',
      withLog((log) => ({
        ...log,
        append: (command, nowMs) => log.append?.(Object.assign(command, { type: 'mine' }), nowMs) as never,
      })),
    ],
    [
      'cannot be put together',
      'threw',
      'core',
      'subject "mine" threw in core: no config',
      { core: fails('no config') as never },
    ],
    [
      'has a client that throws',
      'threw',
      'client.believes',
      'subject "mine" threw in client.believes: no clock',
      { client: { believes: fails('no clock') } },
    ],
  ])('which %s, is told so', async (_what, fault, command, message, subject) => {
    const [failure] = await failuresOf({ name: 'mine', ...subject }, chunk(1, 20))
    expect(failure).toMatchObject({ kind: 'subject-fault', fault, command })
    expect(failure?.kind === 'subject-fault' && failure.message).toContain(message)
    expect(failure?.kind === 'subject-fault' && failure.atMs).toBeGreaterThanOrEqual(0)
  })

  it('is not blamed for what the scenario throws', async () => {
    const scenario = defineScenario({
      name: 'throws',
      description: 'throws',
      parameters: workload({ nodes: 1, spaces: 1, durationMs: 100 }),
      network: () => ({ requestDelayMs: [1, 1], replyDelayMs: [1, 1], timeoutMs: 10 }),
      // biome-ignore lint/correctness/useYield: it does not come so far
      *node(_node: Contender): Body {
        throw new Error('a mistake in the scenario')
      },
      invariants: () => [],
    })
    await expect(failuresOf(builtInSubject, chunk(1, 1), [scenario])).rejects.toThrow('a mistake in the scenario')
  })
})

describe('a client that never sleeps', () => {
  it('ends as endless where messages take no time', async () => {
    const subject = defineSubject({ name: 'at once', client: { retryAfterMs: () => 0 } })
    const options = { ...of(subject), maxEvents: 20_000, invariants: ['exclusive-belief'] }
    const { failures } = await exploreChunk([leaseLifecycle], chunk(1, 100), options)
    const [failure] = failures as [Failure]
    expect(failure).toMatchObject({ kind: 'endless', maxEvents: 20_000, scenario: 'lease-lifecycle' })
    expect(failureOf(await attempt(leaseLifecycle, failure.plan, options), failure.plan)).toEqual(failure)
  })
})

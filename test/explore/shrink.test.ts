import { describe, expect, it } from 'vitest'
import { explorationScenarios, leaseLifecycle } from '../../scenarios/index.js'
import {
  attempt,
  exploreChunk,
  type Failure,
  failureOf,
  type Plan,
  planOf,
  type Shrunk,
  shrink,
  storyOf,
  tokenOf,
} from '../../src/explore/index.js'
import type { Fault } from '../../src/kernel/index.js'
import { type Body, defineScenario, resolveParameters, type Scenario, workload } from '../../src/scenario/index.js'
import { builtInSubject, defineSubject, type Subject } from '../../src/subject/index.js'
import { castOf, describeEvent, numbered, recorder, type TraceEvent } from '../../src/trace/index.js'
import takeoverDeletesByKey from '../corpus/p02-takeover-deletes-by-key.js'
import renewRecreates from '../corpus/p04-renew-recreates.js'
import ttlSetAfter from '../corpus/p06-ttl-set-after.js'
import countsFromReply from '../corpus/p09-counts-from-reply.js'
import fenceInMemory from '../corpus/p11-fence-in-memory.js'
import retryWithoutCap from '../corpus/p16-retry-without-cap.js'
import expiredWorkFirst from '../corpus/p18-expired-work-first.js'
import acknowledgesBeforeDurable from '../corpus/p23-acknowledges-before-durable.js'
import tokenNotCompared from '../corpus/x01-token-not-compared.js'

const of = (subject: Subject) => ({ subject, maxEvents: 200_000 })

function scenarioOf({ scenario }: { readonly scenario: string }): Scenario {
  const found = explorationScenarios.find(({ name }) => name === scenario)
  if (found === undefined) throw new Error(`there is no ${scenario}`)
  return found
}

/** The first failure from `fromSeed` on. */
async function found(subject: Subject, fromSeed: number, scenarios = explorationScenarios): Promise<Failure> {
  const { failures } = await exploreChunk(scenarios, { from: fromSeed, seeds: 1_000, maxFailures: 1 }, of(subject))
  const [failure] = failures
  if (failure === undefined) throw new Error('expected a failure within 1,000 seeds')
  return failure
}

/** What `plan` comes to; undefined where it does not fail. */
async function failing(plan: Plan, subject: Subject): Promise<Failure | undefined> {
  return failureOf(await attempt(scenarioOf(plan), plan, of(subject)), plan)
}

/** What went wrong, without where and when. */
function whatIn(failure: Failure | undefined): string | undefined {
  switch (failure?.kind) {
    case 'breach':
      return failure.breach.invariant
    case 'subject-fault':
      return `${failure.fault} on ${failure.command}`
    default:
      return failure?.kind
  }
}

const countOf = ({ parameters }: Plan, name: string): number => parameters[name] ?? 0

/** `plan` with the last of its nodes gone, and what struck it. */
function withoutANode(plan: Plan): Plan {
  const nodes = countOf(plan, 'nodes') - 1
  const faults = plan.faults.flatMap((fault): Fault[] => {
    if ('node' in fault) return fault.node < nodes ? [fault] : []
    if (fault.kind !== 'partition') return [fault]
    const cut = fault.nodes.filter((node) => node < nodes)
    return cut.length > 0 ? [{ ...fault, nodes: cut }] : []
  })
  return { ...plan, parameters: { ...plan.parameters, nodes }, faults }
}

/** `plan` with half of the time before the calm, and what strikes in it as much sooner. */
function inHalfOfTheTime(plan: Plan): Plan {
  const durationMs = countOf(plan, 'durationMs')
  const halfMs = (durationMs - countOf(plan, 'calmMs')) >> 1
  const faults = plan.faults.map((fault) => ({ ...fault, atMs: fault.atMs >> 1 }))
  return { ...plan, faults, parameters: { ...plan.parameters, durationMs: durationMs - halfMs } }
}

const withOneLess = (plan: Plan, name: string): Plan => ({
  ...plan,
  parameters: { ...plan.parameters, [name]: countOf(plan, name) - 1 },
})

const mutants: readonly (readonly [id: string, subject: Subject])[] = [
  ['p04', renewRecreates],
  ['p09', countsFromReply],
  ['p11', fenceInMemory],
  ['p16', retryWithoutCap],
  ['p18', expiredWorkFirst],
  ['p23', acknowledgesBeforeDurable],
  ['x01', tokenNotCompared],
]
const starts = [0, 5_000, 4_000_000_000]

describe.each(mutants.flatMap(([id, subject]) => starts.map((from) => [id, from, subject] as const)))(
  'what is found in %s from seed %i on, made small',
  (_id, fromSeed, subject) => {
    const made = (async (): Promise<{ readonly failure: Failure; readonly shrunk: Shrunk }> => {
      const failure = await found(subject, fromSeed)
      return { failure, shrunk: await shrink(scenarioOf(failure), failure, of(subject)) }
    })()

    it('breaks the same rule in the same way, and runs again to it', async () => {
      const { failure, shrunk } = await made
      expect(whatIn(shrunk.failure)).toBe(whatIn(failure))
      expect(await brokenBy(shrunk.failure, subject)).toBe(await brokenBy(failure, subject))
      expect(await failing(shrunk.failure.plan, subject)).toEqual(shrunk.failure)
    })

    it('has few faults and few nodes, and fits into a token', async () => {
      const { failure, shrunk } = await made
      const { plan } = shrunk.failure
      expect(plan.faults.length).toBeLessThanOrEqual(Math.min(5, failure.plan.faults.length))
      expect(countOf(plan, 'nodes')).toBeLessThanOrEqual(3)
      for (const name of ['nodes', 'spaces', 'tasks', 'jobs', 'durationMs']) {
        expect(countOf(plan, name)).toBeLessThanOrEqual(countOf(failure.plan, name))
      }
      const token = tokenOf(plan, scenarioOf(plan))
      expect(token === undefined ? undefined : planOf(token, explorationScenarios)).toEqual(plan)
    })

    it('has no fault that it does not need', async () => {
      const { shrunk } = await made
      const { plan } = shrunk.failure
      for (const [index, fault] of plan.faults.entries()) {
        const without = await failing({ ...plan, faults: plan.faults.toSpliced(index, 1) }, subject)
        expect(whatIn(without), `without ${JSON.stringify(fault)}`).not.toBe(whatIn(shrunk.failure))
      }
    })

    it('has no node, space, task or job that it does not need', async () => {
      const { shrunk } = await made
      const { plan } = shrunk.failure
      expect(shrunk.minimal).toBe(true)
      if (countOf(plan, 'nodes') > 2) {
        expect(whatIn(await failing(withoutANode(plan), subject))).not.toBe(whatIn(shrunk.failure))
      }
      for (const name of ['spaces', 'tasks', 'jobs']) {
        if (countOf(plan, name) <= 1) continue
        expect(whatIn(await failing(withOneLess(plan, name), subject)), name).not.toBe(whatIn(shrunk.failure))
      }
    })

    it('does not come as well in half of the time', async () => {
      const { shrunk } = await made
      const { plan } = shrunk.failure
      const howOf = async (failure: Failure | undefined) =>
        failure && `${whatIn(failure)} at ${await brokenBy(failure, subject)}`
      const how = await howOf(shrunk.failure)
      for (const seed of [plan.seed, ...Array.from({ length: 20 }, (_, each) => each)]) {
        const sooner = await failing({ ...inHalfOfTheTime(plan), seed }, subject)
        expect(await howOf(sooner), `seed ${seed}`).not.toBe(how)
      }
    })

    it('is the same when it is made again', async () => {
      const { failure, shrunk } = await made
      let runs = 0
      const again = await shrink(scenarioOf(failure), failure, of(subject), () => {
        runs += 1
      })
      expect(again).toEqual(shrunk)
      expect(runs).toBe(shrunk.runs)
    })

    it('is not made smaller by being made small again', async () => {
      const { failure, shrunk } = await made
      const again = await shrink(scenarioOf(failure), shrunk.failure, of(subject))
      expect(again.failure).toEqual(shrunk.failure)
    })

    it('is told in a few lines, of which the last is the event that broke the rule', async () => {
      const { shrunk } = await made
      const { lines: told } = await storyOf(scenarioOf(shrunk.failure), shrunk.failure, of(subject))
      expect(told.length).toBeGreaterThan(1)
      expect(told.length).toBeLessThanOrEqual(24)
      expect(told.at(-1)).toContain(await breakingLine(shrunk.failure, subject))
    })
  },
)

async function eventsOf(failure: Failure, subject: Subject): Promise<readonly TraceEvent[]> {
  const recording = recorder()
  await attempt(scenarioOf(failure), failure.plan, of(subject), { listeners: [recording] })
  return recording.events
}

/** The kind of the event that broke the rule, and the command that it is about; undefined where the run's end did. */
async function brokenBy(failure: Failure, subject: Subject): Promise<string | undefined> {
  if (failure.kind !== 'breach') return failure.kind
  const event = (await eventsOf(failure, subject))[failure.breach.index]
  // A claim is another way to ask for the same.
  return event && `${event.kind} ${event.command.replace('claim', 'acquire')}`
}

/** The event that broke the rule, as a story tells it. */
async function breakingLine(failure: Failure, subject: Subject): Promise<string> {
  if (failure.kind !== 'breach') throw new Error(`expected a breach, found ${failure.kind}`)
  const event = (await eventsOf(failure, subject))[failure.breach.index]
  if (event === undefined) throw new Error('expected a rule that an event broke')
  const { plan } = failure
  const cast = castOf(numbered('node', countOf(plan, 'nodes')), numbered('space', countOf(plan, 'spaces')))
  return `${event.atMs} ms  ${describeEvent(event, cast)}`
}

describe('a story', () => {
  it('has at most 22 lines, and says how many there were before', async () => {
    let cut = 0
    for (const [, subject] of mutants) {
      const failure = await found(subject, 0)
      const { lines: told } = await storyOf(scenarioOf(failure), failure, of(subject))
      const events = told.filter((line) => / ms {2}/.test(line))
      const isCut = told.some((line) => /^… \d+ lines? before \(--trace shows all\)$/.test(line))
      expect(events.length).toBeLessThanOrEqual(22)
      if (isCut) expect(events).toHaveLength(22)
      expect(told.length - events.length).toBeLessThanOrEqual(2)
      cut += isCut ? 1 : 0
    }
    expect(cut).toBeGreaterThan(0)
  })

  it('tells what happened at most once, in the order of time', async () => {
    for (const [, subject] of mutants) {
      const failure = await found(subject, 0)
      const { lines: told } = await storyOf(scenarioOf(failure), failure, of(subject))
      const times = told.filter((line) => / ms {2}/.test(line)).map((line) => Number.parseInt(line, 10))
      expect(times.length).toBeGreaterThanOrEqual(told.length - 2)
      expect(times.every(Number.isSafeInteger)).toBe(true)
      expect(times).toEqual([...times].sort((one, other) => one - other))
      expect((await storyOf(scenarioOf(failure), failure, of(subject))).lines).toEqual(told)
    }
  })
})

describe('a parameter', () => {
  const givesUpLate = defineSubject({
    name: 'gives up late',
    client: {
      retryAfterMs: ({ attempt, unanswered, maxUnanswered, baseMs, capMs }, random) =>
        unanswered > maxUnanswered ? undefined : random.int(1, Math.min(capMs, baseMs << Math.min(attempt, 10))),
    },
  })

  it('is at its least where much less is to be told then', async () => {
    for (const fromSeed of starts) {
      const failure = await found(givesUpLate, fromSeed)
      const { failure: small, lowered } = await shrink(scenarioOf(failure), failure, of(givesUpLate))
      const { plan } = small
      expect(plan.parameters['maxUnanswered']).toBe(1)
      expect(lowered).toContain('maxUnanswered')
      expect(plan.parameters['durationMs']).toBeLessThan(100)
    }
  })
})

describe('a parameter that was given', () => {
  it('stays as it is, whatever else is made small', async () => {
    const parameters = { nodes: 4, ttlMs: 200 }
    const options = { ...of(takeoverDeletesByKey), parameters }
    const chunk = { from: 1, seeds: 1_000, maxFailures: 1 }
    const [failure] = (await exploreChunk([leaseLifecycle], chunk, options)).failures
    const small = await shrink(leaseLifecycle, failure as Failure, options)
    expect(small.failure.plan.parameters).toMatchObject(parameters)
    expect(small.failure.plan.faults.length).toBeLessThan((failure as Failure).plan.faults.length)
  })
})

describe('a plan that the scenario refuses', () => {
  /** Breaks its rule at the fourth step, and needs three nodes: for a fault of its own, or by what it throws. */
  const needsThree = (refuse: 'by its faults' | 'by its nodes'): Scenario =>
    defineScenario({
      name: 'quorum',
      description: 'three at the least',
      parameters: workload({ nodes: 5, spaces: 1, durationMs: 500 }),
      network: () => ({ requestDelayMs: [1, 1], replyDelayMs: [1, 1], timeoutMs: 10 }),
      faults: () => (refuse === 'by its faults' ? [{ kind: 'pause', node: 2, atMs: 1, durationMs: 1 }] : []),
      *node(node, { nodes }): Body {
        if (refuse === 'by its nodes' && nodes < 3) throw new Error('no quorum')
        for (let asked = 0; asked < 4; asked++) yield node.acquire('space-0', 20)
        node.act({ space: 'space-0', owner: node.name, epoch: 1, token: '' })
      },
      invariants: () => [{ name: 'mine', rule: 'none', kinds: ['acts'], begin: () => ({ step: () => 'broken' }) }],
    })

  it.each(['by its faults', 'by its nodes'] as const)('%s is none that is smaller', async (refuse) => {
    const scenario = needsThree(refuse)
    const parameters = resolveParameters(scenario.parameters, {})
    const plan: Plan = { scenario: scenario.name, seed: 1, strategy: 'insertion', parameters, faults: [] }
    const failure = failureOf(await attempt(scenario, plan, of(builtInSubject)), plan) as Failure
    const { failure: small, minimal } = await shrink(scenario, failure, of(builtInSubject))
    expect(small.plan.parameters['nodes']).toBe(3)
    expect(minimal).toBe(true)
  })
})

describe('a parameter whose least is worth little', () => {
  /** Node-0 asks 12 times, or as often as that is lowered to, and then breaks the rule: three events each. */
  const asksFrom = (min: number): Scenario =>
    defineScenario({
      name: 'breaks-late',
      description: 'breaks its rule after so many requests',
      parameters: {
        ...workload({ nodes: 2, spaces: 1, durationMs: 100 }),
        requests: { default: 12, min, max: 99, description: 'requests' },
      },
      network: () => ({ requestDelayMs: [1, 1], replyDelayMs: [1, 1], timeoutMs: 10 }),
      *node(node, { requests }): Body {
        for (let asked = 0; node.index === 0 && asked < requests; asked++) yield node.acquire('space-0', 20)
        if (node.index === 0) node.act({ space: 'space-0', owner: 'node-0', epoch: 1, token: '' })
      },
      invariants: () => [{ name: 'mine', rule: 'none', kinds: ['acts'], begin: () => ({ step: () => 'broken' }) }],
    })

  it.each([
    [10, 12],
    [9, 9],
  ])('stays at its default, unless that spares a quarter of what is told: %i of 12 to tell', async (min, left) => {
    const scenario = asksFrom(min)
    const parameters = resolveParameters(scenario.parameters, {})
    const plan: Plan = { scenario: scenario.name, seed: 1, strategy: 'insertion', parameters, faults: [] }
    const failure = failureOf(await attempt(scenario, plan, of(builtInSubject)), plan) as Failure
    const { failure: small } = await shrink(scenario, failure, of(builtInSubject))
    expect(small.plan.parameters['requests']).toBe(left)
  })
})

describe('a failure that is not a broken rule', () => {
  const full = defineSubject({
    name: 'full',
    log: ({ builtIn }) => ({
      ...builtIn.log,
      append() {
        throw new Error('disk full')
      },
    }),
  })
  const hasty = defineSubject({ name: 'hasty', client: { retryAfterMs: () => 0 } })
  const quick = { ...of(hasty), maxEvents: 20_000, invariants: ['exclusive-belief'] }

  it('of the subject is made small and stays one on the same command', async () => {
    const failure = await found(full, 0)
    const { failure: small, minimal } = await shrink(scenarioOf(failure), failure, of(full))
    expect(whatIn(small)).toBe('threw on append')
    expect(minimal).toBe(true)
    expect(small.plan.faults).toEqual([])
    expect(countOf(small.plan, 'nodes')).toBe(2)
    expect(await failing(small.plan, full)).toEqual(small)
  })

  it('is made small as a run that does not end', async () => {
    const { failures } = await exploreChunk([leaseLifecycle], { from: 0, seeds: 100, maxFailures: 1 }, quick)
    const [failure] = failures as [Failure]
    expect(failure.kind).toBe('endless')
    const { failure: small } = await shrink(leaseLifecycle, failure, quick)
    expect(small.kind).toBe('endless')
    expect(small.plan.faults).toEqual([])
    expect(failureOf(await attempt(leaseLifecycle, small.plan, quick), small.plan)).toEqual(small)
  })
})

describe('what a story ends with', () => {
  // The kernel ends the step that it is at: the copy of the reply is told after the grant that was wrong.
  it.each([
    ['a reply that is doubled', takeoverDeletesByKey, 6],
    ['a request that is lost', retryWithoutCap, 22],
  ])(
    'its last line is the event that broke the rule, though the same step went on to %s',
    async (_what, subject, seed) => {
      const failure = await found(subject, seed)
      const { lines: told } = await storyOf(scenarioOf(failure), failure, of(subject))
      expect(told.at(-1)).toContain(await breakingLine(failure, subject))
    },
  )

  it('a wait that is too long is broken by the refusal that comes once too often', async () => {
    const failure = await found(ttlSetAfter, 21)
    expect(failure).toMatchObject({ kind: 'breach', breach: { invariant: 'takeover-bound' } })
    const events = await eventsOf(failure, ttlSetAfter)
    expect(failure.kind === 'breach' && events[failure.breach.index]).toMatchObject({ kind: 'lease-held' })
  })
})

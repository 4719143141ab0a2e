import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  builtInScenarios,
  explorationScenarios,
  type PredictOptions,
  predictWorkerFailure,
  workerFailureScenarios,
} from '../../scenarios/index.js'
import { workerFailureParameters } from '../../scenarios/predict-worker-failure.js'
import { exploreChunk } from '../../src/explore/index.js'
import type { WorkCounts, WorkerFailure } from '../../src/metrics/index.js'
import { runScenario } from '../../src/run/index.js'
import { ParameterError, type Run, resolveParameters, type Scenario, simulate } from '../../src/scenario/index.js'
import { builtInSubject, defineSubject, type Subject } from '../../src/subject/index.js'
import { type Listener, recorder, type TraceEvent } from '../../src/trace/index.js'
import { stepJobs, withJobs } from '../corpus/machine.js'
import resourceIgnoresToken from '../corpus/p01-resource-ignores-token.js'

const failures: readonly WorkerFailure[] = ['poison', 'crash-before-acknowledging', 'runaway', 'zombie']

/** What a deployment that is set up rightly comes to. */
function expected(failure: WorkerFailure, jobs: number): WorkCounts {
  const none = { deadLetters: 0, sideEffects: jobs, duplicates: 0, redeliveries: 0, refusedWrites: 0 }
  switch (failure) {
    case 'poison':
      return { ...none, jobs, attempts: 4 * jobs, attemptsPerJob: { 4: jobs }, deadLetters: jobs, sideEffects: 0 }
    case 'crash-before-acknowledging':
      return { ...none, jobs, attempts: 2 * jobs, attemptsPerJob: { 2: jobs }, redeliveries: jobs }
    case 'runaway':
      return { ...none, jobs: jobs + 2, attempts: jobs + 2, attemptsPerJob: { 1: jobs + 2 }, deadLetters: 2 }
    case 'zombie':
      return {
        ...none,
        jobs,
        attempts: 2 * jobs,
        attemptsPerJob: { 2: jobs },
        redeliveries: jobs,
        refusedWrites: jobs,
      }
  }
}

function scenarioOf(failure: WorkerFailure): Scenario {
  const scenario = workerFailureScenarios.find(({ name }) => name === `worker-failure-${failure}`)
  if (scenario === undefined) throw new Error(`there is no scenario of ${failure}`)
  return scenario
}

/** The run that a prediction is made from. */
async function run(failure: WorkerFailure, options: PredictOptions, listener?: Listener): Promise<Run> {
  const { jobs, seed, parameters, subject } = options
  const scenario = scenarioOf(failure)
  return await simulate(scenario, {
    seed,
    parameters: resolveParameters(scenario.parameters, workerFailureParameters(failure, jobs, parameters)),
    maxEvents: 1_000_000,
    ...(subject === undefined ? {} : { subject }),
    ...(listener === undefined ? {} : { listeners: [listener] }),
  })
}

const brokenIn = ({ invariants }: Run): readonly string[] =>
  invariants.filter(({ held }) => !held).map(({ name }) => name)

describe.each(failures)('%s', (failure) => {
  it('comes to the counts that are expected of a deployment, by default of ten jobs', async () => {
    expect(await predictWorkerFailure(failure, { jobs: 10, seed: 1 })).toEqual(expected(failure, 10))
  })

  it('does so for every number of jobs from 1 to 30, whatever the seed', async () => {
    for (let jobs = 1; jobs <= 30; jobs++) {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: 0xffff_ffff }), async (seed) => {
          expect(await predictWorkerFailure(failure, { jobs, seed })).toEqual(expected(failure, jobs))
        }),
        { numRuns: 5 },
      )
    }
  })

  it('does so however many workers there are', async () => {
    // A zombie needs another worker that is awake.
    for (const nodes of failure === 'zombie' ? [3, 4, 9] : [2, 3, 9]) {
      const counts = await predictWorkerFailure(failure, { jobs: 12, seed: nodes, parameters: { nodes } })
      expect(counts, `${nodes} nodes`).toEqual(expected(failure, 12))
    }
  })

  it('keeps its rules, and gives the same trace when it is run again', async () => {
    for (const seed of [1, 2, 3]) {
      const [one, again] = [await run(failure, { jobs: 10, seed }), await run(failure, { jobs: 10, seed })]
      expect(brokenIn(one)).toEqual([])
      expect(again).toEqual(one)
    }
    expect((await run(failure, { jobs: 10, seed: 1 })).digest).not.toBe(
      (await run(failure, { jobs: 10, seed: 2 })).digest,
    )
  })

  it('has a log for the effect of each job, with its defaults as in a prediction', () => {
    const { parameters } = scenarioOf(failure)
    expect(workerFailureParameters(failure, 10).spaces).toBe(resolveParameters(parameters).spaces)
    expect(parameters.jobs?.default).toBe(10)
  })

  it('keeps its rules under whatever exploration does to it', async () => {
    const options = { subject: builtInSubject, maxEvents: 200_000 }
    const found = await exploreChunk([scenarioOf(failure)], { from: 0, seeds: 300, maxFailures: 1 }, options)
    expect(found.failures).toEqual([])
    expect(found.seeds).toBe(300)
  })

  it('runs at the ends of what its parameters may be', async () => {
    const { parameters } = scenarioOf(failure)
    for (const [parameter, { min, max, description }] of Object.entries(parameters)) {
      expect(description.length, parameter).toBeGreaterThan(5)
      expect(() => resolveParameters(parameters, { [parameter]: max + 1 })).toThrow(ParameterError)
      for (const value of [min, Math.min(max, 500)]) {
        const small = { nodes: 3, spaces: 2, durationMs: 800, [parameter]: value }
        const { deterministic } = await runScenario(scenarioOf(failure), { parameters: small })
        expect(deterministic, `${parameter}=${value}`).toBe(true)
      }
    }
  })

  it('is neither measured nor explored unless it is named', () => {
    expect(builtInScenarios).not.toContain(scenarioOf(failure))
    expect(explorationScenarios).not.toContain(scenarioOf(failure))
  })
})

describe('what happens in them', () => {
  const moments = async (failure: WorkerFailure, parameters = {}): Promise<readonly TraceEvent[]> => {
    const recording = recorder()
    await run(failure, { jobs: 10, seed: 1, parameters }, recording)
    return recording.events
  }

  it('a worker crashes right after its effect was acknowledged, and another finds it written', async () => {
    const events = await moments('crash-before-acknowledging')
    const crashes = events.filter(({ kind }) => kind === 'crashed')
    expect(crashes).toHaveLength(10)
    for (const { node, index, atMs } of crashes) {
      const last = events.slice(0, index).findLast((event) => event.node === node && event.kind === 'delivered')
      expect(last).toMatchObject({ command: 'append', atMs })
    }
    expect(events.filter(({ kind }) => kind === 'completed')).toHaveLength(10)
  })

  it('a zombie writes after another has done its job, under an epoch that has passed', async () => {
    const events = await moments('zombie')
    const refused = events.filter(({ command, kind }) => command === 'append' && kind !== 'appended' && kind !== 'sent')
    const late = refused.filter(({ kind }) => kind === 'stale-owner')
    expect(late).toHaveLength(10)
    for (const { index, node, space } of late) {
      const done = events.slice(0, index).findLast(({ kind }) => kind === 'completed')
      // Job and log have the same number, with as many logs as jobs.
      expect(done?.seq).toBe(space)
      expect(done?.node).not.toBe(node)
    }
  })

  it('a runaway that heeds its soft limit is given up, one that does not is killed with its worker', async () => {
    expect((await moments('runaway', { stubborn: 0 })).filter(({ kind }) => kind === 'crashed')).toEqual([])
    const killed = await moments('runaway', { runaways: 1 })
    expect(killed.filter(({ kind }) => kind === 'crashed')).toHaveLength(1)
    expect(killed.filter(({ kind }) => kind === 'restarted')).toHaveLength(1)
    expect(killed.filter(({ kind }) => kind === 'failed')).toEqual([])
    const counts = await predictWorkerFailure('runaway', { jobs: 10, seed: 1, parameters: { maxAttempts: 4 } })
    expect(counts).toMatchObject({ attemptsPerJob: { 1: 10, 4: 2 }, deadLetters: 2, redeliveries: 3 })
  })

  it('refuses more jobs than it can take, and none', async () => {
    await expect(predictWorkerFailure('poison', { jobs: 0, seed: 1 })).rejects.toThrow('parameter jobs is 0')
    await expect(predictWorkerFailure('poison', { jobs: 5_001, seed: 1 })).rejects.toThrow('from 1 to 5000')
  })
})

/** The queue takes a job for done as soon as somebody has it. */
const acknowledgesEarly = withJobs('acknowledges early', (record, command, nowMs, mint) => {
  if (command.kind === 'complete') return { record, reply: { kind: 'completed' } }
  if (command.kind === 'fail') return { record, reply: { kind: 'failed' } }
  const { record: next, reply } = stepJobs(record, command, nowMs, mint)
  if (reply.kind !== 'taken') return { record: next, reply }
  const jobs = next.jobs.map((job, number) => (number === reply.fence.job ? { ...job, state: 'done' as const } : job))
  return { record: { ...next, jobs }, reply }
})

/** Nobody can find out whether an effect has been written. */
const hasNoIdempotencyKey = defineSubject({
  name: 'no idempotency key',
  log: ({ builtIn }) => ({ ...builtIn.log, read: () => ({ kind: 'events', events: [], nextSeq: 0 }) }),
})

describe('a deployment that is set up wrongly', () => {
  const counted = (failure: WorkerFailure, subject: Subject, parameters = {}) =>
    predictWorkerFailure(failure, { jobs: 10, seed: 1, subject, parameters })

  it('acknowledges early: poison is never tried again', async () => {
    const counts = await counted('poison', acknowledgesEarly)
    expect(counts).toMatchObject({ attempts: 10, attemptsPerJob: { 1: 10 } })
  })

  it('acknowledges early: a job whose worker crashes is not redelivered', async () => {
    const counts = await counted('crash-before-acknowledging', acknowledgesEarly)
    expect(counts).toMatchObject({ attempts: 10, redeliveries: 0 })
  })

  it('has no idempotency key: a redelivered job writes its effect once more', async () => {
    const counts = await counted('crash-before-acknowledging', hasNoIdempotencyKey)
    expect(counts).toMatchObject({ attempts: 20, sideEffects: 20, duplicates: 10 })
    const broken = await run('crash-before-acknowledging', { jobs: 10, seed: 1, subject: hasNoIdempotencyKey })
    expect(brokenIn(broken)).toEqual(['single-effects'])
  })

  const noLimit = { softLimitMs: 21_600_000, hardLimitMs: 21_600_000 }

  it.each([0, 1])('has no time limit: runaways keep all workers for ever (stubborn %i)', async (stubborn) => {
    const parameters = { ...noLimit, stubborn, nodes: 3 }
    expect(await counted('runaway', builtInSubject, parameters)).toMatchObject({ attempts: 2, sideEffects: 0 })
  })

  it('has no time limit: a runaway takes one worker after the other, and the sentinels starve', async () => {
    const parameters = { ...noLimit, nodes: 2 }
    expect((await counted('runaway', builtInSubject, parameters)).sideEffects).toBe(0)
    const starved = await run('runaway', { jobs: 10, seed: 1, parameters })
    expect(brokenIn(starved)).toEqual(['prompt-jobs'])
  })

  it('has no fence: what a zombie writes is there twice', async () => {
    const counts = await counted('zombie', resourceIgnoresToken)
    expect(counts).toMatchObject({ sideEffects: 20, duplicates: 10 })
    const broken = await run('zombie', { jobs: 10, seed: 1, subject: resourceIgnoresToken })
    expect(brokenIn(broken)).toEqual(['single-effects', 'fenced-writes'])
  })

  it.each([
    ['crash-before-acknowledging', hasNoIdempotencyKey, 'single-effects'],
    ['zombie', resourceIgnoresToken, 'single-effects'],
  ] as const)('is found by exploring %s', async (failure, subject, invariant) => {
    const options = { subject, maxEvents: 200_000, invariants: [invariant] }
    const found = await exploreChunk([scenarioOf(failure)], { from: 0, seeds: 200, maxFailures: 1 }, options)
    expect(found.failures).toMatchObject([{ kind: 'breach', breach: { invariant } }])
  })
})

import { describe, expect, it } from 'vitest'
import {
  type Budget,
  backoffMs,
  budgetFailures,
  builtInSubject,
  conformanceOf,
  defaultBudget,
  defineScenario,
  defineSubject,
  evaluateBudget,
  explorationScenarios,
  exploreChunk,
  leaseRenewalContention,
  type MatrixOptions,
  type Metrics,
  metricNames,
  metricsSignature,
  type OpenOptions,
  openStore,
  type PredictOptions,
  percentile,
  predictWorkerFailure,
  type Random,
  type Report,
  type RunOptions,
  reportSignature,
  runMatrix,
  runScenario,
  type Scenario,
  type Subject,
  snapshotReportMarkdown,
  type WorkerFailure,
  workload,
} from '../../src/index.js'

/** What types keep from being given, and JavaScript does not. */
const given = <T>(value: unknown) => value as T

const short = { parameters: { durationMs: 200 } }
const sound = {
  name: 'sound',
  description: 'does nothing for long',
  parameters: workload({ nodes: 1, spaces: 1, durationMs: 100 }),
  network: () => ({ requestDelayMs: [1, 5], replyDelayMs: [1, 5], timeoutMs: 50 }),
  node: leaseRenewalContention.node,
  invariants: () => [],
}
const careless = defineSubject({ name: 'careless', core: ({ builtIn }) => builtIn.core })
const metrics = Object.fromEntries(metricNames.map((name) => [name, 1])) as unknown as Metrics
const limits = defaultBudget('lease-renewal-contention') as Budget

describe('the library says in words what it cannot use', () => {
  it.each([
    ['nothing', undefined, /a scenario that is of type undefined: expected what defineScenario returns/],
    ['null', null, /a scenario that is null/],
    ['a name', 'sound', /a scenario that is "sound"/],
    ['a list', [sound], /scenario name undefined/],
    ['an empty object', {}, /scenario name undefined: expected lower case words/],
    ['no name', { ...sound, name: undefined }, /scenario name undefined/],
    ['null for a name', { ...sound, name: null }, /scenario name null/],
    ['no parameters', { ...sound, parameters: undefined }, /scenario sound without parameters/],
    ['no workload', { ...sound, parameters: {} }, /scenario sound without a parameter nodes/],
    ['no node', { ...sound, node: undefined }, /scenario sound without a function node/],
    ['no network', { ...sound, network: {} }, /scenario sound without a function network/],
    ['no invariants', { ...sound, invariants: [] }, /scenario sound without a function invariants/],
    ['faults in a list', { ...sound, faults: [] }, /scenario sound has a field faults of type object/],
    ['needs that are none', { ...sound, needs: ['aquire'] }, /scenario sound needs "aquire": expected acquire\?/],
    ['needs in a text', { ...sound, needs: 'acquire' }, /scenario sound has needs of type string/],
    [
      'a parameter without bounds',
      { ...sound, parameters: { ...sound.parameters, ttlMs: { default: 1 } } },
      /has a parameter ttlMs with min undefined/,
    ],
    [
      'a bound that is text',
      { ...sound, parameters: { ...sound.parameters, ttlMs: { default: 1, min: '1', max: 2, description: '' } } },
      /has a parameter ttlMs with min 1: expected \{ default, min, max, description \} in whole numbers/,
    ],
    [
      'a parameter that is null',
      { ...sound, parameters: { ...sound.parameters, ttlMs: null } },
      /has a parameter ttlMs with no definition/,
    ],
    [
      'a parameter that a snapshot could not hold',
      { ...sound, parameters: { ...sound.parameters, 'a=b': sound.parameters.nodes } },
      /has a parameter "a=b": expected a name of letters, digits/,
    ],
  ])('of a scenario: %s', async (_, scenario, expected) => {
    expect(() => defineScenario(given<Scenario>(scenario))).toThrow(expected)
    await expect(runScenario(given<Scenario>(scenario))).rejects.toThrow(expected)
    await expect(runMatrix([given<Scenario>(scenario)])).rejects.toThrow(expected)
  })

  it.each([
    ['a module', { default: careless }, /a subject needs a name: this is a module, whose default export may be one/],
    ['a path', './careless.mjs', /a subject that is "\.\/careless\.mjs": expected what defineSubject returns/],
    ['a promise', Promise.resolve(careless), /a subject that is a promise/],
    ['a slip', { name: 'careless', Core() {} }, /subject "careless" has no part of its own, but name, Core/],
    ['an empty object', {}, /a subject needs a name/],
    ['a number', 5, /a subject that is of type number/],
  ])('of a subject: %s', async (_, subject, expected) => {
    const running = runScenario(leaseRenewalContention, { ...short, subject: given<Subject>(subject) })
    await expect(running).rejects.toThrow(expected)
    await expect(conformanceOf(given<Subject>(subject))).rejects.toThrow(expected)
  })

  it('takes the built-in subject by name', async () => {
    const { signature } = await runScenario(leaseRenewalContention, { ...short, subject: builtInSubject })
    expect(signature).toBe((await runScenario(leaseRenewalContention, short)).signature)
  })

  it.each<[string, unknown, RegExp]>([
    ['parameters that are null', { parameters: null }, /parameters that are no plain object/],
    ['parameters in a map', { parameters: new Map([['ttlMs', 700]]) }, /parameters that are no plain object/],
    ['parameters in a list', { parameters: [] }, /parameters that are no plain object/],
    ['a limit of events in text', { maxEvents: '5' }, /maxEvents is of type string/],
    ['half an event', { maxEvents: 1.5 }, /maxEvents is 1\.5: expected a whole number/],
    ['a seed of another kind', { seed: 1n }, /seed is 1: expected a whole number/],
    ['a slip of an option', { params: { ttlMs: 5 } }, /runScenario has no option "params": expected parameters\?/],
    ['another slip', { sed: 1 }, /runScenario has no option "sed": expected seed\?/],
    ['an option of the matrix', { budgets: {} }, /runScenario has no option "budgets": expected budget\?/],
    ['an option like none', { quick: true }, /no option "quick": expected one of seed, parameters, subject, budget, /],
    ['a number', 5, /options of runScenario that are of type number: expected \{ name: value, … \}/],
    ['null', null, /options of runScenario that are null/],
    ['a budget without limits', { budget: {} }, /a budget whose maxLeaseWindowP95Ms is undefined/],
  ])('of how it is to run: %s', async (_, options, expected) => {
    await expect(runScenario(leaseRenewalContention, given<RunOptions>(options))).rejects.toThrow(expected)
  })

  it.each<[string, unknown, unknown, RegExp]>([
    ['no list', leaseRenewalContention, {}, /no list: expected \[scenario, …\]/],
    ['a seed that is none', [], { seed: 'x' }, /seed is "x"/],
    ['budgets without scenarios', [leaseRenewalContention], { budgets: {} }, /budgets without scenarios/],
    ['a slip of an option', [], { params: {} }, /runMatrix has no option "params": expected parameters\?/],
    ['an option of a single run', [], { budget: {} }, /runMatrix has no option "budget": expected budgets\?/],
    ['parameters that are none', [leaseRenewalContention], { parameters: 5 }, /parameters that are no plain object/],
  ])('of a matrix: %s', async (_, scenarios, options, expected) => {
    await expect(runMatrix(given<Scenario[]>(scenarios), given<MatrixOptions>(options))).rejects.toThrow(expected)
  })

  it.each<[string, unknown, unknown, RegExp]>([
    ['a failure that there is not', 'nope', { jobs: 1, seed: 1 }, /no worker failure "nope": expected one of poison, /],
    ['what every object has', 'toString', { jobs: 1, seed: 1 }, /no worker failure "toString"/],
    ['a seed that is none', 'poison', { jobs: 1, seed: -7.5 }, /seed is -7\.5: expected a whole number/],
    ['a slip of an option', 'poison', { jobs: 1, sed: 1 }, /predictWorkerFailure has no option "sed": expected seed\?/],
    ['no seed', 'poison', { jobs: 1 }, /seed is undefined/],
  ])('of worker failures: %s', async (_, failure, options, expected) => {
    await expect(predictWorkerFailure(given<WorkerFailure>(failure), given<PredictOptions>(options))).rejects.toThrow(
      expected,
    )
  })

  it.each<[string, object, object, RegExp]>([
    ['a seed below 0', { from: -5 }, {}, /seed is -5: expected a whole number from 0 to 4294967295/],
    ['half a seed', { from: 1.5 }, {}, /seed is 1\.5/],
    ['a seed beyond 32 bits', { from: 2 ** 33 }, {}, /seed is 8589934592/],
    ['seeds that go beyond', { from: 2 ** 32 - 1, seeds: 2 }, {}, /2 seeds from 4294967295 on: expected none above/],
    ['no seeds', { seeds: 0 }, {}, /seeds is 0: expected a whole number, 1 or more/],
    ['no failures', { maxFailures: Number.NaN }, {}, /maxFailures is NaN: expected 1 or more/],
    ['a slip of an option', {}, { param: {} }, /exploreChunk has no option "param": expected parameters\?/],
    [
      'a rule that nobody has',
      {},
      { invariants: ['mutual-exlusion'] },
      /no invariant "mutual-exlusion": .* mutual-excl/,
    ],
  ])('of a chunk of exploration: %s', async (_, chunk, options, expected) => {
    const exploring = exploreChunk(
      explorationScenarios,
      { from: 1, seeds: 1, maxFailures: 1, ...chunk },
      { subject: builtInSubject, maxEvents: 200_000, ...options },
    )
    await expect(exploring).rejects.toThrow(expected)
  })

  it('of how a store is to be opened', async () => {
    const opening = openStore('sqlite=:memory:', given<OpenOptions>({ durabel: false }))
    await expect(opening).rejects.toThrow(/openStore has no option "durabel": expected durable\?/)
  })

  it('takes an option that is undefined for one that is absent', async () => {
    const { seed } = await runScenario(leaseRenewalContention, given<RunOptions>({ ...short, sed: undefined }))
    expect(seed).toBe(1)
  })

  it('of the wait before another attempt', () => {
    const random: Random = { int: (_, max) => max, chance: () => true, pick: ([item]) => item as never }
    const steps = { baseMs: 10, capMs: 65 }
    expect([1, 2, 3, 4, 99].map((attempt) => backoffMs(steps, attempt, random))).toEqual([10, 20, 40, 65, 65])
    for (const wrong of [0, -1, 1.5, Number.NaN]) {
      expect(() => backoffMs(steps, wrong, random)).toThrow(`attempt is ${wrong}: expected a whole number, 1 for the`)
    }
  })

  it('of budgets, metrics and reports', () => {
    expect(() => evaluateBudget(given<Metrics>(undefined), limits, 1)).toThrow(
      /metrics without a whole number for ownershipConflicts/,
    )
    expect(() => evaluateBudget(metrics, given<Budget>(defaultBudget('my-own')), 1)).toThrow(
      /a budget whose maxLeaseWindowP95Ms is undefined/,
    )
    for (const wrong of [Number.NaN, '9999', -1, 1.5]) {
      const budget = given<Budget>({ ...limits, maxQueueDepth: wrong })
      expect(() => evaluateBudget(metrics, budget, 1)).toThrow(`a budget whose maxQueueDepth is ${wrong}`)
    }
    expect(() => evaluateBudget(metrics, limits, 0)).toThrow(/a budget of version 0/)
    expect(budgetFailures(undefined)).toEqual([])
    expect(() => metricsSignature(given<Metrics>(undefined))).toThrow(
      /metrics without a whole number for ownershipConflicts/,
    )
    expect(() => reportSignature(given<Report>({}))).toThrow(/no report: expected what runMatrix returns/)
    expect(() => snapshotReportMarkdown(given<Report>({}))).toThrow(/no report/)
    expect(() => snapshotReportMarkdown(given<Report>({ outcomes: [] }))).toThrow(/without its signature/)
    for (const percent of [-1, 101, Number.NaN]) expect(() => percentile([1], percent)).toThrow(/expected 0 to 100/)
  })
})

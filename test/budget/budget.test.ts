import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseBudgets, printBudgets } from '../../src/budget/index.js'
import {
  type Budget,
  type Budgets,
  budgetFailures,
  budgetVersionLabel,
  builtInScenarios,
  defaultBudget,
  defaultBudgets,
  evaluateBudget,
  type Metrics,
  metricNames,
} from '../../src/index.js'
import { InputError } from '../../src/input/index.js'

const zero = Object.fromEntries(metricNames.map((name) => [name, 0])) as unknown as Metrics
const roomy: Budget = {
  maxLeaseWindowP95Ms: 100,
  maxCheckpointWindowEvents: 50,
  maxReplayWindowMs: 40,
  maxQueueDepth: 8,
  maxRetryAttempts: 20,
}
const file = (budgets: unknown): string => JSON.stringify(budgets, null, 2)

describe('a budget', () => {
  it('is met up to and including its limits, and says by how much', () => {
    const result = evaluateBudget({ ...zero, leaseWindowP95Ms: 100, retryAttempts: 15 }, roomy, 2)
    expect(result.met).toBe(true)
    expect(result.version).toBe(2)
    expect(budgetFailures(result)).toEqual([])
    expect(result.checks.map(({ reason }) => reason)).toEqual([
      'leaseWindowP95Ms is 100, 0 below maxLeaseWindowP95Ms 100',
      'checkpointWindowEvents is 0, 50 below maxCheckpointWindowEvents 50',
      'replayWindowMs is 0, 40 below maxReplayWindowMs 40',
      'leaseQueuePeak is 0, 8 below maxQueueDepth 8',
      'takeoverQueuePeak is 0, 8 below maxQueueDepth 8',
      'retryAttempts is 15, 5 below maxRetryAttempts 20',
    ])
  })

  it('is broken by one more, with metric, limit, actual and headroom', () => {
    const result = evaluateBudget({ ...zero, takeoverQueuePeak: 9 }, roomy, 1)
    expect(budgetFailures(result)).toEqual(['takeoverQueuePeak is 9, 1 above maxQueueDepth 8'])
    expect(result.checks.find(({ met }) => !met)).toMatchObject({
      metric: 'takeoverQueuePeak',
      limit: 'maxQueueDepth',
      max: 8,
      actual: 9,
      headroom: -1,
    })
  })

  it('is met exactly when no metric is above its limit', () => {
    const value = fc.nat({ max: 200 })
    fc.assert(
      fc.property(
        fc.tuple(value, value, value, value, value, value),
        ([window, events, replay, queue, waiting, retries]) => {
          const metrics = {
            ...zero,
            leaseWindowP95Ms: window,
            checkpointWindowEvents: events,
            replayWindowMs: replay,
            leaseQueuePeak: queue,
            takeoverQueuePeak: waiting,
            retryAttempts: retries,
          }
          const within = window <= 100 && events <= 50 && replay <= 40 && queue <= 8 && waiting <= 8 && retries <= 20
          expect(evaluateBudget(metrics, roomy, 1).met).toBe(within)
        },
      ),
    )
  })

  it('may be of nothing at all, and is of whole numbers; no budget is broken by nothing', () => {
    const nothing = { ...roomy, maxReplayWindowMs: 0 }
    expect(evaluateBudget(zero, nothing, 1).met).toBe(true)
    expect(evaluateBudget({ ...zero, replayWindowMs: 1 }, nothing, 1).met).toBe(false)
    for (const limit of [-1, 0.5, Number.NaN, '9' as unknown as number]) {
      expect(() => evaluateBudget(zero, { ...roomy, maxQueueDepth: limit }, 1)).toThrow(`maxQueueDepth is ${limit}`)
    }
    for (const version of [0, -1, 1.5]) expect(() => evaluateBudget(zero, roomy, version)).toThrow(`version ${version}`)
    expect(budgetFailures(undefined)).toEqual([])
  })

  it('has versions that are called v1, v2, …', () => {
    expect(budgetVersionLabel(2)).toBe('v2')
  })
})

describe('the budgets that come with the package', () => {
  it('are valid, and cover every built-in scenario, with their evidence', () => {
    const names = builtInScenarios.map(({ name }) => name)
    expect(parseBudgets(printBudgets(defaultBudgets, 'schema.json'), 'v1.json', names)).toEqual({
      ...defaultBudgets,
      $schema: 'schema.json',
    })
    expect(Object.keys(defaultBudgets.scenarios)).toEqual(names)
    expect(Object.keys(defaultBudgets.derivedFrom ?? {})).toEqual(names)
    expect(names.map((name) => defaultBudget(name))).not.toContain(undefined)
    expect(['toString', 'constructor', 'nothing'].map(defaultBudget)).toEqual([undefined, undefined, undefined])
  })
})

describe('a budget file', () => {
  const budgets: Budgets = { version: 1, scenarios: { 'a-scenario': roomy } }
  const parse = (text: string) => parseBudgets(text, 'budgets/v1.json', ['a-scenario'])
  const problem = (text: string): unknown => {
    try {
      parse(text)
    } catch (error) {
      return error instanceof InputError ? error.problem : error
    }
    return 'nothing wrong'
  }

  it('reads back as it was printed', () => {
    expect(parse(printBudgets(budgets, 'schema.json'))).toMatchObject(budgets)
  })

  it.each<[string, string, object]>([
    ['a syntax error', '{\n  "version": 1,\n  oops\n}', { at: 'line 3, column 3' }],
    ['nothing', '', { at: 'line 1, column 1' }],
    [
      'a missing limit',
      file({ ...budgets, scenarios: { 'a-scenario': { ...roomy, maxQueueDepth: undefined } } }),
      { at: 'scenarios."a-scenario".maxQueueDepth', found: 'nothing', expected: 'a whole number' },
    ],
    [
      'a negative limit',
      file({ ...budgets, scenarios: { 'a-scenario': { ...roomy, maxQueueDepth: -1 } } }),
      { at: 'scenarios."a-scenario".maxQueueDepth', found: '-1', expected: 'a whole number of 0 or more' },
    ],
    [
      'a fraction',
      file({ ...budgets, scenarios: { 'a-scenario': { ...roomy, maxQueueDepth: 1.5 } } }),
      { at: 'scenarios."a-scenario".maxQueueDepth', found: '1.5', expected: 'a whole number' },
    ],
    [
      'an unknown limit',
      file({ ...budgets, scenarios: { 'a-scenario': { ...roomy, maxQueueDept: 1 } } }),
      {
        at: 'scenarios."a-scenario".maxQueueDept',
        found: 'a field that does not exist',
        expected: expect.stringMatching(/^maxQueueDepth\?/),
      },
    ],
    ['an unknown field', file({ ...budgets, verson: 1 }), { at: 'verson', found: 'a field that does not exist' }],
    ['an unknown version', file({ ...budgets, version: 0 }), { at: 'version', found: '0' }],
    ['a version unlike its name', file({ ...budgets, version: 2 }), { at: 'version', found: '2', expected: '1' }],
    [
      'an unknown scenario',
      file({ ...budgets, scenarios: { 'b-scenario': roomy } }),
      { at: 'scenarios."b-scenario"', found: 'b-scenario', expected: 'a-scenario?' },
    ],
    ['a list', '[]', { at: 'the top level', found: '[]' }],
  ])('with %s is refused with place, found and expected', (_what, text, expected) => {
    expect(problem(text)).toMatchObject({ file: 'budgets/v1.json', ...expected })
  })
})

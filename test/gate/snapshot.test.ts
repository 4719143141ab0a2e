import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeDrift } from '../../src/gate/index.js'
import {
  builtInScenarios,
  compareWithSnapshot,
  evaluateBudget,
  type InvariantResult,
  type Metrics,
  metricNames,
  parseSnapshot,
  type Report,
  runMatrix,
  type ScenarioOutcome,
  snapshotOf,
  snapshotReportMarkdown,
} from '../../src/index.js'
import { reportOf } from '../../src/report/index.js'

const whole = fc.nat({ max: 1_000_000 })
const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,3}$/)
const hex = fc.stringMatching(/^[0-9a-f]{64}$/)

const outcome = fc.record({
  scenario: name,
  seed: whole,
  parameters: fc.dictionary(fc.stringMatching(/^[a-z][A-Za-z]{1,12}$/), whole, { minKeys: 1 }),
  overrides: fc.constant({}),
  passed: fc.boolean(),
  deterministic: fc.boolean(),
  invariantsMet: fc.boolean(),
  invariants: fc.array(
    fc.record({
      name,
      rule: fc.string(),
      held: fc.constant(false),
      violations: whole,
      first: fc.record({ index: whole, atMs: whole, message: fc.string() }),
    }),
    { maxLength: 3 },
  ),
  events: whole,
  signature: hex,
  profile: fc
    .tuple(...metricNames.map(() => whole))
    .map((values) => Object.fromEntries(metricNames.map((metric, index) => [metric, values[index]]))),
})

const report = fc
  .tuple(whole, fc.uniqueArray(outcome, { minLength: 1, maxLength: 4, selector: ({ scenario }) => scenario }))
  .map(([seed, outcomes]) => reportOf(seed, outcomes as unknown as Report['outcomes']))

const limits = {
  maxLeaseWindowP95Ms: 10_000,
  maxCheckpointWindowEvents: 10_000,
  maxReplayWindowMs: 10_000,
  maxQueueDepth: 10_000,
  maxRetryAttempts: 100,
}
const zero = Object.fromEntries(metricNames.map((metric) => [metric, 0])) as unknown as Metrics
const held = (rule: string): InvariantResult => ({ name: rule, rule, held: true, violations: 0 })
const before: ScenarioOutcome = {
  scenario: 'mine',
  seed: 1,
  parameters: { nodes: 2 },
  overrides: {},
  passed: true,
  deterministic: true,
  invariantsMet: true,
  invariants: [held('a'), held('b')],
  events: 10,
  signature: 'a'.repeat(64),
  profile: { ...zero, retryAttempts: 40 },
  budget: evaluateBudget(zero, limits, 1),
}

describe('the snapshot', () => {
  it('is the report as markdown, sealed, and read back as what it was made of', async () => {
    const ran = await runMatrix(builtInScenarios, {
      parameters: Object.fromEntries(builtInScenarios.map(({ name: scenario }) => [scenario, { durationMs: 500 }])),
    })
    const text = snapshotReportMarkdown(ran)
    expect(text).toMatch(/^# Contention report\n/)
    expect(text).toMatch(/\nSnapshot v1, signature: `[0-9a-f]{64}`\n$/)
    expect(parseSnapshot(text)).toEqual({ kind: 'snapshot', snapshot: snapshotOf(ran) })
  })

  it('parse after print is identity', () => {
    fc.assert(
      fc.property(report, (any) => {
        expect(parseSnapshot(snapshotReportMarkdown(any))).toEqual({ kind: 'snapshot', snapshot: snapshotOf(any) })
      }),
    )
  })

  it('any change of one character is found', () => {
    fc.assert(
      fc.property(report, fc.nat(), fc.stringMatching(/^[a-z0-9 ]$/), (any, at, character) => {
        const text = snapshotReportMarkdown(any)
        const index = at % text.length
        fc.pre(text[index] !== character)
        const changed = text.slice(0, index) + character + text.slice(index + 1)
        expect(parseSnapshot(changed).kind).not.toBe('snapshot')
      }),
    )
  })

  it('is read with the line ends and the mark that a checkout or an editor has given it', () => {
    const text = snapshotReportMarkdown(reportOf(1, [before]), 'Mine')
    for (const given of [text.replaceAll('\n', '\r\n'), `\uFEFF${text}`])
      expect(parseSnapshot(given)).toEqual(parseSnapshot(text))
    expect(parseSnapshot(text)).toMatchObject({ kind: 'snapshot', snapshot: { subject: 'Mine', budgetVersion: 1 } })
  })

  it('is damaged at a line, where something was found instead of what was expected, or of another version', () => {
    const text = snapshotReportMarkdown(reportOf(1, [before]))
    const lines = text.split('\n')
    const seal = lines.length - 1
    const damaged = (line: number, found: string, expected: string) => ({ kind: 'damaged', line, found, expected })
    const [unsealed, changed] = [
      'the snapshot signature as the last line',
      'a text that was not changed since the snapshot was written',
    ]
    expect(parseSnapshot('')).toEqual(damaged(1, 'nothing', unsealed))
    expect(parseSnapshot(`${text}\n`)).toEqual(damaged(seal + 1, 'nothing', unsealed))
    expect(parseSnapshot(text.replace('PASS', 'FAIL'))).toEqual(
      damaged(seal, lines[seal - 1]?.slice(0, 80) ?? '', changed),
    )
    const conflict = ['<<<<<<< HEAD', ...lines].join('\n')
    expect(parseSnapshot(conflict)).toEqual(damaged(1, '<<<<<<< HEAD', 'a text without the marks of a merge conflict'))
    expect(parseSnapshot(text.replace('Snapshot v1', 'Snapshot v0'))).toEqual({ kind: 'old', version: 0 })
    expect(parseSnapshot(text.replace('Snapshot v1', 'Snapshot v2'))).toEqual({ kind: 'newer', version: 2 })
  })

  it.each([
    ['PASS: ', 'a seed and a report signature'],
    ['Report signature', 'a seed and a report signature'],
    ['## mine', '## mine'],
    ['Parameters', 'Parameters: …'],
    ['| retryAttempts', 'retryAttempts'],
    ['Two runs', 'Two runs: …'],
  ])('is damaged where the line %j is missing, though it is sealed', (start, expected) => {
    const text = snapshotReportMarkdown(reportOf(1, [before]))
    const lines = text.split('\n').filter((line) => !line.startsWith(start))
    const body = `${lines.slice(0, -2).join('\n')}\n`
    const seal = createHash('sha256').update(body).digest('hex')
    const sealed = `${body}Snapshot v1, signature: \`${seal}\`\n`
    expect(lines.length).toBeLessThan(text.split('\n').length)
    expect(parseSnapshot(sealed)).toMatchObject({ kind: 'damaged', expected })
  })

  it('has no limits where there was no budget', () => {
    const { budget: _, ...unlimited } = before
    const parsed = parseSnapshot(snapshotReportMarkdown(reportOf(1, [unlimited])))
    expect(parsed.kind === 'snapshot' && parsed.snapshot.entries[0]?.limits).toStrictEqual({})
  })

  it('equal reports do not drift, whatever the order', () => {
    fc.assert(
      fc.property(report, (any) => {
        const names = any.outcomes.map(({ scenario }) => scenario)
        const reversed = reportOf(any.seed, [...any.outcomes].reverse())
        expect(compareWithSnapshot(reversed, snapshotOf(any), names)).toEqual([])
        expect(reversed.signature).toBe(any.signature)
      }),
    )
  })
})

describe('a drift', () => {
  const other = { signature: 'b'.repeat(64) }
  const retrying = (retryAttempts: number): Partial<ScenarioOutcome> => {
    const profile = { ...zero, retryAttempts }
    return { ...other, profile, budget: evaluateBudget(profile, limits, 1) }
  }
  const changed = 'changed: aaaaaaaaaaaa → bbbbbbbbbbbb, 10 → 10 events'
  const traces = 'metrics are equal, but the traces differ: aaaaaaaaaaaa → bbbbbbbbbbbb, 10 →'

  /** What is told of a report that has these instead, from the snapshot of the one before. */
  function told(now: Partial<ScenarioOutcome>, existing = ['mine'], seed = 1): readonly string[] {
    const drifts = compareWithSnapshot(
      reportOf(seed, [{ ...before, ...now }]),
      snapshotOf(reportOf(1, [before])),
      existing,
    )
    return drifts.map(describeDrift).flatMap(({ headline, details }) => [headline, ...details])
  }

  it.each<[what: string, now: Partial<ScenarioOutcome>, told: readonly string[]]>([
    ['nothing', {}, []],
    ['nothing of what is not deterministic', { ...other, deterministic: false }, []],
    [
      'a metric that has come nearer to its limit',
      retrying(100),
      [changed, 'retryAttempts 40 → 100 (+60)', 'budget nearer: retryAttempts has 0 left of its limit 100, it had 60'],
    ],
    [
      'one that has broken it',
      retrying(101),
      [changed, 'retryAttempts 40 → 101 (+61)', 'budget broken: retryAttempts is 1 above its limit 100'],
    ],
    ['one that has moved away from it', retrying(39), [changed, 'retryAttempts 40 → 39 (-1)']],
    ['a parameter', { ...other, parameters: { nodes: 2, ttlMs: 5 } }, [changed, 'parameter ttlMs absent → 5']],
    ['traces alone', other, [`${traces} 10 events`]],
    [
      'traces of another length',
      { ...other, events: 11, parameters: { nodes: 3 } },
      [`${traces} 11 events`, 'parameter nodes 2 → 3 (+1)'],
    ],
    [
      'limits',
      { budget: evaluateBudget(zero, { ...limits, maxQueueDepth: 9 }, 1) },
      ['behaves as in the snapshot, but its limits are others', 'limit maxQueueDepth 10000 → 9 (-9991)'],
    ],
    [
      'other budgets',
      { budget: evaluateBudget(zero, limits, 2) },
      ['the snapshot is of budgets v1, this run of budgets v2'],
    ],
    [
      'invariants that come and go',
      { ...other, invariants: [held('b'), held('c')] },
      [changed, 'invariants gone: a', 'invariants new: c'],
    ],
    [
      'invariants in another order',
      { ...other, invariants: [held('b'), held('a')] },
      [changed, 'invariants in another order'],
    ],
    ['an invariant that is broken', { ...other, invariants: [held('a'), { ...held('b'), held: false }] }, [changed]],
    ['a scenario that is new', { scenario: 'new' }, ['not in the snapshot']],
  ])('tells of %s', (_what, now, expected) => {
    expect(told(now, ['mine', 'new'])).toEqual(expected)
  })

  it('tells of another seed, and of a scenario that there is not any more', () => {
    expect(told({}, [], 2)).toEqual([
      'the snapshot is of seed 1, this run of seed 2',
      'in the snapshot, but there is no such scenario any more',
    ])
  })

  it('is none of budgets where one of both has none', () => {
    const { budget: _, ...unlimited } = before
    for (const [then, now] of [
      [before, unlimited],
      [unlimited, before],
    ] as const) {
      const drifts = compareWithSnapshot(reportOf(1, [now]), snapshotOf(reportOf(1, [then])), ['mine'])
      expect(drifts.map(({ kind }) => kind)).toEqual(['changed'])
    }
  })
})

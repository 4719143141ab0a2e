import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  builtInScenarios,
  compareWithSnapshot,
  evaluateBudget,
  metricNames,
  parseSnapshot,
  type Report,
  runMatrix,
  type Scenario,
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

  it('tells of a limit that a metric has come nearer to, or has broken, and of none that it has moved away from', async () => {
    const [scenario] = builtInScenarios as readonly [Scenario]
    const name = scenario.name
    const ran = await runMatrix([scenario], { parameters: { [name]: { durationMs: 500 } } })
    const [outcome] = ran.outcomes as [ScenarioOutcome]
    const limits = {
      maxLeaseWindowP95Ms: 10_000,
      maxCheckpointWindowEvents: 10_000,
      maxReplayWindowMs: 10_000,
      maxQueueDepth: 10_000,
      maxRetryAttempts: 100,
    }
    /** The same run, but for its retries. */
    const retrying = (retryAttempts: number): Report => {
      const profile = { ...outcome.profile, retryAttempts }
      const signature = String(retryAttempts).padStart(64, '0')
      return reportOf(1, [{ ...outcome, profile, budget: evaluateBudget(profile, limits, 1), signature }])
    }
    const moved = (from: number, to: number) => {
      const [drift] = compareWithSnapshot(retrying(to), snapshotOf(retrying(from)), [name])
      return drift?.kind === 'changed' ? drift.budgets : drift
    }
    const metric = 'retryAttempts'
    expect(moved(40, 100)).toEqual([{ metric, max: 100, headroomBefore: 60, headroom: 0, broken: false }])
    expect(moved(40, 101)).toEqual([{ metric, max: 100, headroomBefore: 60, headroom: -1, broken: true }])
    expect(moved(41, 40)).toEqual([])
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

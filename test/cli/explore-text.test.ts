import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { leaseLifecycle } from '../../scenarios/index.js'
import {
  boundText,
  explorationText,
  failuresText,
  failureText,
  progressText,
  swarmText,
} from '../../src/cli/explore/text.js'
import { emptyCoverage } from '../../src/explore/coverage.js'
import { drawSwarm, type Exploration, type Failure } from '../../src/explore/index.js'

const chalk = new Chalk({ level: 0 })
const explored = (seeds: number): Exploration => ({
  fromSeed: 1,
  seeds,
  events: 1_500 * seeds,
  steps: 2_000 * seeds,
  coverage: emptyCoverage(),
  failures: [],
  awaited: false,
})

describe('what exploration prints', () => {
  it('is how far it is, and how many kinds of fault have struck', () => {
    const soFar = explored(2_000)
    for (const row of [0, 3]) soFar.coverage.strikes[row]?.fill(7)
    expect(progressText(soFar, 10_000, 3_000)).toBe(
      'exploring 2,000/10,000 seeds, 0 failures, 3,000,000 events, 1,000,000/s, 2 of 13 kinds of fault',
    )
    expect(progressText(soFar, Number.POSITIVE_INFINITY, 3_000)).toContain('exploring 2,000 seeds,')
  })

  it('is every fault that is drawn, with its time and how hard it strikes', () => {
    const faults = [
      { kind: 'pause', node: 1, atMs: 20, durationMs: 45 },
      { kind: 'crash', node: 0, atMs: 1_300 },
      { kind: 'skew', node: 2, atMs: 7, byMs: -90 },
      { kind: 'partition', nodes: [0, 2], atMs: 9, durationMs: 11 },
      { kind: 'delay', leg: 'reply', node: 0, atMs: 31, durationMs: 2, delayMs: 80 },
      { kind: 'store-restart', atMs: 40, durationMs: 5, unsynced: 'lost' },
    ] as const
    const text = swarmText({ ...drawSwarm(leaseLifecycle, 1), faults, aimed: 3 })
    expect(text.split('\n').slice(4)).toEqual([
      '  6 at drawn times:',
      '        20 ms  pause of node-1 for 45 ms',
      '      1300 ms  crash of node-0 for good',
      '         7 ms  clock-jump of node-2 by -90 ms',
      '         9 ms  partition of node-0, node-2 for 11 ms',
      '        31 ms  slow-reply of node-0 by 80 ms, for 2 ms',
      '        40 ms  store-restart for 5 ms, what is not synced is lost',
      '  3 aimed at rare states, known when the run comes to them',
      '',
    ])
  })

  it('is what no failure is worth, and nothing where it is worth nothing', () => {
    expect(boundText(9)).toBe('too few seeds to say anything of others')
    expect(boundText(10)).toContain('fewer than 30% of such seeds fail')
    const shown = { own: false, skipped: [], complete: true, verbose: false }
    expect(explorationText(explored(0), shown, chalk)).toMatch(/\nno seed was explored\n$/)
  })

  it('is that commands ran as one step, of a subject that is not ours and awaits', () => {
    const shown = { own: true, skipped: [], complete: true, verbose: false }
    const awaited = { ...explored(20), awaited: true }
    const last = /\n {6}each command ran as one step: [^\n]+\n$/
    expect(explorationText(awaited, shown, chalk)).toMatch(last)
    expect(explorationText(explored(20), shown, chalk)).not.toMatch(last)
    expect(explorationText(awaited, { ...shown, own: false }, chalk)).not.toMatch(last)
  })

  it('is what was exercised, but not where it ended at a failure, unless all is to be told', () => {
    const plan = { scenario: 'lease-lifecycle', seed: 2, strategy: 'pct', parameters: {}, faults: [] } as const
    const failure: Failure = { kind: 'nondeterministic', seed: 2, scenario: plan.scenario, plan }
    const failed = { ...explored(2), failures: [failure] }
    const shown = { own: false, skipped: ['claim: the subject does not have it'], complete: true, verbose: false }
    expect(explorationText(explored(2), shown, chalk)).toMatch(/^faults by lease state/)
    expect(explorationText(failed, shown, chalk)).toBe(
      'skipped claim: the subject does not have it\n\nFAIL  1 failure in 2 seeds, 3,000 events  seeds 1 to 2\n',
    )
    expect(explorationText(failed, { ...shown, verbose: true }, chalk)).toMatch(/^faults by lease state/)
  })

  it('is what was found, with its seed and time, and the smallest one with its own', () => {
    const plan = {
      scenario: 'lease-lifecycle',
      seed: 705,
      strategy: 'pct',
      parameters: { nodes: 3 },
      faults: [],
    } as const
    const breach = { invariant: 'effect-once', message: 'a copy took effect', index: 40, atMs: 60 }
    const found: Failure = { kind: 'breach', seed: 705, scenario: plan.scenario, plan, breach }
    const failure: Failure = {
      ...found,
      seed: 4,
      plan: { ...plan, seed: 4, parameters: { nodes: 2 } },
      breach: { ...breach, message: 'another copy took effect', atMs: 926 },
    }
    const told = { failure, found, runs: 1_826, minimal: true, story: [], replay: 'npx contention replay x.json' }
    expect(failureText(told, chalk).split('\n')).toEqual([
      'FAIL  lease-lifecycle  seed 705: effect-once broke at 60 ms',
      '      a copy took effect',
      '      smallest: seed 4, 2 nodes, 0 spaces, no faults, 0 ms, from 3 nodes, 0 spaces, no faults, 0 ms (1,826 runs)',
      '      effect-once broke at 926 ms: another copy took effect',
      '      see npx contention replay x.json',
      '',
    ])
    const same = failureText({ ...told, failure: found }, chalk)
    expect(same.match(/broke at/g)).toHaveLength(1)
    expect(same).toContain('smallest: seed 705, 3 nodes, 0 spaces, no faults, 0 ms (1,826 runs)')
    const ownFaults = [
      { kind: 'pause', count: 1 },
      { kind: 'crash', count: 2 },
      { kind: 'lost-reply', count: 3 },
    ] as const
    const own = (faults: Failure['plan']['faults']) =>
      failureText({ ...told, failure: { ...found, plan: { ...plan, faults } }, ownFaults }, chalk)
    const theScenarios = "the scenario's own (1 pause, 2 crashes, 3 lost-replies)"
    expect(own([])).toContain(`smallest: seed 705, 3 nodes, 0 spaces, no faults but ${theScenarios}, 0 ms (1,826 runs)`)
    const pause = { kind: 'pause', node: 0, atMs: 3, durationMs: 2 } as const
    expect(own([pause])).toContain(`, 1 fault and ${theScenarios}, 0 ms, from 3 nodes, 0 spaces, no faults, 0 ms`)
  })

  it('is the story once, of failures that are the same when they are made small', () => {
    const plan = { scenario: 'lease-lifecycle', seed: 1, strategy: 'pct', parameters: {}, faults: [] } as const
    const failure: Failure = { kind: 'nondeterministic', seed: 1, scenario: plan.scenario, plan }
    const from = (seed: number, file: string) => {
      const found = { ...failure, seed }
      return { failure, found, story: ['once upon a time'], replay: `npx contention replay ${file}`, file }
    }
    const text = failuresText([from(19, 'a.json'), from(26, 'a.json'), from(30, 'b.json')], chalk)
    expect(text.match(/once upon a time/g)).toHaveLength(2)
    expect(text).toContain('seed 26: subject or scenario is not deterministic\n')
    expect(text).toContain('      made small it is that of seed 19: a.json\n')
  })

  it('is why there is no token, where there is none', () => {
    const plan = { scenario: 'lease-lifecycle', seed: 1, strategy: 'pct', parameters: {}, faults: [] } as const
    const failure: Failure = { kind: 'nondeterministic', seed: 1, scenario: plan.scenario, plan }
    const told = { failure, story: [], replay: 'npx contention replay x.json' }
    expect(failureText({ ...told, file: 'x.json' }, chalk)).toContain('token none: too long, use the file')
    expect(failureText({ ...told, file: 'x.json', token: 'cx1abc' }, chalk)).toContain('token cx1abc\n')
    expect(failureText(told, chalk)).not.toContain('token')
    expect(failureText(told, chalk)).toMatch(
      /^FAIL {2}lease-lifecycle {2}seed 1: subject or scenario is not deterministic\n/,
    )
    expect(failureText(told, chalk)).toContain('      to do take time from nowMs, chance from random ')
  })
})

import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import {
  builtInScenarios,
  type InvariantResult,
  metricsSignature,
  type Report,
  reportMarkdown,
  runMatrix,
  type ScenarioOutcome,
  snapshotReportMarkdown,
} from '../../src/index.js'
import {
  githubAnnotations,
  githubSummary,
  reportAnnotations,
  reportJson,
  reportJunit,
  reportOf,
  reportTerminal,
} from '../../src/report/index.js'

const plain = new Chalk({ level: 0 })
const short = Object.fromEntries(builtInScenarios.map(({ name }) => [name, { durationMs: 1_000, nodes: 4, spaces: 2 }]))

const passing = (): Promise<Report> => runMatrix(builtInScenarios, { parameters: short })

/** Everything that can be wrong with a report, on top of one that is real. */
async function failing(): Promise<Report> {
  const budget = {
    maxLeaseWindowP95Ms: 1,
    maxCheckpointWindowEvents: 99,
    maxReplayWindowMs: 0,
    maxQueueDepth: 0,
    maxRetryAttempts: 9_999,
  }
  const report = await runMatrix(builtInScenarios.slice(0, 2), {
    parameters: short,
    budgets: { version: 3, scenarios: { 'ownership-fencing-contention': budget } },
  })
  const [first, second] = report.outcomes
  if (first === undefined || second === undefined) throw new Error('expected two outcomes')
  const broken = {
    ...second,
    passed: false,
    deterministic: false,
    invariantsMet: false,
    divergence: {
      digests: ['a'.repeat(64), 'b'.repeat(64)] as const,
      first: { index: 12, atMs: 34, events: ['34 ms node-0 sends acquire of space-0 #1', undefined] as const },
    },
    invariants: [
      {
        name: 'made-up',
        rule: 'a rule',
        held: false,
        violations: 3,
        first: { index: 5, atMs: 6, message: '<"&\u0000> 50% off,\nor: more' },
      },
    ],
  }
  return { ...report, failedScenarios: 2, nondeterministicFailures: 1, invariantFailures: 1, outcomes: [first, broken] }
}

describe('reports', () => {
  it('read well on a terminal', async () => {
    expect(reportTerminal(await passing(), { chalk: plain, quiet: false })).toMatchSnapshot()
  })

  it('say why something failed, and how to see it again', async () => {
    expect(reportTerminal(await failing(), { chalk: plain, quiet: true })).toMatchSnapshot()
    // Of what held there is nothing to say.
    expect(reportTerminal(await passing(), { chalk: plain, quiet: true })).toBe('')
  })

  it('are stable as markdown, and the snapshot is that markdown', async () => {
    const report = await failing()
    expect(reportMarkdown(report)).toMatchSnapshot()
    expect(reportMarkdown(await passing())).toBe(reportMarkdown(await passing()))
    expect(snapshotReportMarkdown(report).startsWith(reportMarkdown(report))).toBe(true)
  })

  it('of nothing have not passed', () => {
    expect(reportOf(1, [])).toMatchObject({ passed: false, failedScenarios: 0 })
  })

  it('name their verdict as JSON', async () => {
    const report = await passing()
    expect(JSON.parse(reportJson(report))).toEqual({ verdict: 'held', subject: null, ...report })
    expect(JSON.parse(reportJson(report, { subject: 'My lease' })).subject).toBe('My lease')
    expect(JSON.parse(reportJson(await failing()))).toMatchObject({ verdict: 'not-held', failedScenarios: 2 })
  })

  it('are well-formed JUnit XML, whatever a message holds', async () => {
    expect(reportJunit(await failing())).toMatchSnapshot()
    const report = await failing()
    const [outcome] = report.outcomes
    const [rule] = outcome?.invariants ?? []
    const told = (message: string) => {
      const broken = { ...rule, held: false, violations: 1, first: { index: 0, atMs: 0, message } } as InvariantResult
      return reportJunit({ ...report, outcomes: [{ ...(outcome as ScenarioOutcome), invariants: [broken] }] })
    }
    expect(told('two 😀 holders\u0000\u0007')).toContain('two 😀 holders"')
    expect(told('one\rtwo\u2028three\ud800')).toContain('one two three\ufffd"')
  })

  it('escape what GitHub would take for its own', async () => {
    expect(githubAnnotations(reportAnnotations(await failing()))).toMatchSnapshot()
    expect(reportAnnotations(await passing())).toEqual([])
  })

  it('end a title for GitHub neither at a comma nor at a colon, and a message at neither', () => {
    const annotation = { title: 'a, b: 5%\nc', message: 'd, e: 5%\r\nf' }
    expect(githubAnnotations([annotation])).toBe('::error title=a%2C b%3A 5%25%0Ac::d, e: 5%25%0D%0Af\n')
  })

  it('show GitHub ten annotations at the most, and say how many are left out', () => {
    const many = Array.from({ length: 25 }, (_, index) => ({ title: `scenario ${index}`, message: 'broke' }))
    const lines = githubAnnotations(many).trimEnd().split('\n')
    expect(lines).toHaveLength(10)
    expect(lines.at(-1)).toContain('16 more are left out here')
    const ten = githubAnnotations(many.slice(0, 10))
    expect(ten.trimEnd().split('\n')).toHaveLength(10)
    expect(ten).not.toContain('left out')
  })

  it('cut a step summary that GitHub would drop, with what is in it already, and say what is left out', () => {
    const MAX_BYTES = 1024 * 1024
    const long = 'é'.repeat(99).concat('\n').repeat(8_000)
    for (const taken of [0, 1_000_000]) {
      const { text, leftOut = 'nothing' } = githubSummary(long, taken)
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_BYTES - taken)
      const kept = text.split('\n').filter((line) => line.startsWith('é')).length
      expect(leftOut).toContain(`${(8_000 - kept).toLocaleString('en')} of 8,000 lines left out`)
      expect(text.endsWith(`\n\n${leftOut}.\n`)).toBe(true)
    }
    expect(githubSummary('short', 0)).toEqual({ text: 'short', leftOut: undefined })
    const full = 'a'.repeat(MAX_BYTES)
    expect(githubSummary(full, 0)).toEqual({ text: full, leftOut: undefined })
    expect(githubSummary(full, 1).leftOut).toContain('1 of 1 line left out')
    // But for the notice, for which 256 bytes are kept free, as many lines as there is room for.
    const lines = 'four\n'.repeat(MAX_BYTES)
    for (const room of [5_000, 5_004, 5_005]) {
      const { text } = githubSummary(lines, MAX_BYTES - 256 - room)
      expect(text.match(/^four$/gm)).toHaveLength(Math.floor(room / 5))
    }
    for (const taken of [MAX_BYTES - 100, MAX_BYTES + 100]) {
      expect(githubSummary(long, taken)).toMatchObject({
        text: '',
        leftOut: expect.stringContaining('8,000 of 8,000 lines'),
      })
    }
  })

  it('sign metrics whatever the order of their fields', async () => {
    const [outcome] = (await passing()).outcomes
    const profile = outcome?.profile
    if (profile === undefined) throw new Error('expected an outcome')
    const reordered = Object.fromEntries(Object.entries(profile).reverse()) as unknown as typeof profile
    expect(metricsSignature(reordered)).toBe(metricsSignature(profile))
    expect(metricsSignature({ ...profile, retryAttempts: profile.retryAttempts + 1 })).not.toBe(
      metricsSignature(profile),
    )
  })
})

import { createHash } from 'node:crypto'
import { type Budget, limitNames, limits as metricsOf } from '../budget/index.js'
import { type MetricName, type Metrics, metricNames } from '../metrics/index.js'
import { oneLine, type Report, reportMarkdown, type ScenarioOutcome } from '../report/index.js'

/** Version of the snapshot's format: one of another has to be made anew. */
export const snapshotVersion = 1

/** What the gate compares with: one scenario as it was when the snapshot was accepted. */
export interface SnapshotEntry {
  readonly scenario: string
  readonly events: number
  readonly signature: string
  readonly parameters: { readonly [name: string]: number }
  readonly metrics: Metrics
  /** Of the budget that it was judged by; empty when it had none. */
  readonly limits: Partial<Budget>
  /** The names of what it was judged by, in their order. */
  readonly invariants: readonly string[]
}

/** What was accepted of one run of all scenarios: the gate compares later runs with it. */
export interface Snapshot {
  /** The name of what was measured; absent for the built-in subject. */
  readonly subject?: string
  readonly seed: number
  /** Absent when no scenario had a budget. */
  readonly budgetVersion?: number
  readonly signature: string
  readonly entries: readonly SnapshotEntry[]
}

/** What a snapshot file turned out to be. */
export type ParsedSnapshot =
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly kind: 'old' | 'newer'; readonly version: number }
  | { readonly kind: 'damaged'; readonly line: number; readonly found: string; readonly expected: string }

/** What git leaves in a file that two have changed. */
const CONFLICT = /^(<{7}|={7}|>{7}|\|{7})( |$)/
const SEAL = /^Snapshot v(\d+), signature: `([0-9a-f]{64})`$/

/**
 * The snapshot's text: the report for people to read and diff, sealed by a digest of itself. One file, because two could
 * not be replaced at one moment: a kill between them would leave a mixture.
 * @param subject the name of what was measured, where it is not the built-in subject
 */
export function snapshotReportMarkdown(report: Report, subject?: string): string {
  const body = reportMarkdown(report, subject)
  return `${body}Snapshot v${snapshotVersion}, signature: \`${snapshotSignature(body)}\`\n`
}

/** Digest of a snapshot's text without its last line: tells an accepted snapshot from one that was edited or cut off. */
export function snapshotSignature(body: string): string {
  return createHash('sha256').update(body).digest('hex')
}

/** What of a report a snapshot keeps. */
export function snapshotOf({ seed, budgetVersion, signature, outcomes }: Report): Snapshot {
  const entries = outcomes.map((outcome) => ({
    scenario: outcome.scenario,
    events: outcome.events,
    signature: outcome.signature,
    parameters: outcome.parameters,
    metrics: outcome.profile,
    limits: limitsOf(outcome),
    invariants: invariantsOf(outcome),
  }))
  return { seed, ...(budgetVersion === undefined ? {} : { budgetVersion }), signature, entries }
}

/** The limits that an outcome was judged by. */
export function limitsOf({ budget }: ScenarioOutcome): Partial<Budget> {
  return Object.fromEntries((budget?.checks ?? []).map(({ limit, max }) => [limit, max]))
}

/** The names of the invariants that an outcome was judged by, as they stand in a snapshot. */
export function invariantsOf({ invariants }: ScenarioOutcome): readonly string[] {
  return invariants.map(({ name }) => oneLine(name))
}

/**
 * Reads a snapshot's text back, with the line ends that a checkout has given it (`core.autocrlf`), and the byte order mark that
 * an editor has. What it finds is a value:
 * a damaged snapshot is something that was checked.
 */
export function parseSnapshot(text: string): ParsedSnapshot {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const damaged = (at: number, expected: string): ParsedSnapshot => ({
    kind: 'damaged',
    line: at + 1,
    found: lines[at] === undefined || lines[at] === '' ? 'nothing' : lines[at].slice(0, 80),
    expected,
  })
  const conflictAt = lines.findIndex((line) => CONFLICT.test(line))
  if (conflictAt >= 0) return damaged(conflictAt, 'a text without the marks of a merge conflict')
  const sealAt = lines.length - 2
  const seal = SEAL.exec(lines[sealAt] ?? '')
  if (seal === null) return damaged(Math.max(sealAt, 0), 'the snapshot signature as the last line')
  const version = Number(seal[1])
  if (version !== snapshotVersion) return { kind: version < snapshotVersion ? 'old' : 'newer', version }
  if (snapshotSignature(`${lines.slice(0, sealAt).join('\n')}\n`) !== seal[2]) {
    return damaged(sealAt, 'a text that was not changed since the snapshot was written')
  }
  const reader = new Reader(lines)
  const subject = /^# Contention report of subject (.+)$/.exec(lines[0] as string)?.[1]
  const [seed, budgetVersion] = reader.groups(/Seed (\d+), (?:no budgets|budgets v(\d+))\.$/)
  const rows = reader.rows(/^\| (\S+) \| (?:PASS|FAIL) \| (\d+) \| `([0-9a-f]{64})` \|$/)
  const signature = reader.find(/^Report signature: `([0-9a-f]{64})`$/)
  if (seed === undefined || signature === undefined) return damaged(reader.at, 'a seed and a report signature')
  const entries: SnapshotEntry[] = []
  for (const [scenario, events, own] of rows) {
    if (reader.find(new RegExp(`^## (${scenario})$`)) === undefined) return damaged(reader.at, `## ${scenario}`)
    const parameters = reader.find(/^Parameters: (.*)$/)
    const table = reader.rows(/^\| (\w+) \| (\d+) \| (\d*) \|$/)
    const values = new Map(table.map(([name, value]) => [name, Number(value)]))
    const missing = metricNames.find((name) => !values.has(name))
    if (parameters === undefined || missing !== undefined) return damaged(reader.at, missing ?? 'Parameters: …')
    const invariants = reader.find(/^Two runs: .*?\. Invariants: (.*)\.$/)
    if (invariants === undefined) return damaged(reader.at, 'Two runs: …')
    const max = new Map(table.filter(([, , limit]) => limit !== '').map(([name, , limit]) => [name, Number(limit)]))
    entries.push({
      scenario: scenario as string,
      events: Number(events),
      signature: own as string,
      parameters: Object.fromEntries(
        parameters.split(', ').map((pair) => [pair.split('=')[0] as string, Number(pair.split('=')[1])]),
      ),
      metrics: Object.fromEntries(metricNames.map((name) => [name, values.get(name)])) as Record<MetricName, number>,
      limits: limitsFrom(max),
      invariants: [...invariants.matchAll(/(.+?) (?:held|broke [\d,]+×)(?:, |$)/g)].map(([, name]) => name as string),
    })
  }
  const optional = {
    ...(subject === undefined ? {} : { subject }),
    ...(budgetVersion === undefined ? {} : { budgetVersion: Number(budgetVersion) }),
  }
  return { kind: 'snapshot', snapshot: { seed: Number(seed), ...optional, signature, entries } }
}

/** A limit on two metrics stands beside both. */
function limitsFrom(max: ReadonlyMap<string | undefined, number>): Partial<Budget> {
  const present = limitNames.filter((limit) => metricsOf[limit].every((metric) => max.has(metric)))
  return Object.fromEntries(present.map((limit) => [limit, max.get(metricsOf[limit][0])]))
}

/** Goes down the lines once. */
class Reader {
  readonly #lines: readonly string[]
  at = 0

  constructor(lines: readonly string[]) {
    this.#lines = lines
  }

  /** The first group of the next line that matches, wherever it is. */
  find(pattern: RegExp): string | undefined {
    return this.groups(pattern)[0]
  }

  /** All groups of it; none when no line matches. */
  groups(pattern: RegExp): readonly (string | undefined)[] {
    for (let at = this.at; at < this.#lines.length; at++) {
      const match = pattern.exec(this.#lines[at] as string)
      if (match === null) continue
      this.at = at + 1
      return match.slice(1)
    }
    return []
  }

  /** The groups of the next table's rows that match. */
  rows(pattern: RegExp): readonly (readonly string[])[] {
    const found: string[][] = []
    while (this.at < this.#lines.length) {
      const match = pattern.exec(this.#lines[this.at] as string)
      if (match !== null) found.push(match.slice(1))
      else if (found.length > 0) break
      this.at += 1
    }
    return found
  }
}

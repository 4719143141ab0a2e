import type { Report } from './report.js'

/** Why a command ended as it did: exit code 0, 1 or 2. */
export type Verdict = 'held' | 'not-held' | 'not-checked'

/** What a report does not say of what it is a report of. */
export interface Measured {
  /** The name of what was measured, where it is not the built-in subject. */
  readonly subject?: string | undefined
  /** What was not measured. */
  readonly leftOut?: readonly object[]
}

/** A report as JSON, with its verdict first. */
export function reportJson(report: Report, { subject, leftOut }: Measured = {}): string {
  const verdict: Verdict = report.passed ? 'held' : 'not-held'
  const of = { subject: subject ?? null, ...(leftOut !== undefined && { leftOut }) }
  return `${JSON.stringify({ verdict, ...of, ...report }, null, 2)}\n`
}

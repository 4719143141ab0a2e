import type { Report } from './report.js'

/** Why a command ended as it did: exit code 0, 1 or 2. */
export type Verdict = 'held' | 'not-held' | 'not-checked'

/**
 * A report as JSON, with its verdict first.
 * @param subject the name of what was measured, where it is not the built-in subject
 */
export function reportJson(report: Report, subject?: string): string {
  const verdict: Verdict = report.passed ? 'held' : 'not-held'
  return `${JSON.stringify({ verdict, subject: subject ?? null, ...report }, null, 2)}\n`
}

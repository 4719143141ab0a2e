import type { Report } from './report.js'

/** Why a command ended as it did: exit code 0, 1 or 2. */
export type Verdict = 'held' | 'not-held' | 'not-checked'

/** A report as JSON, with its verdict first. */
export function reportJson(report: Report): string {
  const verdict: Verdict = report.passed ? 'held' : 'not-held'
  return `${JSON.stringify({ verdict, ...report }, null, 2)}\n`
}

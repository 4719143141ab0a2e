import { failureReasons, replayCommand, scenarioLabel } from './labels.js'
import type { Report } from './report.js'

/** GitHub shows ten annotations of a kind per step, and silently none of the rest. */
const MAX_ANNOTATIONS = 10

/** GitHub drops a step summary of more than 1 MiB as a whole. */
const MAX_SUMMARY_BYTES = 1024 * 1024

/** One thing to point out on the page of a GitHub Actions run. */
export interface Annotation {
  readonly title: string
  readonly message: string
}

/** What failed in a report, as annotations. */
export function reportAnnotations(report: Report): readonly Annotation[] {
  return report.outcomes
    .filter(({ passed }) => !passed)
    .map((outcome) => ({
      title: scenarioLabel(outcome),
      message: [...failureReasons(outcome), replayCommand(outcome)].join('\n'),
    }))
}

/** Workflow commands that make GitHub show `annotations`. When there are too many, the last one says how many are left out. */
export function githubAnnotations(annotations: readonly Annotation[]): string {
  const shown = annotations.length <= MAX_ANNOTATIONS ? annotations : annotations.slice(0, MAX_ANNOTATIONS - 1)
  const left = annotations.length - shown.length
  const all =
    left === 0
      ? shown
      : [...shown, { title: 'contention', message: `${left} more are left out here: see the log, or the step summary` }]
  return all.map(({ title, message }) => `::error title=${escapeProperty(title)}::${escapeData(message)}\n`).join('')
}

/** A step summary within GitHub's bound: cut at a line, and saying so. */
export function githubSummary(markdown: string): string {
  if (Buffer.byteLength(markdown) <= MAX_SUMMARY_BYTES) return markdown
  const notice = '\n\nThe rest is left out: GitHub shows no summary of more than 1 MiB.\n'
  const room = MAX_SUMMARY_BYTES - Buffer.byteLength(notice)
  const kept: string[] = []
  let used = 0
  for (const line of markdown.split('\n')) {
    used += Buffer.byteLength(line) + 1
    if (used > room) break
    kept.push(line)
  }
  return `${kept.join('\n')}${notice}`
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

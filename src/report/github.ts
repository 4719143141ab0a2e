import { failureReasons, grouped, plural, replayCommand, scenarioLabel } from './labels.js'
import type { Report } from './report.js'

/** GitHub shows ten annotations of a kind per step, and silently none of the rest. */
const MAX_ANNOTATIONS = 10

/** GitHub drops the summary of a step as a whole when it is longer, whoever has written to it. */
const MAX_SUMMARY_BYTES = 1024 * 1024

/** What is kept free for the notice that something is left out: twice what it needs for a billion lines. */
const NOTICE_BYTES = 256

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

/** A workflow command that makes GitHub show a warning. */
export function githubWarning(message: string): string {
  return `::warning title=contention::${escapeData(message)}\n`
}

/** What goes to the summary of a step, and what does not, in words. */
export interface StepSummary {
  readonly text: string
  readonly leftOut: string | undefined
}

/** `markdown` within GitHub's bound on a summary that has `takenBytes` already: cut at a line, and saying so. */
export function githubSummary(markdown: string, takenBytes: number): StepSummary {
  const roomBytes = MAX_SUMMARY_BYTES - takenBytes
  if (Buffer.byteLength(markdown) <= roomBytes) return { text: markdown, leftOut: undefined }
  const lines = markdown.trimEnd().split('\n')
  const kept = linesWithin(lines, roomBytes - NOTICE_BYTES)
  const leftOut = `${grouped(lines.length - kept.length)} of ${plural(lines.length, 'line')} left out at the end: GitHub shows no summary of more than 1 MiB`
  return { text: roomBytes < NOTICE_BYTES ? '' : [...kept, '', `${leftOut}.`, ''].join('\n'), leftOut }
}

function linesWithin(lines: readonly string[], bytes: number): readonly string[] {
  let used = 0
  const end = lines.findIndex((line) => {
    used += Buffer.byteLength(line) + 1
    return used > bytes
  })
  return end < 0 ? lines : lines.slice(0, end)
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

import { appendFileSync } from 'node:fs'
import { type Annotation, githubAnnotations, githubSummary } from '../report/index.js'
import type { Io } from './io.js'

/**
 * On GitHub Actions, points out what failed and adds to the step summary; elsewhere nothing. Annotations go to stderr,
 * which GitHub reads as well, so that stdout stays what was asked for.
 */
export function tellGithub(io: Io, annotations: readonly Annotation[], markdown: string): void {
  if (io.env['GITHUB_ACTIONS'] !== 'true') return
  io.stderr.write(githubAnnotations(annotations))
  const summaryFile = io.env['GITHUB_STEP_SUMMARY']
  if (summaryFile === undefined || summaryFile === '') return
  try {
    appendFileSync(summaryFile, githubSummary(markdown))
  } catch (error) {
    io.stderr.write(`::warning title=contention::the step summary could not be written: ${String(error)}\n`)
  }
}

import { appendFileSync, statSync } from 'node:fs'
import { type Annotation, githubAnnotations, githubSummary, githubWarning } from '../../report/index.js'
import type { Io } from '../terminal/io.js'

/**
 * On GitHub Actions, points out what is wrong; elsewhere nothing. To stderr, which GitHub reads as well, so that stdout
 * stays what was asked for.
 */
export function annotate(io: Io, annotations: readonly Annotation[]): void {
  if (onGithub(io)) io.stderr.write(githubAnnotations(annotations))
}

/** On GitHub Actions, points out what is no fault, but should be known; elsewhere nothing. */
export function warn(io: Io, messages: readonly string[]): void {
  if (onGithub(io)) io.stderr.write(messages.map(githubWarning).join(''))
}

/** On GitHub Actions, adds to the summary of the step, which other commands may have begun; elsewhere nothing. */
export function summarize(io: Io, markdown: string): void {
  const file = io.env['GITHUB_STEP_SUMMARY']
  if (!onGithub(io) || file === undefined || file === '') return
  try {
    const { text, leftOut } = githubSummary(markdown, statSync(file, { throwIfNoEntry: false })?.size ?? 0)
    appendFileSync(file, text)
    if (leftOut !== undefined) io.stderr.write(githubWarning(`the step summary is full: ${leftOut}`))
  } catch (error) {
    io.stderr.write(githubWarning(`the step summary could not be written: ${String(error)}`))
  }
}

function onGithub({ env }: Io): boolean {
  return env['GITHUB_ACTIONS'] === 'true'
}

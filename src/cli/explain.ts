import { join } from 'node:path'
import { InputError } from '../input/index.js'
import { packageRoot } from '../package.js'
import { NothingMeasured, ScenarioAborted } from '../run/index.js'
import { StoreError, type StoreProblem } from '../stores/index.js'
import { SubjectFault } from '../subject/index.js'
import { storeProblemText } from './explain-store.js'

/** An error in words, for the person at the terminal: never a stack trace, except of a bug of ours. */
export function explain(error: unknown): string {
  if (error instanceof InputError) return error.message
  if (error instanceof StoreError) return storeProblemText(error.problem)
  if (error instanceof ScenarioAborted) return explainAborted(error)
  if (error instanceof SubjectFault) return error.message
  if (error instanceof NothingMeasured) {
    return `${error.message}\n  expected: nodes that ask for something, and a durationMs long enough for it`
  }
  const place = userFrame(error)
  if (place !== undefined) return `${error instanceof Error ? error.message : String(error)}\n  at:       ${place}`
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `this is a bug in contention, please report it\n${stack}`
}

/** Whether the subject under test is to blame, and not what was asked of it. */
export function isSubjectsFault(error: unknown): boolean {
  if (error instanceof SubjectFault) return true
  return error instanceof ScenarioAborted && error.cause.cause instanceof SubjectFault
}

/** What is wrong with the store, if that is what `error` is about. */
export function storeProblemOf(error: unknown): StoreProblem | undefined {
  const cause = error instanceof ScenarioAborted ? error.cause.cause : error
  return cause instanceof StoreError ? cause.problem : undefined
}

function explainAborted({ scenario, cause }: ScenarioAborted): string {
  if (cause.cause instanceof StoreError) return storeProblemText(cause.cause.problem)
  if (cause.cause instanceof SubjectFault) {
    return `${scenario}: ${cause.message}, at ${cause.atMs} ms of virtual time`
  }
  if (cause.name === 'StepLimitReached') {
    return [
      `${scenario} does not end: more than ${cause.maxSteps} events by virtual time ${cause.atMs} ms`,
      '  expected: a process that sleeps or waits between its steps',
      '  to do:    mend the loop, or raise the limit with --max-events',
    ].join('\n')
  }
  const { culprit, node, atMs } = cause
  const place = userFrame(cause.cause)
  return [
    `${scenario}: the ${culprit} throws, at ${atMs} ms of virtual time, on behalf of ${node}`,
    `  found:    ${cause.message.split('\n')[0]}`,
    ...(place === undefined ? [] : [`  at:       ${place}`]),
    `  expected: a ${culprit} that answers; refusals are values`,
  ].join('\n')
}

/** Where the error arose, in a file that is not ours. */
function userFrame(cause: unknown): string | undefined {
  const stack = cause instanceof Error ? (cause.stack ?? '') : ''
  const frames = stack.split('\n').slice(1)
  const notTheirs = ['node:', 'node_modules', '<anonymous>', join(packageRoot(), 'dist'), join(packageRoot(), 'bin')]
  const frame = frames.find((line) => !notTheirs.some((part) => line.includes(part)))
  return frame?.trim().replace(/^at /, '')
}

import { join } from 'node:path'
import { fileOfScenario } from '../../config/index.js'
import { InputError, type InputProblem } from '../../input/index.js'
import type { StepFailed } from '../../kernel/index.js'
import { packageRoot } from '../../package.js'
import { DETERMINISM_TODO } from '../../report/index.js'
import { NothingMeasured } from '../../run/index.js'
import { type Drawn, ScenarioAborted } from '../../scenario/index.js'
import { StoreError, type StoreProblem } from '../../stores/index.js'
import { CommandLacking, SubjectFault } from '../../subject/index.js'
import { storeProblemText } from './explain-store.js'

/** An error in words, for the person at the terminal: never a stack trace, except of a bug of ours. */
export function explain(error: unknown): string {
  if (error instanceof SubjectFault) return error.message
  const store = storeProblemOf(error)
  if (store !== undefined) return storeProblemText(store)
  const problem = inputProblemOf(error)
  if (problem !== undefined) return new InputError(problem).message
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `this is a bug in contention, please report it\n${stack}`
}

/** What is wrong with what was given to us, if that is what `error` is about. */
export function inputProblemOf(error: unknown): InputProblem | undefined {
  if (error instanceof InputError) return error.problem
  if (error instanceof SubjectFault) return undefined
  if (error instanceof ScenarioAborted) return abortedProblem(error)
  if (error instanceof NothingMeasured) {
    return {
      what: error.message,
      expected: 'nodes that ask for something, a subject that grants it, and a durationMs long enough for both',
    }
  }
  const at = userFrame(error)
  return at === undefined ? undefined : { what: error instanceof Error ? error.message : String(error), at }
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

function abortedProblem(error: ScenarioAborted): InputProblem {
  const problem = causeProblem(error)
  if (error.where === 'a run') return problem
  return {
    ...problem,
    what: `${problem.what}, in the second run alone: it is not deterministic`,
    todo: problem.todo ?? DETERMINISM_TODO,
  }
}

/** A scenario that can be run with its defaults may not be with what exploration draws. */
function withDrawn(problem: InputProblem, drawn: Drawn | undefined): InputProblem {
  if (drawn === undefined) return problem
  const parameters = Object.entries(drawn.parameters).map(([name, value]) => `${name}=${value}`)
  const at = `seed ${drawn.seed} has drawn ${parameters.join(' ')}`
  return {
    ...problem,
    found: problem.found === undefined ? at : `${problem.found}; ${at}`,
    todo:
      problem.todo ??
      'mend the scenario, give its parameters the bounds that it needs, or say in `explore` what is drawn',
  }
}

function causeProblem({ scenario, cause, drawn }: ScenarioAborted): InputProblem {
  if (cause.name === 'EventLimitReached') {
    const { stoodStill, message } = cause
    return {
      what: `${scenario} is ${message}`,
      ...(stoodStill && { expected: 'a process that sleeps or waits between its steps' }),
      todo: stoodStill
        ? 'mend what loops, or raise the limit with --max-events'
        : 'raise the limit with --max-events, or mend what loops',
    }
  }
  if (cause.cause instanceof SubjectFault) {
    return { what: `${scenario}: ${cause.message}, at ${cause.atMs} ms of virtual time` }
  }
  if (cause.cause instanceof CommandLacking) {
    const { subject, command } = cause.cause
    return {
      what: `${scenario} asks for ${command}, which ${subject} does not have`,
      todo: `declare \`needs: ['${command}', …]\` in the scenario: then it is not run on subjects without`,
    }
  }
  return withDrawn(failedProblem(scenario, cause), drawn)
}

/** What the scenario did itself, or was refused when it did it. */
function failedProblem(scenario: string, cause: StepFailed): InputProblem {
  const { culprit, node, atMs } = cause
  const [line = ''] = cause.message.split('\n')
  const [, found = line, expected] = /^(.*?): expected (.*)$/.exec(line) ?? []
  const at = userFrame(cause.cause)
  const file = at === undefined ? fileOfScenario(scenario) : undefined
  const place = { ...(file !== undefined && { file }), ...(at !== undefined && { at }) }
  const isPart = node.startsWith('its ')
  // What we threw is a refusal of what it did.
  if (culprit === 'scenario' && isOurs(framesOf(cause.cause)[0])) {
    const what = isPart ? `${node} cannot be used` : `${node} does what it cannot, at ${atMs} ms of virtual time`
    return { what: `${scenario}: ${what}`, ...place, found, ...(expected !== undefined && { expected }) }
  }
  return {
    what: `${scenario}: the ${culprit} throws, at ${atMs} ms of virtual time, on behalf of ${node}`,
    ...place,
    found: line,
    expected: isPart ? 'code that does not throw' : whole[culprit],
  }
}

/** What is expected of whom, instead of an error. */
const whole = {
  scenario: 'a node that does not throw: a refusal and a timeout are what `yield` returns',
  subject: 'a subject that answers; refusals are values',
} as const

/** Where code of ours stands, as it is built and as it is tested. */
const ourFolders = ['dist', 'bin', 'src'].map((folder) => join(packageRoot(), folder))

const framesOf = (cause: unknown): readonly string[] =>
  (cause instanceof Error ? (cause.stack ?? '') : '').split('\n').filter((line) => /^\s+at /.test(line))

const isOurs = (frame: string | undefined): boolean => ourFolders.some((folder) => frame?.includes(folder))

/** Where the error arose, in a file that is not ours. */
function userFrame(cause: unknown): string | undefined {
  const notTheirs = ['node:', 'node_modules', '<anonymous>']
  const frame = framesOf(cause).find((line) => !isOurs(line) && !notTheirs.some((part) => line.includes(part)))
  return frame?.trim().replace(/^at /, '')
}

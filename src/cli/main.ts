import { CommanderError } from 'commander'
import { InputError } from '../input/index.js'
import { programOf } from './program.js'
import { type ExitCode, HELD, NOT_CHECKED, NOT_HELD, verdicts } from './terminal/exit-code.js'
import { type Io, processIo } from './terminal/io.js'
import { withoutPasswordsOf } from './terminal/passwords.js'

/** Runs the command that `argv` names. Returns the exit code; never throws. */
export async function main(argv: readonly string[], io: Io = processIo(argv)): Promise<ExitCode> {
  const code = await command(argv, io)
  await io.stdout.delivered()
  const { lost } = io.stdout
  if (lost === undefined) return code
  io.stderr.write(`error: what was to be printed could not be written\n  found:    ${lost}\n`)
  return code === HELD ? NOT_CHECKED : code
}

async function command(argv: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = HELD
  const program = programOf(argv, io, (exitCode) => {
    code = exitCode
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return code
  } catch (error) {
    const ofUsage = error instanceof CommanderError
    if (ofUsage && error.exitCode === 0) return HELD
    const [{ explain, inputProblemOf, isSubjectsFault, storeProblemOf }, { annotate }] = await Promise.all([
      import('./terminal/explain.js'),
      import('./report/github.js'),
    ])
    const cause = ofUsage ? usageError(error) : error
    const told = withoutPasswordsOf(argv)
    const text = told(explain(cause))
    // A subject that answers wrongly, or throws, has been checked: it does not hold.
    const found = isSubjectsFault(cause) ? NOT_HELD : NOT_CHECKED
    if (argv.includes('--json')) {
      const given = storeProblemOf(cause) ?? inputProblemOf(cause)
      const problem = given === undefined ? { what: text.split('\n')[0] } : changed(given, told)
      io.stdout.write(`${JSON.stringify({ verdict: verdicts[found], error: problem }, null, 2)}\n`)
    }
    // What is wrong with how a command was called, commander has said.
    if (!ofUsage) io.stderr.write(`${found === NOT_HELD ? 'FAIL ' : 'error:'} ${text}\n`)
    annotate(io, [{ title: 'contention', message: text }])
    return found
  }
}

/** What commander has said to people, for machines. */
function usageError({ code, message }: CommanderError): InputError {
  if (code === 'commander.help') return new InputError({ what: 'no command was given' })
  const [what = '', hint = ''] = message.replace(/^error: /, '').split('\n')
  const near = /^\(Did you mean (.*)\)$/.exec(hint)?.[1]
  return new InputError({ what, ...(near !== undefined && { expected: near }) })
}

const changed = (problem: object, change: (text: string) => string): object =>
  Object.fromEntries(
    Object.entries(problem).map(([name, value]) => [
      name,
      typeof value === 'string' && name !== 'expected' && name !== 'todo' ? change(value) : value,
    ]),
  )

import { dirname, normalize } from 'node:path'
import { Command, CommanderError } from 'commander'
import { InputError } from '../input/index.js'
import { mayHoldPassword, shownOf } from '../input/secret.js'
import { version } from '../package.js'
import { type ExitCode, HELD, NOT_CHECKED, NOT_HELD, verdicts } from './terminal/exit-code.js'
import { type Io, processIo } from './terminal/io.js'

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

/** Takes the value of an option of which a second one would only hide the first. */
const once =
  (option: string, todo: string) =>
  (value: string, before: string | undefined): string => {
    if (before === undefined) return value
    throw new InputError({ what: `${option} was given more than once`, expected: 'one at the most', todo })
  }

/**
 * A text without what `argv` holds that may be a password: a URL may have been given where none is asked for, or for an option
 * that is misspelt, and is not to be repeated. What we advise is ours, and may begin alike.
 */
function withoutPasswordsOf(argv: readonly string[]): (text: string) => string {
  const given = argv.flatMap(valuesIn).flatMap(formsOf).filter(mayHoldPassword)
  return (text) => {
    const advice = text.search(/\n {2}(expected|to do): /)
    const [told, advised] = advice < 0 ? [text, ''] : [text.slice(0, advice), text.slice(advice)]
    return given.reduce((rest, each) => rest.replaceAll(each, shownOf(each)), told) + advised
  }
}

/** An argument, and what stands in it for an option, or for a name before an =: `--reporter=json=file`. */
function valuesIn(argument: string): readonly string[] {
  const value = argument.replace(/^(--)?[\w-]+=/, '')
  return value === argument ? [argument] : [argument, ...valuesIn(value)]
}

/** How `given` may be told: as it was typed, or as the path that it was taken for, in which // is /, or one of its folders. */
function formsOf(given: string): readonly string[] {
  const forms = [given]
  let path = normalize(given).replace(/^(\.\.[\\/])+/, '')
  for (; mayHoldPassword(path); path = dirname(path)) forms.push(path)
  return forms
}

const changed = (problem: object, change: (text: string) => string): object =>
  Object.fromEntries(
    Object.entries(problem).map(([name, value]) => [
      name,
      typeof value === 'string' && name !== 'expected' && name !== 'todo' ? change(value) : value,
    ]),
  )

/** Code that stands still in a debugger does not hang. */
async function isDebugged(): Promise<boolean> {
  return process.features.inspector && (await import('node:inspector')).url() !== undefined
}

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

/** The commands. What a command does is loaded when it is called: `--help` should not wait for it. */
function programOf(argv: readonly string[], io: Io, end: (code: ExitCode) => void): Command {
  const program = new Command('contention')
    .description(
      'Tests and profiles code that hands out time-bounded ownership: leases, leader election, fencing tokens, takeover and job queues, checkpoint and replay.',
    )
    .version(version)
    .option('--no-color', 'plain text, as NO_COLOR does')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(withoutPasswordsOf(argv)(text)),
      getOutHasColors: () => io.stdout.colorLevel > 0,
      getErrHasColors: () => io.stderr.colorLevel > 0,
    })
    .showHelpAfterError('(see `npx contention --help`)')
    .addHelpText(
      'after',
      '\nExit codes: 0 all held; 1 something that was checked did not hold; 2 it could not be checked.',
    )

  // Only a command that looks at an option has it: what has no effect is refused, not passed over.
  const BUDGET = ['--budget <version|file>', 'budgets, instead of the highest version in the budget folder'] as const
  const QUIET = ['--quiet', 'only what did not hold'] as const
  const common = (name: string, summary: string): Command =>
    program
      .command(name)
      .description(summary)
      .option('--config <file>', 'configuration, instead of the one found from here upward')
      .option('--json', 'JSON on stdout')
      .option('--no-color', 'plain text, as NO_COLOR does')
  const running = (name: string, summary: string): Command =>
    common(name, summary)
      .option(...BUDGET)
      .option(...QUIET)
      .option('--seed <number>', 'root of all chance (default: 1, or what the configuration says)')
      .option('--param <name=value>', 'a parameter of the scenarios; any number of times', collect)
      .option('--max-events <number>', 'most events a run may take before it is ended as one that loops')
  const WORKERS = ['--workers <number>', 'threads (default: one for each core); the result is the same'] as const
  const STORE = [
    '--store <name[=url]>',
    'where the lease core keeps its records: memory (default), sqlite, git, postgres or redis',
    once('--store', 'run the command once for each of them'),
  ] as const

  const SUBJECT = [
    '--subject <file>',
    'on a lease core of yours, instead of the built-in one',
    once('--subject', 'run the command once for each of them'),
  ] as const

  const PATIENCE = [
    '--patience <seconds>',
    'how long code of yours may take for one command or step (default: 5)',
  ] as const
  /** Where there is one, the first thread has nothing else to load. */
  const isConfigured = async ({ config }: { readonly config?: string }): Promise<boolean> =>
    (await import('../config/find.js')).hasConfig(io.cwd, config)
  /** A command that calls code of the user's own runs in a thread: what hangs could not be ended otherwise. */
  const calling = async (
    calls: boolean,
    { patience, store }: { readonly patience?: string; readonly store?: string },
    command: () => Promise<ExitCode>,
  ): Promise<ExitCode> => {
    const { patienceOption } = await import('./options/options.js')
    const patienceMs = patienceOption(patience)
    // On a store a subject has no lease core of its own; and it is the first thread that hears Ctrl-C, and clears up.
    const onStore = store !== undefined && store !== 'memory'
    if (!calls || onStore || io.watch !== undefined || (await isDebugged())) return command()
    return (await import('./threads/watched.js')).watched(io, argv, patienceMs)
  }

  running('run [scenario...]', 'run scenarios twice each, judge them, and report')
    .option(...SUBJECT)
    .option(...STORE)
    .option('--reporter <name[=file]>', 'terminal, markdown, json, junit or github; any number of times', collect)
    .option(
      '--output <file>',
      'where the reporter writes, instead of stdout',
      once('--output', 'give each reporter a file of its own: --reporter name=FILE'),
    )
    .option(...PATIENCE)
    .action(async (names, options) => {
      const calls = options.subject !== undefined || (await isConfigured(options))
      end(await calling(calls, options, async () => (await import('./run.js')).run(io, names, options)))
    })
  running('check [scenario...]', 'run, and compare with the snapshot: the drift gate; never writes')
    .option(...SUBJECT)
    .option(...STORE)
    .option(...PATIENCE)
    .action(async (names, options) => {
      const check = () => import('./check.js')
      const own = options.subject !== undefined || (await isConfigured(options))
      const calls = own || (await (await check()).callsSubjects(io))
      end(await calling(calls, options, async () => (await check()).check(io, names, options)))
    })
  running('update', 'run every scenario, and accept what they do now as the snapshot')
    .option(...SUBJECT)
    .option('--force', 'write in CI as well')
    .option(...PATIENCE)
    .action(async (options) => {
      const calls = options.subject !== undefined || (await isConfigured(options))
      end(await calling(calls, options, async () => (await import('./update.js')).update(io, options)))
    })
  common('tune [scenario...]', 'run many seeds, show what limits are worth, and propose better ones')
    .option(...BUDGET)
    .option(...QUIET)
    .option(...SUBJECT)
    .option('--seeds <number>', 'how many seeds (default: 100; with --vary 10)')
    .option('--from-seed <number>', 'the first of them (default: 1, or what the configuration says)')
    .option('--param <name=value>', 'a parameter of the scenarios; any number of times', collect)
    .option('--max-events <number>', 'most events a run may take before it is ended as one that loops')
    .option(...WORKERS)
    .option('--headroom <percent>', 'how far above the maximum to propose a limit (default: 25)')
    .option('--write', 'make the proposals the next version of the budgets')
    .option('--reason <text>', 'why limits may be raised; goes into the file')
    .option(
      '--vary <name=from..to[:steps]>',
      'show how each metric answers to one parameter',
      once('--vary', 'vary one parameter at a time'),
    )
    .option(...PATIENCE)
    .action(async (names, options) => {
      const calls = options.subject !== undefined || (await isConfigured(options))
      end(await calling(calls, options, async () => (await import('./tune.js')).tune(io, names, options)))
    })
  common('explore [scenario...]', 'many seeds, each with faults of its own; what fails is made small, told and kept')
    .option(...QUIET)
    .option('--seeds <number>', 'how many seeds (default: 1,000, or as many as --time allows)')
    .option('--time <length>', 'for how long, as in 60s or 5m')
    .option('--from-seed <number>', 'the first seed (default: 1, or what the configuration says)')
    .option('--subject <file>', 'a lease core of yours; any number of times', collect)
    .option(...STORE)
    .option(
      '--strategy <name>',
      'order of what happens at one instant: insertion, random or pct (default: drawn); or exhaustive: every schedule of a tiny world',
    )
    .option('--invariant <name>', 'judge this one alone; any number of times', collect)
    .option('--max-failures <number>', 'stop after so many failures (default: 1)')
    .option(...WORKERS)
    .option(...PATIENCE)
    .option('--param <name=value>', 'a parameter that is not drawn; any number of times', collect)
    .option('--max-events <number>', 'most events a run may take before it is ended as one that loops')
    .option(
      '--output <folder>',
      'where counterexamples go (default: counterexamples)',
      once('--output', 'all go into one folder'),
    )
    .option('--save', 'put counterexamples into the snapshot folder, where `check` runs them')
    .option('--no-shrink', 'tell failures as they were found')
    .option('--verbose', 'print what each seed has drawn')
    .action(async (names, options) => {
      const { explore } = await import('./explore.js')
      // Other strategies have threads of their own.
      end(await calling(options.strategy === 'exhaustive', options, () => explore(io, names, options)))
    })
  running(
    'replay <what>',
    'run a scenario and seed again, or a counterexample: a file or a token; and read what happened',
  )
    .option(
      '--subject <file>',
      'on a lease core of yours, instead of the built-in one or the one of the counterexample',
      SUBJECT[2],
    )
    .option('--invariant <name>', 'judge this one alone, of a counterexample; any number of times', collect)
    .option('--trace', 'every event, in order; with --json an object in each line, the verdict in the last')
    .option('--node <name>', 'only events of this node')
    .option('--space <name>', 'only events about this space')
    .option('--from <ms>', 'only events from this virtual time on')
    .option('--to <ms>', 'only events up to this virtual time')
    .option(...PATIENCE)
    .action(async (name, options) => {
      const { replay, isCounterexample } = await import('./replay.js')
      const calls = options.subject !== undefined || isCounterexample(name) || (await isConfigured(options))
      end(await calling(calls, options, () => replay(io, name, options)))
    })
  program
    .command('conformance')
    .description('check a lease core of yours, or a store, against the contract, sentence by sentence')
    .option('--subject <file>', 'a lease core of yours; any number of times', collect)
    .option(...STORE)
    .option('--processes <number>', 'have so many processes race on the store, in real time (default: 8)')
    .option('--seconds <number>', 'for how long they race (default: 10)')
    .option(...PATIENCE)
    .option('--kill', 'kill processes of the race at random')
    .option('--restart-server', 'kill the server of the store now and then, and start it again')
    .option('--config <file>', 'configuration, instead of the one found from here upward')
    .option('--json', 'JSON on stdout')
    .option('--quiet', 'only what is broken')
    .option('--no-color', 'plain text, as NO_COLOR does')
    .action(async (options) => {
      const [{ conformance }, { wantsRace }] = await Promise.all([
        import('./conformance.js'),
        import('./conformance/race.js'),
      ])
      end(await calling(!wantsRace(options), options, () => conformance(io, options)))
    })
  program
    .command('verify')
    .description('break real workers on a real Postgres, and ask the database what became of their jobs')
    .option('--database-url <url>', 'the Postgres to run on; without it, one is started')
    .option('--allow-remote', 'that Postgres may be on another machine')
    .option('--n <number>', 'how many jobs for each scenario (default: 10)')
    .option('--scenario <name>', 'S1 to S6, any number of times; gates of the others then have no evidence', collect)
    .option('--engine <name>', 'the job queue: graphile (default) or pg-boss')
    .option(
      '--retry-delay-scale <number>',
      'what retries wait, of what the engine would have them wait (default: 0.01)',
    )
    .option('--commit <sha>', 'the commit that is verified, where neither CI nor a git checkout says it')
    .option('--summary <file>', 'write a summary in markdown')
    .option('--canonical <file>', 'write the evidence without what differs between two runs: processes and times')
    .option('--from <log>', 'judge the evidence in a log, or in what --json has printed, instead of running')
    .option('--json', 'JSON on stdout')
    .option(...QUIET)
    .option('--no-color', 'plain text, as NO_COLOR does')
    .action(async (options) => end(await (await import('./verify.js')).verify(io, options)))
  common('list [scenario...]', 'the scenarios there are')
    .option(...BUDGET)
    .option('--params', 'with their parameters: what they are, defaults and bounds')
    .option(...PATIENCE)
    .action(async (names, options) => {
      const calls = await isConfigured(options)
      end(await calling(calls, options, async () => (await import('./list.js')).list(io, names, options)))
    })
  program
    .command('init')
    .description('make the configuration, budgets, first snapshot and CI workflow of a project')
    .option('--json', 'JSON on stdout')
    .option('--quiet', 'only what went wrong')
    .option('--no-color', 'plain text, as NO_COLOR does')
    .option(...PATIENCE)
    .action(async (options) => {
      const calls = await isConfigured(options)
      end(await calling(calls, options, async () => (await import('./init.js')).init(io, options)))
    })
  for (const command of program.commands)
    command.showHelpAfterError(`(see \`npx contention ${command.name()} --help\`)`)
  return program
}

import { Command } from 'commander'
import { InputError } from '../input/index.js'
import { version } from '../package.js'
import { EXIT_CODES, helpEnd } from './options/help-end.js'
import type { ExitCode } from './terminal/exit-code.js'
import type { Io } from './terminal/io.js'
import { withoutPasswordsOf } from './terminal/passwords.js'

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

/** Takes the value of an option of which a second one would only hide the first. */
const once =
  (option: string, todo?: string) =>
  (value: string, before: string | undefined): string => {
    if (before === undefined) return value
    const what = `${option} was given more than once`
    throw new InputError({ what, expected: 'one at the most', ...(todo !== undefined && { todo }) })
  }

// What several commands have. Only a command that looks at an option has it: what has no effect is refused, not passed over.
const CONFIG = ['--config <file>', 'configuration, instead of the one found from here upward'] as const
const JSON_OUTPUT = ['--json', 'JSON on stdout'] as const
const NO_COLOR = ['--no-color', 'plain text, as NO_COLOR does'] as const
const BUDGET = ['--budget <version|file>', 'budgets, instead of the highest version in the budget folder'] as const
const QUIET = ['--quiet', 'only what did not hold'] as const
const PARAM = ['--param <name=value>', 'a parameter of the scenarios; any number of times', collect] as const
const MAX_EVENTS = ['--max-events <number>', 'most events a run may take before it is ended as one that loops'] as const
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
const SUBJECTS = ['--subject <file>', 'a lease core of yours; any number of times', collect] as const

/** Code that stands still in a debugger does not hang. */
async function isDebugged(): Promise<boolean> {
  return process.features.inspector && (await import('node:inspector')).url() !== undefined
}

/** What a command is declared with. */
interface Declaring {
  readonly io: Io
  readonly program: Command
  /** Told of the exit code of the command that was called. */
  readonly end: (code: ExitCode) => void
  /** Runs the command in a thread of its own where it calls code of the user's: what hangs could not be ended otherwise. */
  readonly calling: (
    calls: boolean,
    options: { readonly patience?: string; readonly store?: string },
    command: () => Promise<ExitCode>,
  ) => Promise<ExitCode>
  /** Whether there is a configuration. Where there is one, the first thread has nothing else to load. */
  readonly isConfigured: (options: { readonly config?: string }) => Promise<boolean>
}

/** The commands. What a command does is loaded when it is called: `--help` should not wait for it. */
export function programOf(argv: readonly string[], io: Io, end: (code: ExitCode) => void): Command {
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
    .addHelpText('after', `\n${EXIT_CODES}`)
  const declaring: Declaring = {
    io,
    program,
    end,
    isConfigured: async ({ config }) => (await import('../config/find.js')).hasConfig(io.cwd, config),
    calling: async (calls, { patience, store }, command) => {
      const { patienceOption } = await import('./options/options.js')
      const patienceMs = patienceOption(patience)
      // On a store a subject has no lease core of its own; and it is the first thread that hears Ctrl-C, and clears up.
      const onStore = store !== undefined && store !== 'memory'
      if (!calls || onStore || io.watch !== undefined || (await isDebugged())) return command()
      return (await import('./threads/watched.js')).watched(io, argv, patienceMs)
    },
  }
  for (const declare of commands) declare(declaring)
  for (const command of program.commands) {
    command.showHelpAfterError(`(see \`npx contention ${command.name()} --help\`)`)
    command.addHelpText('after', helpEnd(command.name()))
    refuseRepeated(command)
  }
  return program
}

/** Of an option that takes one value and does not say otherwise, a second one is refused. */
function refuseRepeated(command: Command): void {
  for (const option of command.options) {
    if (option.required && option.parseArg === undefined) option.argParser(once(option.long ?? option.flags))
  }
}

const common = (program: Command, name: string, summary: string): Command =>
  program
    .command(name)
    .description(summary)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .option(...NO_COLOR)

const running = (program: Command, name: string, summary: string): Command =>
  common(program, name, summary)
    .option(...BUDGET)
    .option(...QUIET)
    .option('--seed <number>', 'root of all chance (default: 1, or what the configuration says)')
    .option(...PARAM)
    .option(...MAX_EVENTS)

function declareRun({ program, io, end, calling, isConfigured }: Declaring): void {
  running(program, 'run [scenario...]', 'run scenarios twice each, judge them, and report')
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
}

function declareCheck({ program, io, end, calling, isConfigured }: Declaring): void {
  running(program, 'check [scenario...]', 'run, and compare with the snapshot: the drift gate; never writes')
    .option(...SUBJECT)
    .option(...STORE)
    .option(...PATIENCE)
    .action(async (names, options) => {
      const check = () => import('./check.js')
      const own = options.subject !== undefined || (await isConfigured(options))
      const calls = own || (await (await check()).callsSubjects(io))
      end(await calling(calls, options, async () => (await check()).check(io, names, options)))
    })
}

function declareUpdate({ program, io, end, calling, isConfigured }: Declaring): void {
  running(program, 'update', 'run every scenario, and accept what they do now as the snapshot')
    .option(...SUBJECT)
    .option('--force', 'write in CI as well')
    .option(...PATIENCE)
    .action(async (options) => {
      const calls = options.subject !== undefined || (await isConfigured(options))
      end(await calling(calls, options, async () => (await import('./update.js')).update(io, options)))
    })
}

function declareTune({ program, io, end, calling, isConfigured }: Declaring): void {
  common(program, 'tune [scenario...]', 'run many seeds, show what limits are worth, and propose better ones')
    .option(...BUDGET)
    .option(...QUIET)
    .option(...SUBJECT)
    .option('--seeds <number>', 'how many seeds (default: 100; with --vary 10)')
    .option('--from-seed <number>', 'the first of them (default: 1, or what the configuration says)')
    .option(...PARAM)
    .option(...MAX_EVENTS)
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
}

function declareExplore({ program, io, end, calling }: Declaring): void {
  common(
    program,
    'explore [scenario...]',
    'many seeds, each with faults of its own; what fails is made small, told and kept',
  )
    .option(...QUIET)
    .option('--seeds <number>', 'how many seeds (default: 1,000, or as many as --time allows)')
    .option('--time <length>', 'for how long, as in 60s or 5m')
    .option('--from-seed <number>', 'the first seed (default: 1, or what the configuration says)')
    .option(...SUBJECTS)
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
    .option(...MAX_EVENTS)
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
}

function declareReplay({ program, io, end, calling, isConfigured }: Declaring): void {
  running(
    program,
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
}

function declareConformance({ program, io, end, calling }: Declaring): void {
  program
    .command('conformance')
    .description('check a lease core of yours, or a store, against the contract, sentence by sentence')
    .option(...SUBJECTS)
    .option(...STORE)
    .option('--processes <number>', 'have so many processes race on the store, in real time (default: 8)')
    .option('--seconds <number>', 'for how long they race (default: 10)')
    .option(...PATIENCE)
    .option('--kill', 'kill processes of the race at random')
    .option('--restart-server', 'kill the server of the store now and then, and start it again')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .option('--quiet', 'only what is broken')
    .option(...NO_COLOR)
    .action(async (options) => {
      const [{ conformance }, { wantsRace }] = await Promise.all([
        import('./conformance.js'),
        import('./conformance/race.js'),
      ])
      end(await calling(!wantsRace(options), options, () => conformance(io, options)))
    })
}

function declareVerify({ program, io, end }: Declaring): void {
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
    .option(...JSON_OUTPUT)
    .option(...QUIET)
    .option(...NO_COLOR)
    .action(async (options) => end(await (await import('./verify.js')).verify(io, options)))
}

function declareList({ program, io, end, calling, isConfigured }: Declaring): void {
  common(program, 'list [scenario...]', 'the scenarios there are')
    .option(...BUDGET)
    .option('--params', 'with their parameters: what they are, defaults and bounds')
    .option(...PATIENCE)
    .action(async (names, options) => {
      const calls = await isConfigured(options)
      end(await calling(calls, options, async () => (await import('./list.js')).list(io, names, options)))
    })
}

function declareInit({ program, io, end, calling, isConfigured }: Declaring): void {
  program
    .command('init')
    .description('make the configuration, budgets, first snapshot and CI workflow of a project')
    .option(...JSON_OUTPUT)
    .option('--quiet', 'only what went wrong')
    .option(...NO_COLOR)
    .option(...PATIENCE)
    .action(async (options) => {
      const calls = await isConfigured(options)
      end(await calling(calls, options, async () => (await import('./init.js')).init(io, options)))
    })
}

/** In the order of `--help`. */
const commands = [
  declareRun,
  declareCheck,
  declareUpdate,
  declareTune,
  declareExplore,
  declareReplay,
  declareConformance,
  declareVerify,
  declareList,
  declareInit,
]

import { Chalk } from 'chalk'
import type { LoadedSubject } from '../config/index.js'
import { drawSwarm, type Exploration, explore as exploreSeeds, type Failure, type Told } from '../explore/index.js'
import { InputError } from '../input/index.js'
import { type CommandKind, commandKinds } from '../log/index.js'
import { grouped } from '../report/index.js'
import type { Scenario } from '../scenario/index.js'
import type { Subject } from '../subject/index.js'
import { type ExitCode, HELD, NOT_CHECKED, NOT_HELD, verdicts } from './exit-code.js'
import type { Explored } from './explore-exhaustively.js'
import { exploreSettings, type ToExplore } from './explore-settings.js'
import { explorationText, failureText, onSubject, progressText, swarmText, type ToldFailure } from './explore-text.js'
import { onInterrupt } from './interrupt.js'
import type { Io } from './io.js'
import { keepCounterexample } from './keep-counterexample.js'
import { openPool, SubjectHangs } from './pool.js'
import { shownPath } from './shown-path.js'
import { endlessScenario } from './vigil.js'

/** Longer ones fire at once. */
const MOST_TIMER_MS = 2 ** 31 - 1

/** Explores on one subject, and prints what came of it. */
export async function exploreSubject(what: ToExplore, loaded: LoadedSubject): Promise<Explored> {
  const { io, scenarios, store, options, named, emit } = what
  const { subject, file } = loaded
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  const { seeds, fromSeed, timeMs, maxFailures, workers, patienceMs, drawn } = exploreSettings(what)
  const spec = {
    directory: io.cwd,
    ...(options.config === undefined ? {} : { configFile: options.config }),
    scenarios: scenarios.map(({ name }) => name),
    ...(file === undefined ? {} : { subjectFile: file }),
    ...(store === undefined ? {} : { store }),
    options: drawn,
  }
  let pool = openPool(spec, { workers, patienceMs })
  // In memory the built-in one answers every command: what hangs then is a scenario.
  const comesBack = file === undefined && store === undefined
  const interrupt = onInterrupt()
  interrupt.signal.addEventListener('abort', () => {
    pool.stopShrinking()
    pool.stop()
  })
  const told: ToldFailure[] = []
  const startedMs = performance.now()
  let tookMs = 1
  let late: NodeJS.Timeout | undefined
  let exploration: Exploration | undefined
  let skipped: readonly string[] = []
  let runnable: readonly Scenario[] = scenarios
  let hang: SubjectHangs | undefined
  /** A subject, or a scenario, may hang in what a smaller plan has it do: then there is nothing to tell but that. */
  const toldOf = async (found: Failure, small: boolean): Promise<Told> => {
    try {
      return await pool.tell(found, small)
    } catch (error) {
      // Nothing that goes wrong after a hang may hide it.
      if (!(error instanceof SubjectHangs) && hang === undefined) throw error
      await renewPool()
      return { story: [`not made small, and not told: ${untold(error as Error, comesBack)}`] }
    }
  }
  const tell = async (failures: readonly Failure[]): Promise<void> => {
    for (const found of failures) {
      const small = options.shrink !== false && !interrupt.happened
      told.push(keepCounterexample(what, loaded, drawn, found, await toldOf(found, small)))
    }
  }
  /** Of a pool whose subject hangs, all threads may have been ended. */
  const renewPool = async (): Promise<void> => {
    await pool.close()
    pool = openPool(spec, { workers: 1, patienceMs })
  }
  try {
    const commands = new Set(await pool.assemble())
    ;({ skipped, runnable } = skips(scenarios, subject, commands, named))
    if (runnable.length === 0) {
      throw new InputError({ what: `subject "${subject.name}" has none of the commands that these scenarios need` })
    }
    if (!options.json && !options.quiet && (seeds === 1 || options.verbose)) {
      for (let seed = fromSeed; seed < fromSeed + Math.min(seeds, 1_000); seed++) {
        for (const scenario of runnable) io.stdout.write(swarmText(drawSwarm(scenario, seed, drawn)))
      }
    }
    if (timeMs !== undefined) late = setTimeout(() => pool.stop(), Math.min(timeMs, MOST_TIMER_MS))
    const names = runnable.map(({ name }) => name)
    exploration = await exploreSeeds((chunk) => pool.explore(chunk, names), {
      fromSeed,
      seeds,
      maxFailures,
      atOnce: workers * 2,
      goOn: () => !interrupt.happened && (timeMs === undefined || performance.now() - startedMs < timeMs),
      onProgress(soFar) {
        exploration = soFar
        progress(io, soFar, seeds, startedMs)
      },
    })
    tookMs = Math.max(1, performance.now() - startedMs)
    // A failure is told at once; that nothing failed is said when nothing is left that might.
    if (!interrupt.happened && exploration.failures.length === 0) await pool.quiet()
    clearProgress(io)
    await tell(exploration.failures)
  } catch (error) {
    if (!(error instanceof SubjectHangs)) throw error
    if (comesBack) throw endless(error, runnable, patienceMs)
    hang = error
    // What was found before is true all the same.
    const found = [...(exploration?.failures ?? []), ...error.found].slice(0, maxFailures)
    if (found.length > 0) await renewPool()
    let code: ExitCode
    try {
      await tell(found)
    } finally {
      code = hung(what, loaded, runnable, error, { patienceMs, told })
    }
    return { code, interrupted: interrupt.happened }
  } finally {
    clearTimeout(late)
    clearProgress(io)
    interrupt.dispose()
    await pool.close()
  }
  const passed = exploration.failures.length === 0
  const complete = !interrupt.happened && exploration.seeds > 0
  const code = passed ? (complete ? HELD : NOT_CHECKED) : NOT_HELD
  if (options.json) {
    const ran = runnable.map(({ name }) => name)
    emit({ verdict: verdicts[code], subject: subject.name, scenarios: ran, skipped, exploration, failures: told })
    return { code, interrupted: interrupt.happened }
  }
  for (const each of told) io.stdout.write(failureText(each, chalk))
  if (!options.quiet) {
    io.stdout.write(`${subject.name}: ${runnable.map(({ name }) => name).join(', ')}\n\n`)
    io.stdout.write(explorationText(exploration, skipped, chalk))
  }
  const rate = Math.round((exploration.events * 1_000) / tookMs)
  if (!options.quiet)
    io.stderr.write(
      `${grouped(Math.round(tookMs / 100) / 10)} s on ${workers} worker${workers === 1 ? '' : 's'}, ${grouped(rate)} events/s\n`,
    )
  if (!complete) io.stderr.write(interrupt.happened ? 'stopped before its end\n' : 'nothing was explored\n')
  return { code, interrupted: interrupt.happened }
}

/** What a subject cannot be asked, or need not be, in words. */
function skips(
  scenarios: readonly Scenario[],
  subject: Subject,
  commands: ReadonlySet<CommandKind>,
  named: boolean,
): { readonly skipped: readonly string[]; readonly runnable: readonly Scenario[] } {
  const missing = commandKinds.filter((kind) => !commands.has(kind))
  const lacking = scenarios.filter(({ needs = [] }) => !needs.every((kind) => commands.has(kind)))
  // Of a subject that leaves the jobs to the built-in part, a scenario of jobs would test that part again.
  const foreign = scenarios.filter(({ needs = [] }) => !named && needs.includes('take') && !ownsJobs(subject))
  return {
    runnable: scenarios.filter((scenario) => !lacking.includes(scenario) && !foreign.includes(scenario)),
    skipped: [
      ...missing.map((kind) => `${kind}: the subject does not have it`),
      ...lacking.map(({ name }) => `${name}: needs commands that are missing`),
      ...foreign.map(({ name }) => `${name}: the subject leaves jobs to the built-in part`),
    ],
  }
}

const ownsJobs = ({ core, log, jobs, client }: Subject): boolean =>
  jobs !== undefined || (core === undefined && log === undefined && client === undefined)

function untold(error: Error, comesBack: boolean): string {
  if (!(error instanceof SubjectHangs)) return error.message
  return comesBack ? 'the scenario then does not come to an end' : `the subject then ${error.message}`
}

function hung(
  { io, options, emit }: ToExplore,
  { subject: { name: subject }, file }: LoadedSubject,
  scenarios: readonly Scenario[],
  { message, fault, command, atMs, chunk }: SubjectHangs,
  { patienceMs, told }: { readonly patienceMs: number; readonly told: readonly ToldFailure[] },
): ExitCode {
  if (options.json) {
    const at = atMs === undefined ? {} : { atMs }
    const before = told.length === 0 ? {} : { failures: told }
    emit({ verdict: 'not-held', subject, fault, command, ...at, seeds: chunk, ...before })
    return NOT_HELD
  }
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  for (const each of told) io.stdout.write(failureText(each, chalk))
  const names = scenarios.map(({ name }) => name).join(' ')
  const place =
    chunk === undefined
      ? '\n'
      : `; seeds ${chunk.from} to ${chunk.from + chunk.seeds - 1}\n      see npx contention explore ${names} --from-seed ${chunk.from} --seeds ${chunk.seeds} --workers 1${onSubject(file && shownPath(io, file))}\n`
  io.stdout.write(
    `${chalk.red('FAIL')}  subject "${subject}" ${message}\n      it was given ${patienceMs / 1_000} s${place}`,
  )
  return NOT_HELD
}

function endless({ chunk }: SubjectHangs, scenarios: readonly Scenario[], patienceMs: number): InputError {
  const names = scenarios.map(({ name }) => name)
  const which = names.length === 1 ? `scenario "${names[0]}"` : `one of the scenarios ${names.join(', ')}`
  const seeds = chunk === undefined ? '' : `, in seeds ${chunk.from} to ${chunk.from + chunk.seeds - 1}`
  return endlessScenario(`${which} does not come to an end${seeds}`, `it was given ${patienceMs / 1_000} s`)
}

function progress(io: Io, soFar: Exploration, of: number, startedMs: number): void {
  const tookMs = performance.now() - startedMs
  if (io.stderr.redraws && tookMs >= 1_000) io.stderr.write(`\r\u001b[K${progressText(soFar, of, tookMs)}`)
}

function clearProgress(io: Io): void {
  if (io.stderr.redraws) io.stderr.write('\r\u001b[K')
}

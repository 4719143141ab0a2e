import { relative, resolve } from 'node:path'
import { Chalk } from 'chalk'
import { hasConfig } from '../config/find.js'
import {
  invariantsNamed,
  invariantsOf,
  type LoadedSubject,
  loadProject,
  loadSubjects,
  type Project,
  scenarioNamed,
} from '../config/index.js'
import {
  counterexampleName,
  counterexampleOf,
  DEFAULT_MAX_STEPS,
  drawSwarm,
  type Exploration,
  type ExploreOptions,
  explore as exploreSeeds,
  type Failure,
  type Strategy,
  strategies,
  type Told,
  tokenOf,
} from '../explore/index.js'
import { writeBeside } from '../gate/index.js'
import { InputError } from '../input/index.js'
import { type CommandKind, commandKinds } from '../log/index.js'
import { grouped } from '../report/index.js'
import type { Scenario } from '../scenario/index.js'
import type { Subject } from '../subject/index.js'
import { optionText, shellWord } from './command-text.js'
import { type ExitCode, HELD, NOT_CHECKED, NOT_HELD, verdicts } from './exit-code.js'
import { type Emit, type Explored, exploreExhaustively, refuseForExhaustive } from './explore-exhaustively.js'
import { explorationText, failureText, onSubject, progressText, swarmText, type ToldFailure } from './explore-text.js'
import { onInterrupt } from './interrupt.js'
import type { Io } from './io.js'
import { tryLoading } from './load-limit.js'
import {
  type ExploreCliOptions,
  maxEventsOption,
  paramOptions,
  patienceOption,
  wholeNumber,
  workersOption,
} from './options.js'
import { openPool, type Pool, SubjectHangs } from './pool.js'
import { select } from './selection.js'
import { shownPath } from './shown-path.js'
import { type SharedStore, withStore } from './store.js'
import { endlessScenario } from './vigil.js'

const DEFAULT_SEEDS = 1_000
/** Longer ones fire at once. */
const MOST_TIMER_MS = 2 ** 31 - 1

/** `contention explore`: many seeds, each with faults of its own, on all cores; what fails is made small, told and kept. */
export async function explore(io: Io, names: readonly string[], options: ExploreCliOptions): Promise<ExitCode> {
  if (options.strategy === 'exhaustive') refuseForExhaustive(names, options)
  const given = { directory: io.cwd, configFile: options.config, subjects: options.subject ?? [] }
  const ownCode = given.subjects.length > 0 || (await hasConfig(io.cwd, options.config))
  // A thread that is watched is ended anyway.
  if (ownCode && io.watch === undefined) await tryLoading(given, patienceOption(options.patience))
  const project = await loadProject(io.cwd, options.config)
  const scenarios = selected(project, names)
  const subjects = await loadSubjects(project, io.cwd, given.subjects)
  const documents: object[] = []
  const emit: Emit = (document) => void documents.push(document)
  const codes: ExitCode[] = []
  const quiet = options.quiet === true || options.json === true
  await withStore(io, project, options.store, { quiet, workers: workersOption(io, options.workers) }, async (store) => {
    for (const loaded of subjects) {
      const subject = { ...loaded, subject: store.put(loaded.subject) }
      const { code, interrupted } =
        options.strategy === 'exhaustive'
          ? await exploreExhaustively(io, subject, options, emit)
          : await exploreSubject(io, project, scenarios, subject, store.shared, options, names.length > 0, emit)
      codes.push(code)
      if (interrupted) break
    }
    const left = subjects.slice(codes.length).map(({ subject }) => subject.name)
    if (left.length === 0) return
    codes.push(NOT_CHECKED)
    io.stderr.write(`not explored: ${left.join(', ')}\n`)
  })
  const code = codes.includes(NOT_HELD) ? NOT_HELD : codes.includes(NOT_CHECKED) ? NOT_CHECKED : HELD
  if (options.json) {
    const document = documents.length === 1 ? documents[0] : { verdict: verdicts[code], subjects: documents }
    io.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
  }
  return code
}

/** Without names: those that are made for it. */
function selected(project: Project, names: readonly string[]): readonly Scenario[] {
  if (names.length > 0) return [...new Set(names)].map((name) => scenarioNamed(name, project.explorable))
  return project.explored
}

async function exploreSubject(
  io: Io,
  project: Project,
  scenarios: readonly Scenario[],
  loaded: LoadedSubject,
  store: SharedStore | undefined,
  options: ExploreCliOptions,
  named: boolean,
  emit: Emit,
): Promise<Explored> {
  const { subject, file } = loaded
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  const settings = settingsOf(io, project, scenarios, options)
  const { seeds, fromSeed, timeMs, maxFailures, workers, patienceMs, drawn } = settings
  const pool = openPool(
    {
      directory: io.cwd,
      ...(options.config === undefined ? {} : { configFile: options.config }),
      scenarios: scenarios.map(({ name }) => name),
      ...(file === undefined ? {} : { subjectFile: file }),
      ...(store === undefined ? {} : { store }),
      options: drawn,
    },
    { workers, patienceMs },
  )
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
  let exploration: Exploration
  let skipped: readonly string[] = []
  let runnable: readonly Scenario[] = scenarios
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
      onProgress: (soFar) => progress(io, soFar, seeds, startedMs),
    })
    tookMs = Math.max(1, performance.now() - startedMs)
    // A failure is told at once; that nothing failed is said when nothing is left that might.
    if (!interrupt.happened && exploration.failures.length === 0) await pool.quiet()
    clearProgress(io)
    for (const found of exploration.failures) {
      const small = options.shrink !== false && !interrupt.happened
      told.push(keep(io, project, runnable, found, await toldOf(pool, found, small, comesBack), loaded, drawn, options))
    }
  } catch (error) {
    if (!(error instanceof SubjectHangs)) throw error
    if (comesBack) throw endless(error, runnable, patienceMs)
    const code = hung(io, subject.name, file, error, runnable, patienceMs, options, chalk, emit)
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

interface Settings {
  readonly seeds: number
  readonly fromSeed: number
  readonly timeMs: number | undefined
  readonly maxFailures: number
  readonly workers: number
  readonly patienceMs: number
  readonly drawn: Omit<ExploreOptions, 'subject' | 'watch'>
}

function settingsOf(io: Io, project: Project, scenarios: readonly Scenario[], options: ExploreCliOptions): Settings {
  const timeMs = options.time === undefined ? undefined : timeOption(options.time)
  const fromSeed = options.fromSeed ?? options.seed
  const invariants = options.invariant === undefined ? undefined : invariantsNamed(options.invariant, scenarios)
  const parameters = paramOptions(options.param)
  // Names and bounds are those of every selected scenario that has the parameter.
  select({ ...project, scenarios }, [], parameters)
  return {
    seeds:
      options.seeds === undefined
        ? timeMs === undefined
          ? DEFAULT_SEEDS
          : Number.POSITIVE_INFINITY
        : wholeNumber('--seeds', options.seeds, 1, 1_000_000_000),
    fromSeed: fromSeed === undefined ? project.seed : wholeNumber('--from-seed', fromSeed, 0, 4_000_000_000),
    timeMs,
    maxFailures: options.maxFailures === undefined ? 1 : wholeNumber('--max-failures', options.maxFailures, 1, 1_000),
    workers: workersOption(io, options.workers),
    patienceMs: patienceOption(options.patience),
    drawn: {
      ...(options.strategy === undefined ? {} : { strategy: strategyOption(options.strategy) }),
      ...(invariants === undefined ? {} : { invariants }),
      parameters,
      maxSteps: maxEventsOption(options.maxEvents, DEFAULT_MAX_STEPS),
    },
  }
}

function timeOption(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text)
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const
  const timeMs = match === null ? 0 : Number(match[1]) * units[(match[2] ?? 's') as keyof typeof units]
  if (timeMs > 0) return timeMs
  throw new InputError({ what: '--time cannot be used', found: text, expected: 'a length such as 60s, 5m or 1h' })
}

function strategyOption(text: string): Strategy {
  const strategy = strategies.find((other) => other === text)
  if (strategy !== undefined) return strategy
  throw new InputError({
    what: '--strategy cannot be used',
    found: text,
    expected: `${strategies.join(', ')} or exhaustive`,
  })
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

/** A subject, or a scenario, may hang in what a smaller plan has it do: then there is nothing to tell but that. */
async function toldOf(pool: Pool, found: Failure, shrink: boolean, comesBack: boolean): Promise<Told> {
  try {
    return await pool.tell(found, shrink)
  } catch (error) {
    if (!(error instanceof SubjectHangs)) throw error
    const hangs = comesBack ? 'the scenario then does not come to an end' : `the subject then ${error.message}`
    return { story: [`not made small, and not told: ${hangs}`] }
  }
}

/** Writes `found`, made small or not, to a file, and says where. */
function keep(
  io: Io,
  project: Project,
  scenarios: readonly Scenario[],
  found: Failure,
  { small, story }: Told,
  { subject: { name: subjectName }, file }: LoadedSubject,
  { maxSteps, invariants }: Settings['drawn'],
  options: ExploreCliOptions,
): ToldFailure {
  const scenario = scenarios.find(({ name }) => name === found.scenario) as Scenario
  const failure = small?.failure ?? found
  const subject = file === undefined ? {} : { subject: relative(project.root, file) }
  const own = invariantsOf(scenario)
  const judged = invariants === undefined ? {} : { invariants: invariants.filter((name) => own.includes(name)) }
  const example = counterexampleOf(failure, { ...subject, ...judged, maxEvents: maxSteps })
  const folder = options.save
    ? resolve(project.snapshotFolder, 'counterexamples')
    : resolve(io.cwd, options.output ?? 'counterexamples')
  const name = counterexampleName(example, file === undefined ? undefined : subjectName)
  const path = writeBeside(folder, name, '.json', `${JSON.stringify(example, null, 2)}\n`)
  const token = tokenOf(failure.plan, scenario)
  const shown = shownPath(io, path)
  return {
    failure,
    ...(small === undefined ? {} : { found, runs: small.runs, minimal: small.minimal }),
    story,
    file: shown,
    ...(token === undefined ? {} : { token }),
    ...(file === undefined ? {} : { subject: shownPath(io, file) }),
    ...judged,
    ...(maxSteps === DEFAULT_MAX_STEPS ? {} : { maxEvents: maxSteps }),
    ...(options.config === undefined ? {} : { config: options.config }),
    replay: `npx contention replay ${shellWord(shown)}${optionText('config', options.config)} --trace`,
  }
}

function hung(
  io: Io,
  subject: string,
  file: string | undefined,
  { message, fault, command, atMs, chunk }: SubjectHangs,
  scenarios: readonly Scenario[],
  patienceMs: number,
  options: ExploreCliOptions,
  chalk: { red(text: string): string },
  emit: Emit,
): ExitCode {
  if (options.json) {
    emit({ verdict: 'not-held', subject, fault, command, ...(atMs !== undefined && { atMs }), seeds: chunk })
    return NOT_HELD
  }
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

import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Chalk, type ChalkInstance } from 'chalk'
import { type Budgets, budgetFileName, printBudgets } from '../budget/index.js'
import { budgetVersions, loadBudgets, loadProject, type Project } from '../config/index.js'
import { MAX_SEED } from '../config/limits.js'
import { fileError } from '../gate/index.js'
import { InputError, nearest } from '../input/index.js'
import type { Metrics } from '../metrics/index.js'
import { packageRoot } from '../package.js'
import { plural, reportOf, reportTerminal, type ScenarioOutcome } from '../report/index.js'
import { resolveParameters, type Scenario } from '../scenario/index.js'
import {
  nextVersion,
  proposeLimits,
  type Response,
  responses,
  sweep,
  type TunedScenario,
  valuesBetween,
} from '../tune/index.js'
import { type ExitCode, HELD, NOT_HELD } from './exit-code.js'
import type { Io } from './io.js'
import { type CommonOptions, maxEventsOption, paramOptions, wholeNumber } from './options.js'
import { withProgress } from './progress.js'
import { type Selection, select } from './selection.js'
import { shownPath } from './shown-path.js'
import { tunedTerminal, variedTerminal } from './tune-terminal.js'

export interface TuneOptions extends CommonOptions {
  readonly seeds?: string
  readonly fromSeed?: string
  readonly headroom?: string
  readonly write?: boolean
  readonly reason?: string
  readonly vary?: string
}

const DEFAULT_SEEDS = 100
const DEFAULT_VARY_SEEDS = 10
const DEFAULT_STEPS = 5
const DEFAULT_HEADROOM_PERCENT = 25

/** Everything that a sweep needs, resolved. */
interface Plan {
  readonly io: Io
  readonly project: Project
  readonly selection: Selection
  readonly budgets: Budgets
  readonly seeds: { readonly from: number; readonly to: number }
  readonly maxEvents: number
  readonly chalk: ChalkInstance
}

/** A seed at which a scenario did not hold. */
class SeedFailed extends Error {
  readonly outcome: ScenarioOutcome

  constructor(outcome: ScenarioOutcome) {
    super(`${outcome.scenario} did not hold at seed ${outcome.seed}`)
    this.outcome = outcome
  }
}

/** `contention tune`: many seeds, to see what limits are worth and to propose better ones. */
export async function tune(io: Io, names: readonly string[], options: TuneOptions): Promise<ExitCode> {
  const project = await loadProject(io.cwd, options.config)
  const count = wholeNumber(
    '--seeds',
    options.seeds ?? `${options.vary === undefined ? DEFAULT_SEEDS : DEFAULT_VARY_SEEDS}`,
    1,
    1_000_000,
  )
  const from = wholeNumber('--from-seed', options.fromSeed ?? `${project.seed}`, 0, MAX_SEED + 1 - count)
  const plan: Plan = {
    io,
    project,
    selection: select(project, names, paramOptions(options.param)),
    budgets: loadBudgets(project, io.cwd, options.budget),
    seeds: { from, to: from + count - 1 },
    maxEvents: maxEventsOption(options.maxEvents, project.maxEvents),
    chalk: new Chalk({ level: io.stdout.colorLevel }),
  }
  try {
    return await (options.vary === undefined ? tuneLimits(plan, options) : varyParameter(plan, options, options.vary))
  } catch (error) {
    if (!(error instanceof SeedFailed)) throw error
    const report = reportOf(error.outcome.seed, undefined, [error.outcome])
    if (options.json) io.stdout.write(`${JSON.stringify({ verdict: 'not-held', failed: error.outcome }, null, 2)}\n`)
    else io.stdout.write(reportTerminal(report, { chalk: plan.chalk, quiet: true }))
    return NOT_HELD
  }
}

async function tuneLimits(plan: Plan, options: TuneOptions): Promise<ExitCode> {
  const { io, selection, budgets, seeds, chalk } = plan
  const headroomPercent = wholeNumber('--headroom', options.headroom ?? `${DEFAULT_HEADROOM_PERCENT}`, 0, 1_000)
  refuseReasonAlone(options)
  const tuned = await withProgress(io, work(plan, selection.scenarios.length), async (onRun) => {
    const done: TunedScenario[] = []
    for (const scenario of selection.scenarios) {
      const samples = await samplesOf(plan, scenario, {}, onRun)
      const proposals = proposeLimits(samples, budgets.scenarios[scenario.name], headroomPercent)
      done.push({ scenario: scenario.name, proposals })
    }
    return done
  })
  const written = options.write ? writeNext(plan, tuned, headroomPercent, options.reason) : undefined
  const broken = tuned.some(({ proposals }) => proposals.some(({ standing }) => standing === 'broken'))
  const held = !broken || written?.kind === 'written'
  if (options.json) {
    io.stdout.write(
      `${JSON.stringify({ verdict: held ? 'held' : 'not-held', seeds, headroomPercent, tuned, ...(written === undefined ? {} : { written }) }, null, 2)}\n`,
    )
  } else {
    const shown = options.quiet ? [] : tuned
    io.stdout.write(shown.map((each) => tunedTerminal(each, chalk)).join(''))
    io.stdout.write(`seeds ${seeds.from} to ${seeds.to}, twice each; proposed: max plus ${headroomPercent}% headroom\n`)
    if (written !== undefined) io.stdout.write(`${written.sentence}\n`)
    else if (tuned.some(({ proposals }) => proposals.some(({ standing }) => standing !== 'fits'))) {
      io.stdout.write('`npx contention tune --write` makes the proposals the next version of the budgets\n')
    }
  }
  return held ? HELD : NOT_HELD
}

async function varyParameter(plan: Plan, options: TuneOptions, text: string): Promise<ExitCode> {
  if (options.write) throw new InputError({ what: '--write does not go with --vary', expected: 'one of them' })
  const { io, selection, chalk } = plan
  const { name, from, to, steps } = parseVary(text)
  const scenarios = selection.scenarios.filter(({ parameters }) => name in parameters)
  refuseUnknown(name, selection.scenarios, scenarios)
  const values = valuesBetween(from, to, steps)
  for (const scenario of scenarios) refuseOutOfRange(scenario, name, [from, to])
  const varied = await withProgress(io, work(plan, scenarios.length * values.length), async (onRun) => {
    const done: { scenario: string; present: number; answers: readonly Response[] }[] = []
    for (const scenario of scenarios) {
      const samples: (readonly Metrics[])[] = []
      for (const value of values) samples.push(await samplesOf(plan, scenario, { [name]: value }, onRun))
      const given = resolveParameters(scenario.parameters, selection.parameters[scenario.name])
      done.push({ scenario: scenario.name, present: given[name] as number, answers: responses(values, samples) })
    }
    return done
  })
  if (options.json) {
    const { seeds } = plan
    io.stdout.write(`${JSON.stringify({ verdict: 'held', parameter: name, values, seeds, varied }, null, 2)}\n`)
    return HELD
  }
  for (const { scenario, present, answers } of varied) {
    io.stdout.write(variedTerminal(scenario, { name, values, present }, answers, chalk))
  }
  io.stdout.write(`median ≤maximum over seeds ${plan.seeds.from} to ${plan.seeds.to}, twice each\n`)
  return HELD
}

function work({ seeds }: Plan, sweeps: number): { title: string; total: number; unit: string } {
  return { title: 'tuning', total: sweeps * 2 * (seeds.to - seeds.from + 1), unit: 'runs' }
}

async function samplesOf(
  { selection, seeds, maxEvents }: Plan,
  scenario: Scenario,
  changed: { readonly [name: string]: number },
  onRun: () => Promise<void>,
): Promise<readonly Metrics[]> {
  const parameters = { ...selection.parameters[scenario.name], ...changed }
  const result = await sweep(scenario, { seeds, parameters, maxEvents, onRun })
  if (result.kind === 'failed') throw new SeedFailed(result.outcome)
  return result.samples
}

/** What `--write` came to. */
interface Written {
  readonly kind: 'written' | 'unchanged'
  readonly sentence: string
}

function writeNext(
  plan: Plan,
  tuned: readonly TunedScenario[],
  headroomPercent: number,
  reason: string | undefined,
): Written {
  const { io, project, seeds } = plan
  const versions = budgetVersions(project.budgetFolder)
  const highest = versions.at(-1) ?? 0
  const current = highest === 0 ? undefined : loadBudgets(project, io.cwd, `${highest}`)
  const next = nextVersion(current, highest + 1, tuned, { seeds, headroomPercent }, reason)
  switch (next.kind) {
    case 'unchanged':
      return { kind: 'unchanged', sentence: 'nothing written: the limits are what is proposed already' }
    case 'reason-needed':
      throw new InputError({
        what: `${plural(next.raised.length, 'limit')} would be raised, and nothing was written`,
        found: next.raised.map(({ scenario, limit, from, to }) => `${scenario} ${limit} ${from} → ${to}`).join('; '),
        expected: '--reason "why more is acceptable", which goes into the file',
      })
    case 'next': {
      const file = join(project.budgetFolder, budgetFileName(next.budgets.version))
      const schema = relative(project.budgetFolder, join(packageOf(project), 'schemas', 'budgets.schema.json'))
      createOnly(file, printBudgets(next.budgets, schema.replaceAll('\\', '/')))
      return { kind: 'written', sentence: `written: ${shownPath(io, file)}` }
    }
  }
}

/** The package as the project's files can name it: itself in its own repository, else where it is installed. */
function packageOf({ root }: Project): string {
  return root === packageRoot() ? root : join(root, 'node_modules', 'contention')
}

/** Makes a file that is not there yet: whole, or not at all, and never over one that is. */
function createOnly(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(temporary, text)
    linkSync(temporary, file)
  } catch (error) {
    throw fileError(error, file, 'write')
  } finally {
    rmSync(temporary, { force: true })
  }
}

function parseVary(text: string): { name: string; from: number; to: number; steps: number } {
  const match = /^([A-Za-z]\w*)=(\d+)\.\.(\d+)(?::(\d+))?$/.exec(text)
  const [from, to, steps] = [Number(match?.[2]), Number(match?.[3]), Number(match?.[4] ?? DEFAULT_STEPS)]
  if (match !== null && from <= to && steps >= 1 && steps <= 100) return { name: match[1] as string, from, to, steps }
  throw new InputError({
    what: '--vary cannot be used',
    found: text,
    expected:
      'name=from..to[:steps] in whole numbers, from not above to, at most 100 steps, as in --vary ttlMs=200..2000:7',
  })
}

function refuseUnknown(name: string, selected: readonly Scenario[], having: readonly Scenario[]): void {
  if (having.length > 0) return
  const known = [...new Set(selected.flatMap(({ parameters }) => Object.keys(parameters)))]
  const near = nearest(name, known)
  throw new InputError({
    what: `no selected scenario has a parameter "${name}"`,
    expected: near.length > 0 ? `${near.join(' or ')}?` : `one of ${known.join(', ')}`,
  })
}

function refuseOutOfRange(scenario: Scenario, name: string, values: readonly number[]): void {
  const { min, max } = scenario.parameters[name] ?? { min: 0, max: 0 }
  const wrong = values.find((value) => value < min || value > max)
  if (wrong === undefined) return
  throw new InputError({
    what: `parameter ${name} of ${scenario.name} is out of its range`,
    found: String(wrong),
    expected: `a whole number from ${min} to ${max}`,
  })
}

function refuseReasonAlone({ reason, write }: TuneOptions): void {
  if (reason === undefined) return
  if (!write) throw new InputError({ what: '--reason goes with --write', expected: '--write --reason "…"' })
  if (reason.trim() === '') throw new InputError({ what: '--reason is empty', expected: 'why more is acceptable' })
}

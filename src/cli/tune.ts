import { Chalk } from 'chalk'
import { loadBudgets, loadProject } from '../config/index.js'
import { InputError, MAX_SEED } from '../input/index.js'
import type { ScenarioOutcome } from '../report/index.js'
import { DEFAULT_MAX_EVENTS } from '../run/index.js'
import { builtInSubject } from '../subject/index.js'
import { namedSubject, replayableOutcome } from './measure/measure.js'
import { commandText, parametersFirst } from './options/command-text.js'
import { tellLeftOut, withoutLacking } from './options/lacking.js'
import {
  fromSeedOption,
  maxEventsOption,
  paramOptions,
  patienceOption,
  type TuneOptions,
  wholeNumber,
  workersOption,
} from './options/options.js'
import { select } from './options/selection.js'
import { type ExitCode, NOT_HELD } from './terminal/exit-code.js'
import { type Io, onScenarioWatch, onWatch } from './terminal/io.js'
import { tuneLimits } from './tune/limits.js'
import type { TunePlan } from './tune/plan.js'
import { failedTerminal } from './tune/terminal.js'
import { varyParameter } from './tune/vary.js'

/** Enough that the 95th percentile is not yet the maximum, and few enough to wait for: some ten seconds. */
const DEFAULT_SEEDS = 100
/** Per value: a median of ten is steady enough to see a trend in. */
const DEFAULT_VARY_SEEDS = 10

/** `contention tune`: many seeds, to see what limits are worth, or what a parameter does. */
export async function tune(io: Io, names: readonly string[], options: TuneOptions): Promise<ExitCode> {
  refuseContradictions(options)
  const project = await loadProject(io.cwd, options.config)
  const defaultSeeds = options.vary === undefined ? DEFAULT_SEEDS : DEFAULT_VARY_SEEDS
  const count = wholeNumber('--seeds', options.seeds ?? `${defaultSeeds}`, 1, 1_000_000)
  const from = fromSeedOption(options.fromSeed, project, MAX_SEED + 1 - count)
  const selected = select(project, names, paramOptions(options.param))
  const loaded = await namedSubject(io, project, options)
  const subject = onWatch(io, loaded?.subject ?? builtInSubject)
  const named = names.length > 0 ? (others: string) => commandText(`tune ${others}`, options) : undefined
  const { scenarios, leftOut } = await withoutLacking(selected.scenarios, subject, named)
  tellLeftOut(io, leftOut, options)
  onScenarioWatch(io, scenarios)
  const plan: TunePlan = {
    io,
    project,
    selection: { ...selected, scenarios },
    leftOut,
    budgets: loadBudgets(project, io.cwd, options.budget),
    seeds: { from, to: from + count - 1 },
    subject,
    names,
    options,
    maxEvents: maxEventsOption(options.maxEvents, project.maxEvents ?? DEFAULT_MAX_EVENTS),
    threads: {
      directory: io.cwd,
      configFile: options.config,
      subjectFile: loaded?.file,
      workers: workersOption(io, options.workers),
      patienceMs: patienceOption(options.patience),
    },
    json: options.json === true,
    quiet: options.quiet === true,
    chalk: new Chalk({ level: io.stdout.colorLevel }),
  }
  const end = await (options.vary === undefined ? tuneLimits(plan, options) : varyParameter(plan, options.vary))
  return end.kind === 'done' ? end.code : failed(plan, replayableOutcome(end.outcome, project, options))
}

/** A seed at which a scenario did not hold ends it all. */
function failed({ io, json, chalk }: TunePlan, outcome: ScenarioOutcome): ExitCode {
  io.stdout.write(
    json ? `${JSON.stringify({ verdict: 'not-held', failed: outcome }, null, 2)}\n` : failedTerminal(outcome, chalk),
  )
  return NOT_HELD
}

function refuseContradictions({ write, reason, vary, headroom, budget, param = [] }: TuneOptions): void {
  if (vary !== undefined) {
    const given = { '--write': write, '--reason': reason, '--headroom': headroom }
    const [name] = Object.entries(given).find(([, value]) => value !== undefined) ?? []
    if (name !== undefined) {
      throw new InputError({ what: `${name} does not go with --vary, which proposes nothing`, expected: 'one of them' })
    }
  }
  if (write && budget !== undefined) {
    throw new InputError({
      what: '--budget does not go with --write',
      expected: 'one of them: what is written follows the highest version in the budget folder',
    })
  }
  if (write && param.length > 0) {
    throw new InputError({
      what: '--param does not go with --write',
      found: param.map((each) => `--param ${each}`).join(' '),
      expected: 'limits of what `npx contention check` runs, which takes its parameters from the configuration',
      todo: `${parametersFirst(param)}, and run it again without --param`,
    })
  }
  if (reason === undefined) return
  if (!write) throw new InputError({ what: '--reason goes with --write', expected: '--write --reason "…"' })
  if (reason.trim() === '') throw new InputError({ what: '--reason is empty', expected: 'why more is acceptable' })
}

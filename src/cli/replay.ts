import { Chalk } from 'chalk'
import { budgetFor } from '../budget/index.js'
import { loadBudgets, loadProject, loadSubjects, refuseNoBudgetFolder } from '../config/index.js'
import { describeClocks, isToken } from '../explore/index.js'
import { InputError } from '../input/index.js'
import { reportJson, reportOf, reportTerminal } from '../report/index.js'
import { DEFAULT_MAX_EVENTS, runScenario } from '../run/index.js'
import { resolveParameters, simulate } from '../scenario/index.js'
import { builtInSubject } from '../subject/index.js'
import { castOf, numbered } from '../trace/index.js'
import { replayable } from './measure/measure.js'
import { exploreText, proposeText } from './options/command-text.js'
import { refuseLackingCommands } from './options/lacking.js'
import { maxEventsOption, paramOptions, type ReplayOptions, seedOption } from './options/options.js'
import { select } from './options/selection.js'
import { replayCounterexample } from './replay/counterexample.js'
import { printing } from './replay/print-event.js'
import { type ExitCode, HELD, NOT_HELD } from './terminal/exit-code.js'
import { type Io, onScenarioWatch, onWatch } from './terminal/io.js'
import { settled } from './terminal/settled.js'

/** A file or a token, and not a scenario. */
export const isCounterexample = (name: string): boolean => isToken(name) || name.endsWith('.json')

/** `contention replay`: one scenario and seed again, or a counterexample; with `--trace` event by event. */
export async function replay(io: Io, name: string, options: ReplayOptions): Promise<ExitCode> {
  refuseWithoutTrace(options)
  if (isCounterexample(name)) {
    refuseWithCounterexample(options)
    return replayCounterexample(io, name, options)
  }
  if (options.invariant !== undefined) {
    throw new InputError({
      what: '--invariant cannot be used with a scenario',
      expected: 'a counterexample, as a file or a token: of a scenario and seed every invariant is judged',
    })
  }
  const project = await loadProject(io.cwd, options.config)
  refuseNoBudgetFolder(project, options.budget)
  const explorable = { ...project, scenarios: project.explorable }
  const { scenarios, parameters } = select(explorable, [name], paramOptions(options.param))
  const [loaded] = await loadSubjects(
    { ...project, subjectFiles: [] },
    io.cwd,
    options.subject === undefined ? [] : [options.subject],
  )
  const subject = onWatch(io, loaded?.subject ?? builtInSubject)
  if (loaded !== undefined) refuseLackingCommands(scenarios, subject)
  onScenarioWatch(io, scenarios)
  const [scenario] = scenarios
  if (scenario === undefined) throw new InputError({ what: `there is no scenario "${name}"` })
  const given = parameters[scenario.name] ?? {}
  const seed = seedOption(options.seed, project.seed)
  const maxEvents = maxEventsOption(options.maxEvents, project.maxEvents ?? DEFAULT_MAX_EVENTS)
  const limits = loadBudgets(project, io.cwd, options.budget)
  const budget = budgetFor(limits, scenario.name)
  const outcome = await runScenario(scenario, {
    seed,
    parameters: given,
    maxEvents,
    subject,
    ...(budget === undefined ? {} : { budget: { limits: budget, version: limits.version } }),
  })

  if (options.trace) {
    const resolved = resolveParameters(scenario.parameters, given)
    const cast = castOf(numbered('node', resolved.nodes), numbered('space', resolved.spaces))
    const clocks = () => describeClocks(scenario, { parameters: resolved, seed })
    await simulate(scenario, {
      seed,
      parameters: resolved,
      subject,
      maxEvents,
      listeners: [printing(io, { cast, durationMs: resolved.durationMs, clocks }, options)],
    })
  }

  await settled()
  const report = replayable(reportOf(seed, [outcome]), project, options)
  const chalk = new Chalk({ level: io.stdout.colorLevel })
  if (options.json && options.trace)
    io.stdout.write(`${JSON.stringify({ verdict: outcome.passed ? 'held' : 'not-held', outcome })}\n`)
  else if (options.json) io.stdout.write(reportJson(report, { subject: loaded?.subject.name }))
  else {
    const text = reportTerminal(report, {
      chalk,
      quiet: options.quiet === true,
      noBudgetTodo: (name) =>
        project.scenarios.includes(scenario) ? proposeText(name, options) : 'it is made for exploration',
    })
    io.stdout.write(`${options.trace ? '\n' : ''}${text}`)
  }
  if (scenario.explore !== undefined && !options.json && !options.quiet) {
    const drawn = exploreText([scenario.name, `--from-seed ${seed} --seeds 1 --verbose`], options, options.subject)
    io.stderr.write(`neither faults nor parameters are drawn here; what explore draws from this seed: ${drawn}\n`)
  }
  return outcome.passed ? HELD : NOT_HELD
}

/** What chooses from events that are not shown. */
function refuseWithoutTrace({ trace, node, space, from, to }: ReplayOptions): void {
  const [what] =
    Object.entries({ '--node': node, '--space': space, '--from': from, '--to': to }).find(
      ([, value]) => value !== undefined,
    ) ?? []
  if (trace || what === undefined) return
  throw new InputError({ what: `${what} cannot be used without --trace`, expected: '--trace, which shows every event' })
}

/** What a counterexample has of its own. */
function refuseWithCounterexample({ seed, param, budget }: ReplayOptions): void {
  const [what] =
    Object.entries({ '--seed': seed, '--param': param, '--budget': budget }).find(([, value]) => value !== undefined) ??
    []
  if (what === undefined) return
  throw new InputError({
    what: `${what} cannot be used with a counterexample`,
    expected: 'the name of a scenario: a counterexample has a seed and parameters of its own, and no budget',
  })
}

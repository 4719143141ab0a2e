import { type Budget, checkBudget, evaluateBudget } from '../budget/index.js'
import { checkOptions, checkSeed } from '../input/index.js'
import { EventLimitReached, StepFailed } from '../kernel/index.js'
import { behaviourSignature, type Divergence, type ScenarioOutcome } from '../report/index.js'
import {
  checkScenario,
  type ParameterDefinitions,
  type Parameters,
  type Run,
  resolveParameters,
  type Scenario,
  ScenarioAborted,
  type SimulateOptions,
  type SomeParameters,
  simulate,
  today,
  type When,
  whenAgain,
} from '../scenario/index.js'
import type { Subject } from '../subject/index.js'
import { eventCodes, eventKinds } from '../trace/index.js'
import { findDivergence, verdictsDiffer } from './divergence.js'
import { NothingMeasured } from './nothing-measured.js'
import { DEFAULT_SEED } from './seed.js'

/** How a scenario is run. What is left out is the scenario's default. */
export interface RunOptions<D extends ParameterDefinitions = ParameterDefinitions> {
  /** Root of all chance, 0 to 2^32 - 1. Default 1. */
  readonly seed?: number
  /** Those of the scenario that are not to be the default. */
  readonly parameters?: SomeParameters<D>
  readonly subject?: Subject
  readonly budget?: { readonly limits: Budget; readonly version: number }
  /** Most events a run may take before it is ended as one that loops. Default 20,000,000. */
  readonly maxEvents?: number
  /** Called after each of the two runs. */
  readonly onRun?: () => void | Promise<void>
}

const optionNames = {
  seed: true,
  parameters: true,
  subject: true,
  budget: true,
  maxEvents: true,
  onRun: true,
} as const

/** Some twenty seconds of work: far more than a scenario needs, far less than patience lasts. */
export const DEFAULT_MAX_EVENTS = 20_000_000

/**
 * Runs `scenario` twice from nothing, compares the whole traces, and judges what it came to.
 * @throws TypeError or RangeError for a scenario, a subject, a seed, a budget, or for `maxEvents`, that is none
 * @throws TypeError for an option that there is not
 * @throws ParameterError for unknown parameters and values out of range
 * @throws ScenarioAborted when a run takes more than `maxEvents` events, or the scenario or the subject throws
 * @throws NothingMeasured when no command reaches the subject, or it says of every lease that another holds it
 */
export async function runScenario<D extends ParameterDefinitions>(
  scenario: Scenario<D>,
  options: RunOptions<D> = {},
): Promise<ScenarioOutcome> {
  checkOptions<RunOptions<D>>('runScenario', options, optionNames)
  const { seed = DEFAULT_SEED, subject, budget, maxEvents = DEFAULT_MAX_EVENTS, onRun } = options
  checkScenario(scenario)
  checkSeed(seed)
  checkMaxEvents(maxEvents)
  if (budget !== undefined) checkBudget(budget.limits, budget.version)
  const parameters = resolveParameters(scenario.parameters, options.parameters as SomeParameters | undefined)
  const simulation = { seed, parameters, maxEvents, ...(subject === undefined ? {} : { subject }) }

  const counts = eventKinds.map(() => 0)
  const first = await attempt(scenario, { ...simulation, counts })
  if (first.commands === 0) {
    throw new NothingMeasured(scenario.name, parameters.durationMs, 'no command reached the subject')
  }
  const held = counts[eventCodes['lease-held']] as number
  if (held > 0 && counts[eventCodes.granted] === 0 && first.invariants.every((each) => each.held)) {
    const none = `nobody was granted a lease, and ${held} requests were refused as if another held it`
    throw new NothingMeasured(scenario.name, parameters.durationMs, none)
  }
  await onRun?.()
  const when = whenAgain(subject)
  // Of a trace that is the same, what is measured is the same; but rules may be the user's, and remember, or throw dice.
  const second = await again(scenario, { ...simulation, observers: ['digest', 'invariants'] }, when)
  await onRun?.()
  const divergence =
    first.digest === second.digest
      ? verdictsDiffer(first, second)
      : await findDivergence(scenario, simulation, [first, second], when)
  return outcomeOf(scenario, seed, parameters, first, divergence, budget)
}

/** @throws TypeError for what is no number, RangeError for what no run could ever reach */
function checkMaxEvents(maxEvents: number): void {
  const expected = 'expected a whole number of 1 or more, or Infinity'
  if (typeof maxEvents !== 'number') throw new TypeError(`maxEvents is of type ${typeof maxEvents}: ${expected}`)
  if (maxEvents === Number.POSITIVE_INFINITY || (Number.isInteger(maxEvents) && maxEvents >= 1)) return
  throw new RangeError(`maxEvents is ${maxEvents}: ${expected}`)
}

async function attempt(scenario: Scenario, options: SimulateOptions, when: When = today): Promise<Run> {
  try {
    return await when(() => simulate(scenario, options))
  } catch (error) {
    const aborted = error instanceof EventLimitReached || error instanceof StepFailed
    if (aborted) throw new ScenarioAborted(scenario.name, error)
    throw error
  }
}

/** The second of the two runs: what it alone comes upon is chance, whatever else it is. */
async function again(scenario: Scenario, options: SimulateOptions, when: When): Promise<Run> {
  try {
    return await attempt(scenario, options, when)
  } catch (error) {
    if (error instanceof ScenarioAborted)
      throw new ScenarioAborted(error.scenario, error.cause, { where: 'the second run alone' })
    throw error
  }
}

function outcomeOf(
  scenario: Scenario,
  seed: number,
  parameters: Parameters,
  run: Run,
  divergence: Divergence | undefined,
  budget: RunOptions['budget'],
): ScenarioOutcome {
  const { name } = scenario
  const overrides = Object.entries(parameters).filter(([key, value]) => scenario.parameters[key]?.default !== value)
  const { digest: trace, events, metrics, invariants } = run
  const deterministic = divergence === undefined
  const invariantsMet = invariants.every(({ held }) => held)
  const result = budget === undefined ? undefined : evaluateBudget(metrics, budget.limits, budget.version)
  return {
    scenario: name,
    seed,
    parameters,
    overrides: Object.fromEntries(overrides),
    passed: deterministic && invariantsMet && result?.met !== false,
    deterministic,
    ...(divergence === undefined ? {} : { divergence }),
    invariantsMet,
    invariants,
    events,
    signature: behaviourSignature({ scenario: name, seed, parameters, trace, events, metrics, invariants }),
    profile: metrics,
    ...(result === undefined ? {} : { budget: result }),
  }
}

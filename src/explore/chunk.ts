import { checkOptions, checkSeed, MAX_SEED, oneOf } from '../input/index.js'
import { EventLimitReached, type Fault, StepFailed } from '../kernel/index.js'
import {
  type CommandWatch,
  checkInvariants,
  ranAsOneStep,
  resolveParameters,
  type Scenario,
  ScenarioAborted,
  whenAgain,
} from '../scenario/index.js'
import { StoreError } from '../stores/index.js'
import { CommandLacking, type Subject, SubjectFault } from '../subject/index.js'
import { type Coverage, emptyCoverage, eventsIn, strikeListeners } from './coverage.js'
import { type Breach, type ExecuteOptions, type Execution, execute } from './execute.js'
import type { Plan } from './plan.js'
import { aim, drawSwarm, type SwarmOptions } from './swarm.js'

/** What went wrong at one seed. */
export type Failure = { readonly seed: number; readonly scenario: string; readonly plan: Plan } & (
  | { readonly kind: 'breach'; readonly breach: Breach }
  /** The same plan went another way the second time. */
  | {
      readonly kind: 'nondeterministic'
      /** What one of the runs showed besides. */
      readonly shown?: { readonly message: string; readonly atMs: number }
    }
  /** The subject threw, answered in a wrong shape, or wrote to what it was given. */
  | {
      readonly kind: 'subject-fault'
      readonly fault: SubjectFault['fault']
      readonly command: string
      readonly atMs: number
      readonly message: string
    }
  /** It hangs on what the runs before have left: run by itself, in a fresh thread, the plan shows something else. */
  | {
      readonly kind: 'carried-over'
      readonly shown: { readonly message: string; readonly atMs: number }
      /** Undefined where all holds. */
      readonly afresh: { readonly message: string; readonly atMs: number } | undefined
    }
  /** More events than a run may take, or as many steps without one. */
  | { readonly kind: 'endless'; readonly atMs: number; readonly maxEvents: number; readonly message: string }
)

/** A run of the explored kind takes a thousand events or two; one with so many does not end. */
export const DEFAULT_MAX_EXPLORED_EVENTS = 200_000

/** What is explored, and how: the same for every chunk. */
export interface ExploreOptions extends SwarmOptions {
  /** What is under test. */
  readonly subject: Subject
  /** Names of the invariants to judge; all when absent. */
  readonly invariants?: readonly string[]
  /** Most events one run may take. */
  readonly maxEvents: number
  /** Told of every command before the subject is asked, with its clock: what hangs is known by the last one. */
  readonly watch?: CommandWatch
  /** Asked before each seed: once it says no, nobody wants the rest of the chunk. */
  readonly goOn?: () => boolean
  /** Told of a failure at once: what comes after it in the chunk may never end. */
  readonly onFailure?: (failure: Failure) => void
}

const optionNames = {
  subject: true,
  strategy: true,
  parameters: true,
  invariants: true,
  maxEvents: true,
  watch: true,
  goOn: true,
  onFailure: true,
} as const

/** @throws TypeError for an option that there is not */
export const checkExploreOptions = (what: string, options: ExploreOptions): void =>
  checkOptions(what, options, optionNames)

/** Seeds `from`, `from + 1`, … explored one after another, all of them from 0 to 2^32 - 1. */
export interface Chunk {
  readonly from: number
  readonly seeds: number
  /** After so many failures the rest of the seeds is left; Infinity for none to be left. */
  readonly maxFailures: number
  /** Whether the first seed is run twice, whatever its number. Default: true. */
  readonly beginsTwice?: boolean
}

/** What became of a chunk. */
export interface ChunkResult {
  /** How many seeds were explored. */
  readonly seeds: number
  readonly events: number
  readonly steps: number
  readonly coverage: Coverage
  readonly failures: readonly Failure[]
  /** The subject answered with promises. Nothing else happened while it did: what others do in between was not tried. */
  readonly awaited: boolean
}

/**
 * One seed in so many, and the very first, is run a second time, and so is every one that fails: a subject that is not
 * deterministic would make every failure worthless. A seed that is run twice, with digests, costs twice
 * as much as another.
 */
const TWICE_EVERY = 64

const JUDGED = ['invariants'] as const
const DIGESTED = ['digest', 'invariants'] as const

/**
 * Explores a chunk. The same chunk gives the same result, wherever it runs.
 * @throws TypeError or RangeError for seeds that are none, a number of seeds or failures that is none, and an invariant
 * that no scenario has: a rule that nobody has would hold whatever happens; and for an option that there is not
 */
export async function exploreChunk(
  scenarios: readonly Scenario[],
  { from, seeds, maxFailures, beginsTwice = true }: Chunk,
  options: ExploreOptions,
): Promise<ChunkResult> {
  checkExploreOptions('exploreChunk', options)
  checkChunk(from, seeds, maxFailures)
  if (options.invariants !== undefined) checkInvariantNames(options.invariants, scenarios)
  const total = { seeds: 0, steps: 0, coverage: emptyCoverage(), failures: [] as Failure[] }
  for (let seed = from; seed < from + seeds && total.failures.length < maxFailures; seed++) {
    if (options.goOn?.() === false) break
    total.seeds += 1
    for (const scenario of scenarios) {
      if (total.failures.length >= maxFailures) break
      const twice = (beginsTwice && seed === from) || seed % TWICE_EVERY === 0
      const { steps, failure } = await exploreSeed(scenario, seed, twice, total.coverage, options)
      total.steps += steps
      if (failure === undefined) continue
      total.failures.push(failure)
      options.onFailure?.(failure)
    }
  }
  return { ...total, events: eventsIn(total.coverage), awaited: ranAsOneStep(options.subject) }
}

function checkChunk(from: number, seeds: number, maxFailures: number): void {
  checkSeed(from)
  if (!Number.isInteger(seeds) || seeds < 1)
    throw new RangeError(`seeds is ${seeds}: expected a whole number, 1 or more`)
  if (!(maxFailures >= 1)) throw new RangeError(`maxFailures is ${maxFailures}: expected 1 or more`)
  if (from + seeds - 1 > MAX_SEED) {
    throw new RangeError(`${seeds} seeds from ${from} on: expected none above ${MAX_SEED}`)
  }
}

function checkInvariantNames(names: readonly string[], scenarios: readonly Scenario[]): void {
  const known: string[] = []
  for (const scenario of scenarios) {
    try {
      const rules = checkInvariants(scenario.invariants(resolveParameters(scenario.parameters)))
      known.push(...rules.map(({ name }) => name))
    } catch {
      // What is wrong with it is told by its first run, with whose fault it is.
      return
    }
  }
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new RangeError(
      `there is no invariant ${JSON.stringify(unknown)}: expected ${oneOf([...new Set(known)], unknown)}`,
    )
  }
}

interface Explored {
  readonly steps: number
  readonly failure: Failure | undefined
}

/** Explores one seed, counted into `coverage`. */
async function exploreSeed(
  scenario: Scenario,
  seed: number,
  twice: boolean,
  coverage: Coverage,
  options: ExploreOptions,
): Promise<Explored> {
  const swarm = drawSwarm(scenario, seed, options)
  const { strategy, parameters } = swarm
  const faults: Fault[] = [...swarm.faults]
  const first = await attempt(scenario, swarm, options, {
    observers: twice ? DIGESTED : JUDGED,
    counts: coverage.events,
    listeners: strikeListeners(coverage, parameters.nodes ?? 1, parameters.ttlMs ?? 100),
    ...(swarm.aimed > 0 ? { meddle: aim(scenario, swarm, (fault) => faults.push(fault)) } : {}),
  })
  const plan: Plan = { scenario: scenario.name, seed, strategy, parameters, faults }
  // Of a run that came to no end, what there was of it counts as well.
  const { steps } = first.kind === 'ended' ? first.execution : first.error
  const failed = first.kind === 'failed' || first.execution.breach !== undefined
  if (!failed && !twice) return { steps, failure: undefined }

  const second = await attempt(scenario, plan, options, {
    // Of a trace that is the same, what is judged is the same.
    observers: !failed ? ['digest'] : twice ? DIGESTED : JUDGED,
    when: whenAgain(options.subject),
  })
  return { steps, failure: failureOfBoth(first, second, plan) }
}

/** What `plan` shows when it is run again, as it was when it was found: twice. `how` is for the first of them. */
export async function runAgain(
  scenario: Scenario,
  plan: Plan,
  options: ExploreOptions,
  how: Parameters<typeof attempt>[3] = {},
): Promise<Failure | undefined> {
  const first = await attempt(scenario, plan, options, { ...how, observers: DIGESTED })
  const second = await attempt(scenario, plan, options, { observers: DIGESTED, when: whenAgain(options.subject) })
  return failureOfBoth(first, second, plan)
}

/** That two runs of one plan differ is wrong by itself, whatever else either shows. */
function failureOfBoth(first: Attempt, second: Attempt, plan: Plan): Failure | undefined {
  if (sameEnd(first, second)) return failureOf(first, plan)
  const { seed, scenario } = plan
  const shown = shownBy(first) ?? shownBy(second)
  return { kind: 'nondeterministic', seed, scenario, plan, ...(shown === undefined ? {} : { shown }) }
}

function shownBy(attempted: Attempt): { readonly message: string; readonly atMs: number } | undefined {
  if (attempted.kind === 'failed') return { message: attempted.error.message, atMs: attempted.error.atMs }
  const { breach } = attempted.execution
  return breach === undefined ? undefined : { message: breach.message, atMs: breach.atMs }
}

type Attempt =
  | { readonly kind: 'ended'; readonly execution: Execution }
  | { readonly kind: 'failed'; readonly error: StepFailed | EventLimitReached }

/** Runs `plan` once; what the subject does wrong is a result like any other. */
export async function attempt(
  scenario: Scenario,
  plan: Plan,
  { subject, invariants, maxEvents, watch }: ExploreOptions,
  how: Pick<ExecuteOptions, 'listeners' | 'counts' | 'meddle' | 'when'> &
    Partial<Pick<ExecuteOptions, 'observers'>> = {},
): Promise<Attempt> {
  try {
    const execution = await execute(scenario, plan, {
      observers: JUDGED,
      subject,
      maxEvents,
      ...(invariants === undefined ? {} : { invariants }),
      ...(watch === undefined ? {} : { watch }),
      ...how,
    })
    return { kind: 'ended', execution }
  } catch (error) {
    if (error instanceof EventLimitReached || isSubjectsFault(error)) return { kind: 'failed', error }
    const ofScenario =
      error instanceof StepFailed && (error.culprit === 'scenario' || error.cause instanceof CommandLacking)
    if (ofScenario) {
      const { seed, parameters } = plan
      throw new ScenarioAborted(scenario.name, error, { drawn: { seed, parameters } })
    }
    throw error
  }
}

/** What a store cannot do, and what a subject need not have. */
const notItsFault = (cause: unknown): boolean => cause instanceof StoreError || cause instanceof CommandLacking

const isSubjectsFault = (error: unknown): error is StepFailed =>
  error instanceof StepFailed &&
  (error.cause instanceof SubjectFault || (error.culprit === 'subject' && !notItsFault(error.cause)))

/** What an attempt shows to be wrong; undefined when nothing is. */
export function failureOf(attempted: Attempt, plan: Plan): Failure | undefined {
  const common = { seed: plan.seed, scenario: plan.scenario, plan }
  if (attempted.kind === 'ended') {
    const { breach } = attempted.execution
    return breach === undefined ? undefined : { ...common, kind: 'breach', breach }
  }
  const { error } = attempted
  if (error instanceof EventLimitReached) {
    const { atMs, maxEvents, message } = error
    return { ...common, kind: 'endless', atMs, maxEvents, message }
  }
  const { cause, atMs } = error
  const fault = cause instanceof SubjectFault ? cause : undefined
  return {
    ...common,
    kind: 'subject-fault',
    fault: fault?.fault ?? 'threw',
    command: fault?.command ?? 'unknown command',
    atMs,
    message: error.message,
  }
}

/** Of runs without a digest, the number of events and what broke has to do. */
function sameEnd(one: Attempt, other: Attempt): boolean {
  if (one.kind === 'ended' && other.kind === 'ended') {
    const [a, b] = [one.execution, other.execution]
    return a.digest === b.digest && a.events === b.events && a.breach?.message === b.breach?.message
  }
  return one.kind === 'failed' && other.kind === 'failed' && one.error.message === other.error.message
}

import type { Fault } from '../kernel/index.js'
import { type Scenario, ScenarioAborted } from '../scenario/index.js'
import { commandCodes, eventCodes, isAcquiring, type TraceEvent } from '../trace/index.js'
import { attempt, checkExploreOptions, type ExploreOptions, type Failure, failureOf } from './chunk.js'
import type { Plan } from './plan.js'

/** A failure that was made as small as it could be. */
export interface Shrunk {
  readonly failure: Failure
  /** How many runs it took. */
  readonly runs: number
  /** Each fault, node, space and task that is left was taken away once, and the failure went away with it. */
  readonly minimal: boolean
  /** Names of parameters that are at their least, where that is not their default. */
  readonly lowered: readonly string[]
}

/** Enough for the largest plan that exploration draws; a plan that needs more is left as small as it is by then. */
const MAX_RUNS = 10_000
/** Other seeds that a smaller plan is tried with: with fewer nodes, or faults, or less time, something else is drawn. */
const OTHER_SEEDS = 200

const COMMANDS = Object.keys(commandCodes).length

/**
 * Makes `failure` as small as it gets while it still fails in the same way: a greedy descent over faults, nodes, spaces,
 * time, parameters and lengths, until nothing can be taken away any more. Parameters that were given stay as they are. Zeller
 * and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002).
 * @throws TypeError for an option that there is not
 */
export async function shrink(
  scenario: Scenario,
  failure: Failure,
  options: ExploreOptions,
  onRun: () => Promise<void> | void = () => undefined,
): Promise<Shrunk> {
  checkExploreOptions('shrink', options)
  let runs = 0
  let smallest = failure
  const run = async (plan: Plan): Promise<Shown> => {
    runs += 1
    await onRun()
    return shownBy(scenario, plan, options)
  }
  const { brokenBy } = await run(failure.plan)

  const given = Object.keys(options.parameters ?? {})
  const keepsGiven = ({ parameters }: Plan): boolean =>
    given.every((name) => parameters[name] === failure.plan.parameters[name])

  /** Whether `plan` fails in the same way, and as is wanted; then it is the smallest so far. */
  const accept = async (
    plan: Plan | undefined,
    isWanted: (next: Failure) => boolean = () => true,
  ): Promise<boolean> => {
    if (plan === undefined || runs >= MAX_RUNS || !keepsGiven(plan)) return false
    const next = await run(plan)
    if (next.failure === undefined || !sameWay(next.failure, failure)) return false
    // At another kind of event, or of command, it is another bug that breaks the rule.
    if (brokenBy !== undefined && next.brokenBy !== undefined && next.brokenBy !== brokenBy) return false
    if (!isWanted(next.failure)) return false
    smallest = next.failure
    return true
  }
  const acceptWithAnySeed = async (plan: Plan | undefined): Promise<boolean> => {
    if (plan === undefined) return false
    if (await accept(plan)) return true
    for (let seed = 0; seed < OTHER_SEEDS; seed++) if (await accept({ ...plan, seed })) return true
    return false
  }
  const acceptFirst = async (plans: Iterable<Plan>): Promise<boolean> => {
    for (const plan of plans) if (await accept(plan)) return true
    return false
  }

  /** Parameters at their least, where that is not their default: those are left so. */
  const lowered = new Set<string>()
  const acceptLower = async (): Promise<boolean> => {
    for (const [name, plan] of lower(scenario, smallest.plan)) {
      if (lowered.has(name) || !(await accept(plan, (next) => isMuchShorter(next, smallest)))) continue
      lowered.add(name)
      return true
    }
    return false
  }

  for (let changed = true; changed && runs < MAX_RUNS; ) {
    changed = false
    // First, while there is time for it to happen with fewer.
    for (const plan of fewer(scenario, smallest.plan)) if (await acceptWithAnySeed(plan)) changed = true
    if (await accept(cutShort(scenario, smallest))) changed = true
    while (await acceptFirst(shorter(scenario, smallest.plan))) changed = true
    while (await acceptFirst(withoutFaults(smallest.plan))) changed = true
    while (await acceptFirst(plainer(scenario, smallest.plan, lowered))) changed = true
    while (await acceptFirst(milder(smallest.plan))) changed = true
    // What is left may be needed for this order of things alone: another seed brings another.
    for (const plan of withoutFaults(smallest.plan)) if (!changed) changed = await acceptWithAnySeed(plan)
    // Then: with less time, no other may be taken away.
    if (!changed) changed = await acceptWithAnySeed(sooner(scenario, smallest.plan))
    if (!changed) changed = await acceptLower()
  }
  return { failure: smallest, runs, minimal: runs < MAX_RUNS, lowered: [...lowered] }
}

interface Shown {
  readonly failure: Failure | undefined
  /** Kind and command, as one number, of the event that broke a rule; undefined where none did. */
  readonly brokenBy: number | undefined
}

async function shownBy(scenario: Scenario, plan: Plan, options: ExploreOptions): Promise<Shown> {
  const events: number[] = []
  // A claim is another way to ask for the same.
  const observe = ({ kind, command }: TraceEvent) =>
    void events.push(eventCodes[kind] * COMMANDS + commandCodes[isAcquiring(command) ? 'acquire' : command])
  try {
    const failure = failureOf(await attempt(scenario, plan, options, { listeners: [{ observe }] }), plan)
    return { failure, brokenBy: failure?.kind === 'breach' ? events[failure.breach.index] : undefined }
  } catch (error) {
    // A scenario may have faults of its own for a node that the smaller plan has not, or need as many as there were.
    if (error instanceof ScenarioAborted) return { failure: undefined, brokenBy: undefined }
    throw error
  }
}

/** The same rule broken, or the same fault of the subject: a smaller plan that shows something else is another matter. */
function sameWay(one: Failure, other: Failure): boolean {
  if (one.kind === 'breach') return other.kind === 'breach' && one.breach.invariant === other.breach.invariant
  if (one.kind === 'subject-fault') {
    return other.kind === 'subject-fault' && one.fault === other.fault && one.command === other.command
  }
  return one.kind === other.kind
}

/** Nothing after the failure, and no calm that it does not need. */
function cutShort(scenario: Scenario, failure: Failure): Plan | undefined {
  const { plan } = failure
  const atMs = failure.kind === 'breach' ? failure.breach.atMs : 'atMs' in failure ? failure.atMs : undefined
  if (atMs === undefined) return undefined
  const { durationMs = 0, calmMs } = plan.parameters
  const faults = plan.faults.filter((fault) => fault.atMs <= atMs)
  const shorter = Math.max(1, atMs + 1)
  if (shorter >= durationMs && faults.length === plan.faults.length) return undefined
  const inCalm = calmMs !== undefined && atMs >= durationMs - calmMs
  const parameters = inCalm
    ? { ...plan.parameters, durationMs: shorter, calmMs: Math.max(0, shorter - (durationMs - calmMs)) }
    : { ...plan.parameters, durationMs: shorter, ...(calmMs === undefined ? {} : { calmMs: 0 }) }
  return fits(scenario, { ...plan, parameters, faults })
}

/** A shorter calm, or less time before it. */
function* shorter(scenario: Scenario, plan: Plan): Iterable<Plan> {
  const { durationMs = 0, calmMs } = plan.parameters
  if (calmMs === undefined || calmMs === 0) return
  const cuts = [
    { calmMs, durationMs: durationMs - Math.floor((durationMs - calmMs) / 2) },
    { calmMs: calmMs - Math.floor(calmMs / 4), durationMs: durationMs - Math.floor(calmMs / 4) },
  ]
  for (const cut of cuts) {
    if (cut.durationMs === durationMs) continue
    const shortened = fits(scenario, { ...plan, parameters: { ...plan.parameters, ...cut } })
    if (shortened !== undefined) yield shortened
  }
}

/** All in half of the time: what fails late has a long story. It halves the median of the corpus. */
function sooner(scenario: Scenario, plan: Plan): Plan | undefined {
  const { durationMs = 0, calmMs = 0 } = plan.parameters
  const halfMs = Math.floor((durationMs - calmMs) / 2)
  if (halfMs === 0) return undefined
  const faults = plan.faults.map((fault) => ({ ...fault, atMs: Math.floor(fault.atMs / 2) }))
  return fits(scenario, { ...plan, faults, parameters: { ...plan.parameters, durationMs: durationMs - halfMs } })
}

/** Without half of the faults, a quarter, …, one. */
function* withoutFaults(plan: Plan): Iterable<Plan> {
  const { faults } = plan
  for (let size = faults.length; size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let from = 0; from < faults.length; from += size) {
      yield { ...plan, faults: [...faults.slice(0, from), ...faults.slice(from + size)] }
    }
  }
}

/** One node, space or task less, or the fewest there may be. */
function* fewer(scenario: Scenario, plan: Plan): Iterable<Plan> {
  for (const name of ['nodes', 'spaces', 'tasks', 'jobs']) {
    const value = plan.parameters[name]
    const min = Math.max(scenario.parameters[name]?.min ?? 1, name === 'nodes' ? 2 : 1)
    if (value === undefined || value <= min) continue
    for (const next of new Set([min, value - 1])) yield withParameter(plan, name, next)
    if (name !== 'nodes') continue
    for (let node = 0; node < value - 1; node++) yield withoutNode(plan, node)
    // What a node less would have brought, the others bring.
    const { jobs } = plan.parameters
    if (jobs !== undefined) yield withParameter(withParameter(plan, name, value - 1), 'jobs', jobs + 1)
  }
}

/** One node less: those after it move up, and the faults with them. */
function withoutNode(plan: Plan, gone: number): Plan {
  const moved = (node: number) => (node > gone ? node - 1 : node)
  const faults = plan.faults.flatMap((fault): readonly Fault[] => {
    if ('node' in fault) return fault.node === gone ? [] : [{ ...fault, node: moved(fault.node) }]
    if (fault.kind !== 'partition') return [fault]
    const cut = fault.nodes.filter((node) => node !== gone).map(moved)
    return cut.length === 0 ? [] : [{ ...fault, nodes: cut }]
  })
  return { ...plan, faults, parameters: { ...plan.parameters, nodes: (plan.parameters['nodes'] ?? 1) - 1 } }
}

function withParameter(plan: Plan, name: string, value: number): Plan {
  const parameters = { ...plan.parameters, [name]: value }
  return name === 'nodes'
    ? { ...plan, parameters, faults: plan.faults.flatMap((fault) => within(fault, value)) }
    : { ...plan, parameters }
}

/** The fault, if it strikes one of the first `nodes` nodes. */
function within(fault: Fault, nodes: number): readonly Fault[] {
  if ('node' in fault) return fault.node < nodes ? [fault] : []
  if (fault.kind !== 'partition') return [fault]
  const cut = fault.nodes.filter((node) => node < nodes)
  return cut.length === 0 ? [] : [{ ...fault, nodes: cut }]
}

/** What has ways of its own to become less. */
const sizes: ReadonlySet<string> = new Set(['nodes', 'spaces', 'tasks', 'jobs', 'durationMs', 'calmMs'])

/** Parameters at their defaults or their bounds, the order of insertion, a small seed. */
function* plainer(scenario: Scenario, plan: Plan, lowered: ReadonlySet<string>): Iterable<Plan> {
  if (plan.strategy !== 'insertion') yield { ...plan, strategy: 'insertion' }
  for (const [name, { default: value, min }] of Object.entries(scenario.parameters)) {
    if (sizes.has(name) || lowered.has(name)) continue
    const now = plan.parameters[name]
    if (now === undefined || now === value) continue
    yield { ...plan, parameters: { ...plan.parameters, [name]: value } }
    if (min === 0 && now !== 0) yield { ...plan, parameters: { ...plan.parameters, [name]: 0 } }
  }
  for (let seed = 0; seed < Math.min(plan.seed, 4); seed++) yield { ...plan, seed }
}

/** Parameters at their least. */
function* lower(scenario: Scenario, plan: Plan): Iterable<readonly [name: string, plan: Plan]> {
  for (const [name, { min }] of Object.entries(scenario.parameters)) {
    const now = plan.parameters[name]
    if (sizes.has(name) || now === undefined || now <= min) continue
    yield [name, { ...plan, parameters: { ...plan.parameters, [name]: min } }]
  }
}

/** A parameter that is not at its default is one thing more to understand: a quarter of what is told is worth it. */
const isMuchShorter = (next: Failure, than: Failure): boolean =>
  next.kind === 'breach' && than.kind === 'breach' && 4 * next.breach.index <= 3 * than.breach.index

/** A fault that lasts half as long, or strikes fewer. */
function* milder(plan: Plan): Iterable<Plan> {
  const replaced = (index: number, fault: Fault): Plan => ({
    ...plan,
    faults: plan.faults.map((other, at) => (at === index ? fault : other)),
  })
  for (const [index, fault] of plan.faults.entries()) {
    if ('durationMs' in fault && fault.durationMs > 1)
      yield replaced(index, { ...fault, durationMs: fault.durationMs >> 1 })
    if ('delayMs' in fault && fault.delayMs > 1) yield replaced(index, { ...fault, delayMs: fault.delayMs >> 1 })
    if (fault.kind === 'skew' && (fault.byMs > 1 || fault.byMs < -1))
      yield replaced(index, { ...fault, byMs: Math.trunc(fault.byMs / 2) })
    if (fault.kind === 'partition' && fault.nodes.length > 1) {
      for (const node of fault.nodes) yield replaced(index, { ...fault, nodes: [node] })
    }
    if (fault.kind === 'crash' && fault.restartAfterMs !== undefined) {
      yield replaced(index, { kind: 'crash', node: fault.node, atMs: fault.atMs })
    }
  }
}

/** `plan`, unless a parameter is out of its bounds. */
function fits(scenario: Scenario, plan: Plan): Plan | undefined {
  const within = Object.entries(plan.parameters).every(([name, value]) => {
    const definition = scenario.parameters[name]
    return definition !== undefined && value >= definition.min && value <= definition.max
  })
  return within ? plan : undefined
}

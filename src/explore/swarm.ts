import { type Fault, type Random, randomStream } from '../kernel/index.js'
import { type ParameterDefinitions, resolveParameters, type Scenario } from '../scenario/index.js'
import type { EventKind, Listener, TraceEvent } from '../trace/index.js'
import { drawFault, type FaultKind, faultKinds, type Strike } from './fault-kinds.js'
import type { Plan, Strategy } from './plan.js'

/**
 * What one seed has decided before anything runs. Swarm testing: each seed switches a random half of the kinds of fault
 * off altogether, because a little of everything hides what much of one thing finds. Groce et al., "Swarm testing" (2012).
 */
export interface Swarm extends Plan {
  /** The kinds of fault that are on. */
  readonly kinds: readonly FaultKind[]
  /** Faults that strike where a node stands at a rare place: near expiry, with a write in flight, with a checkpoint open. */
  readonly aimed: number
}

export interface SwarmOptions {
  /** The strategy of every seed; drawn for each when absent. */
  readonly strategy?: Strategy
  /** Parameters that are not drawn, for every scenario that has them. */
  readonly parameters?: { readonly [name: string]: number }
}

/** What is late needs a millisecond to be sent in, and one to be late by. */
const LEAST_MS = 2

/** Draws the whole configuration of `seed`. */
export function drawSwarm(scenario: Scenario, seed: number, options: SwarmOptions = {}): Swarm {
  const random = randomStream(seed, 'swarm')
  // Drawn whether it is used or not: a strategy that is given must not change what else the seed draws.
  const drawnStrategy = random.pick(['insertion', 'random', 'random', 'pct'] as const)
  const strategy = options.strategy ?? drawnStrategy
  const given = ownOf(scenario, options.parameters)
  const drawn = scenario.explore?.(random, given) ?? drawSmall(scenario.parameters, random)
  const parameters = resolveParameters(scenario.parameters, { ...drawn, ...given })
  const strike = strikeOf(scenario, parameters)
  const possible = faultKinds.filter((kind) => kind !== 'clock-drift' || strike.maxDriftPpm > 0)
  const kinds = possible.filter(() => random.chance(500))
  const budget = kinds.length === 0 ? 0 : random.pick([0, 1, 2, 3, 4, 6, 9, 14])
  const aimed = random.int(0, budget)
  // A clock that is not exact is so from the start.
  const drifts = Array.from({ length: kinds.includes('clock-drift') ? strike.nodes : 0 }, (_, node) =>
    drawFault('clock-drift', random, { ...strike, node, atMs: 0 }),
  )
  const later = Array.from({ length: budget - aimed }, () =>
    drawFault(random.pick(kinds), random, {
      ...strike,
      node: random.int(0, strike.nodes - 1),
      atMs: random.int(0, Math.max(0, strike.untilMs - LEAST_MS)),
    }),
  )
  return { scenario: scenario.name, seed, strategy, parameters, faults: [...drifts, ...later], kinds, aimed }
}

/** Of parameters that several scenarios are given, those of this one. */
function ownOf({ parameters }: Scenario, given: SwarmOptions['parameters'] = {}): { readonly [name: string]: number } {
  return Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(parameters, name)))
}

/** For scenarios that do not say what to draw: few of everything, and not for long. */
function drawSmall(definitions: ParameterDefinitions, random: Random): { readonly [name: string]: number } {
  const within = (name: string, value: number): number => {
    const { min, max } = definitions[name] ?? { min: value, max: value }
    return Math.min(max, Math.max(min, value))
  }
  return {
    nodes: within('nodes', random.int(2, 6)),
    spaces: within('spaces', random.int(1, 2)),
    durationMs: within('durationMs', random.int(1_000, 6_000)),
  }
}

/** What is the same for all faults of a run. */
function strikeOf(scenario: Scenario, parameters: { readonly [name: string]: number }): Omit<Strike, 'node' | 'atMs'> {
  const { nodes = 1, durationMs = 1 } = parameters
  const untilMs = scenario.calmFromMs?.(parameters as Parameters<NonNullable<Scenario['calmFromMs']>>[0]) ?? durationMs
  return { nodes, untilMs, ttlMs: parameters.ttlMs ?? 100, maxDriftPpm: parameters.maxDriftPpm ?? 0 }
}

/** Has the aimed faults of `swarm` happen while it runs, and keeps what it did: with these in its plan the run is the same. */
export function aim(
  scenario: Scenario,
  swarm: Swarm,
  record: (fault: Fault) => void,
): (inject: (fault: Fault) => void) => Listener {
  const random = randomStream(swarm.seed, 'aim')
  const strike = strikeOf(scenario, swarm.parameters)
  const perMille = random.pick([10, 40, 150])
  let left = swarm.aimed
  return (inject) => ({
    kinds: targetKinds,
    observe(event) {
      if (left === 0 || event.atMs >= strike.untilMs - LEAST_MS) return
      const aimedAtMs = targetMs(event, random, strike.ttlMs)
      if (aimedAtMs === undefined || !random.chance(perMille)) return
      left -= 1
      const atMs = Math.min(aimedAtMs, strike.untilMs - LEAST_MS)
      const fault = drawFault(random.pick(swarm.kinds), random, { ...strike, node: event.node, atMs })
      record(fault)
      inject(fault)
    },
  })
}

const targetKinds = [
  'sent',
  'stepped',
  'granted',
  'renewed',
  'taken',
  'lease-held',
  'queued',
  'checkpointed',
  'truncated',
  'appended',
] as const satisfies readonly EventKind[]

/** When to strike because of this event; undefined when it is no rare place. Always later than the event itself. */
function targetMs(
  { kind, command, atMs, untilMs, seq }: TraceEvent,
  random: Random,
  ttlMs: number,
): number | undefined {
  switch (kind) {
    case 'sent':
      if (command === 'acquire' || command === 'load') return undefined
      return atMs + random.int(1, 4)
    // Of most commands it is the last step.
    case 'stepped':
      return random.chance(500) ? atMs + random.int(1, 2) : undefined
    case 'granted':
    case 'renewed':
    case 'taken':
      return Math.max(atMs + 1, random.chance(500) ? atMs + random.int(1, 4) : untilMs - random.int(0, ttlMs >> 2))
    case 'lease-held':
    case 'queued':
      return seq > 0 ? atMs + random.int(1, 8) : undefined
    case 'checkpointed':
    case 'truncated':
    case 'appended':
      return atMs + random.int(1, 4)
    default:
      return undefined
  }
}

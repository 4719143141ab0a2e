import type { Invariant } from '../invariants/index.js'
import type { Fault, Network, Random } from '../kernel/index.js'
import { commandKinds } from '../protocol/index.js'
import type { Body, Contender } from './contender.js'
import type { ParameterDefinitions, Parameters } from './parameters.js'
import type { ScenarioWatch } from './watch.js'

/** The ways between nodes and subject, and how long a node waits for a reply. */
export interface ScenarioNetwork extends Network {
  readonly timeoutMs: number
  /** The longest that a step of a command takes that takes several, in virtual ms. Without it, as long as a request at the most. */
  readonly maxStepMs?: number
}

/** Commands; and a queue, in which who is refused keeps a place: its refusals have a `position` then. */
export const needKinds = [...commandKinds, 'queue'] as const
export type Need = (typeof needKinds)[number]

/** A workload: nodes, spaces, parameters, what the nodes do, what the world does to them, what must hold. */
export interface Scenario<D extends ParameterDefinitions = ParameterDefinitions> {
  /** Lower case with hyphens. */
  readonly name: string
  /** One line for `contention list`. */
  readonly description: string
  readonly parameters: D
  network(parameters: Parameters<D>): ScenarioNetwork
  /** How far a node's clock is ahead of virtual time (behind when negative). Asked once per node; 0 when absent. */
  clockSkewMs?(parameters: Parameters<D>, random: Random): number
  /** What it makes no sense without; a subject that lacks some of it is not asked to run it. */
  readonly needs?: readonly Need[]
  /**
   * What exploration draws for one seed: small and fast, and odd in many ways; `given` is not drawn, but may matter for the
   * rest. Without it, a few nodes for a few seconds.
   */
  explore?(random: Random, given: { readonly [name: string]: number }): { readonly [name: string]: number }
  /** When the world stops breaking, in virtual ms: what is judged from there on is liveness. Never when absent. */
  calmFromMs?(parameters: Parameters<D>): number
  /** What every node does, from its start and after every restart. */
  node(node: Contender, parameters: Parameters<D>): Body
  /** What the world does; draws come from a stream of its own. */
  faults?(parameters: Parameters<D>, random: Random): readonly Fault[]
  invariants(parameters: Parameters<D>): readonly Invariant[]
}

/** Not a property: a scenario may be the instance of a class, which cannot be copied, or have a `watch` of its own. */
const watches = new WeakMap<Scenario, ScenarioWatch>()

/** From here on `watch` is told of `scenario` whenever it runs in this thread. */
export function watchScenario(scenario: Scenario, watch: ScenarioWatch): void {
  watches.set(scenario, watch)
}

export const watchOf = (scenario: Scenario): ScenarioWatch | undefined => watches.get(scenario)

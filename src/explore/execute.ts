import type { Fault } from '../kernel/index.js'
import {
  type CommandWatch,
  type ObserverKind,
  type Run,
  type Scenario,
  simulate,
  today,
  type When,
} from '../scenario/index.js'
import type { Subject } from '../subject/index.js'
import type { Listener } from '../trace/index.js'
import { type Plan, tieBreakOf } from './plan.js'

/** A rule that a run broke, and where. */
export interface Breach {
  readonly invariant: string
  readonly message: string
  readonly index: number
  readonly atMs: number
}

export interface ExecuteOptions {
  readonly subject: Subject
  /** Names of the invariants to judge; all of the scenario's when absent. */
  readonly invariants?: readonly string[]
  readonly maxEvents: number
  /** What is made of the trace. */
  readonly observers: readonly ObserverKind[]
  readonly listeners?: readonly Listener[]
  readonly counts?: number[]
  readonly watch?: CommandWatch
  readonly meddle?: (inject: (fault: Fault) => void) => Listener
  /** At what time of the host it is run. */
  readonly when?: When
}

export interface Execution {
  readonly events: number
  readonly steps: number
  readonly digest: string
  /** The first rule that broke; undefined when all held. */
  readonly breach: Breach | undefined
}

/** Runs `plan` up to the first event that breaks a rule. */
export async function execute(scenario: Scenario, plan: Plan, options: ExecuteOptions): Promise<Execution> {
  const { subject, invariants: wanted, maxEvents, listeners, counts, meddle, watch, observers, when = today } = options
  const tieBreak = tieBreakOf(plan)
  const parameters = plan.parameters as Parameters<Scenario['invariants']>[0]
  const all = scenario.invariants(parameters)
  const running = when(() =>
    simulate(scenario, {
      seed: plan.seed,
      parameters,
      subject,
      maxEvents,
      faults: plan.faults,
      invariants: wanted === undefined ? all : all.filter(({ name }) => wanted.includes(name)),
      stopAtViolation: true,
      observers,
      ...(tieBreak === undefined ? {} : { tieBreak }),
      ...(watch === undefined ? {} : { watch }),
      ...(listeners === undefined ? {} : { listeners }),
      ...(counts === undefined ? {} : { counts }),
      ...(meddle === undefined ? {} : { meddle }),
    }),
  )
  const run = running instanceof Promise ? await running : running
  return { events: run.events, steps: run.steps, digest: run.digest, breach: breachOf(run) }
}

/** Of several rules that broke, the one that broke first; at one event, the first in the scenario's order. */
function breachOf({ invariants }: Run): Breach | undefined {
  let earliest: Breach | undefined
  for (const { name, first } of invariants) {
    if (first !== undefined && (earliest === undefined || first.index < earliest.index)) {
      earliest = { invariant: name, ...first }
    }
  }
  return earliest
}

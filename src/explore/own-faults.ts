import type { Fault } from '../kernel/index.js'
import type { TraceEvent } from '../trace/index.js'
import { type FaultKind, faultKinds, kindOf } from './fault-kinds.js'
import { faultStruckBy } from './fault-of-event.js'
import type { Plan } from './plan.js'

/** How often a scenario has the world do something by itself, which is not in the plan. */
export interface OwnFaults {
  readonly kind: FaultKind
  readonly count: number
}

/** Those among `events`, by kind. */
export function ownFaults(events: readonly TraceEvent[], plan: Plan): readonly OwnFaults[] {
  const own = events.filter((event) => isOwnFault(event, plan)).map(faultStruckBy)
  return faultKinds
    .map((kind) => ({ kind, count: own.filter((other) => other === kind).length }))
    .filter(({ count }) => count > 0)
}

/** Whether it is the scenario, and not the plan, that has this happen. */
export function isOwnFault(event: TraceEvent, { faults }: Plan): boolean {
  const kind = faultStruckBy(event)
  return (
    kind !== undefined &&
    !faults.some((fault) => kindOf(fault) === kind && fault.atMs === event.atMs && strikes(fault, event.node))
  )
}

function strikes(fault: Fault, node: number): boolean {
  if ('node' in fault) return fault.node === node
  return !('nodes' in fault) || fault.nodes.includes(node)
}

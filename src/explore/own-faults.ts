import type { Fault } from '../kernel/index.js'
import { messageFaults, type TraceEvent } from '../trace/index.js'
import { type FaultKind, faultKinds, kindOf } from './fault-kinds.js'
import type { Plan } from './plan.js'

/** How often a scenario has the world do something by itself, which is not in the plan. */
export interface OwnFaults {
  readonly kind: FaultKind
  readonly count: number
}

/** Those among `events`, by kind. */
export function ownFaults(events: readonly TraceEvent[], plan: Plan): readonly OwnFaults[] {
  const own = events.filter((event) => isOwnFault(event, plan)).map(struckBy)
  return faultKinds
    .map((kind) => ({ kind, count: own.filter((other) => other === kind).length }))
    .filter(({ count }) => count > 0)
}

/** Whether it is the scenario, and not the plan, that has this happen. */
export function isOwnFault(event: TraceEvent, { faults }: Plan): boolean {
  const kind = struckBy(event)
  return (
    kind !== undefined &&
    !faults.some((fault) => kindOf(fault) === kind && fault.atMs === event.atMs && strikes(fault, event.node))
  )
}

function strikes(fault: Fault, node: number): boolean {
  if ('node' in fault) return fault.node === node
  return !('nodes' in fault) || fault.nodes.includes(node)
}

/** The kind of fault of which an event tells; undefined where it tells of none. */
function struckBy({ kind, seq }: TraceEvent): FaultKind | undefined {
  switch (kind) {
    case 'paused':
      return 'pause'
    case 'crashed':
      return 'crash'
    case 'skewed':
      return 'clock-jump'
    case 'drifted':
      return 'clock-drift'
    case 'partitioned':
      return 'partition'
    case 'requests-struck':
      return `${disturbances[seq] ?? 'lost'}-request`
    case 'replies-struck':
      return `${disturbances[seq] ?? 'lost'}-reply`
    case 'store-slowed':
      return 'slow-store'
    case 'store-restarted':
      return 'store-restart'
    default:
      return undefined
  }
}

const words = { drop: 'lost', duplicate: 'doubled', delay: 'slow' } as const
const disturbances = messageFaults.map((fault) => words[fault])

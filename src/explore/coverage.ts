import { type EventKind, eventKinds, messageFaults, replyKinds, type TraceEvent } from '../trace/index.js'
import { type FaultKind, faultKinds } from './fault-kinds.js'
import { leaseStates, Standings } from './standing.js'

/** What exploration has exercised. Sums of counts, so that parts can be added up in any order. */
export interface Coverage {
  /** By kind of fault, then by lease state of the node it struck: how often. In the order of `faultKinds` and `leaseStates`. */
  readonly strikes: number[][]
  /** By kind of event, in the order of `eventKinds`: how often. */
  readonly events: number[]
}

export function emptyCoverage(): Coverage {
  return {
    strikes: faultKinds.map(() => leaseStates.map(() => 0)),
    events: eventKinds.map(() => 0),
  }
}

/** Adds `more` to `total`. */
export function addCoverage(total: Coverage, more: Coverage): void {
  for (const [row, counts] of more.strikes.entries()) {
    for (const [column, count] of counts.entries())
      (total.strikes[row] as number[])[column] = count + ((total.strikes[row] as number[])[column] as number)
  }
  for (const [code, count] of more.events.entries()) total.events[code] = count + (total.events[code] as number)
}

const codes = new Map<EventKind, number>(eventKinds.map((kind, code) => [kind, code]))

/** Counts one run into `coverage`. */
export function coverageObserver(coverage: Coverage, nodes: number, ttlMs: number): (event: TraceEvent) => void {
  const standings = new Standings(nodes, ttlMs)
  return (event) => {
    const code = codes.get(event.kind) as number
    coverage.events[code] = (coverage.events[code] as number) + 1
    const fault = struckBy(event)
    if (fault !== undefined) {
      const row = coverage.strikes[faultKinds.indexOf(fault)] as number[]
      const column = event.node < 0 ? standings.rarest(event.atMs) : standings.stateOf(event.node, event.atMs)
      row[column] = (row[column] as number) + 1
    }
    standings.observe(event)
  }
}

/** The kind of fault that this event is the beginning of. */
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
      return `${words[messageFaults[seq] ?? 'delay']}-request`
    case 'replies-struck':
      return `${words[messageFaults[seq] ?? 'delay']}-reply`
    case 'store-slowed':
      return 'slow-store'
    case 'store-restarted':
      return 'store-restart'
    default:
      return undefined
  }
}

const words = { drop: 'lost', duplicate: 'doubled', delay: 'slow' } as const

/** How often each reply was given. */
export function repliesOf({ events }: Coverage): readonly (readonly [kind: EventKind, count: number])[] {
  return replyKinds.map((kind) => [kind, events[codes.get(kind) as number] as number])
}

import { replyKinds } from '../protocol/index.js'
import { type EventKind, eventCodes, eventKinds, type Listener, type TraceEvent } from '../trace/index.js'
import { type FaultKind, faultKinds } from './fault-kinds.js'
import { faultStruckBy, strikeKinds } from './fault-of-event.js'
import { leaseStates, Standings, standingKinds } from './standing.js'

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

/** Count the strikes of one run. They come before standings: a fault strikes where its node has stood until then. */
export function strikeListeners({ strikes }: Coverage, nodes: number, ttlMs: number): readonly Listener[] {
  const standings = new Standings(nodes, ttlMs)
  const striking = strikeKinds.map((kind): Listener => {
    const observe = (event: TraceEvent): void => {
      const { node, atMs } = event
      const row = strikes[faultKinds.indexOf(faultStruckBy(event) as FaultKind)] as number[]
      const column = node < 0 ? standings.rarest(atMs) : standings.stateOf(node, atMs)
      row[column] = (row[column] as number) + 1
    }
    return { kinds: [kind], observe }
  })
  return [...striking, { kinds: standingKinds, observe: (event) => standings.observe(event) }]
}

/** How many events there were. */
export const eventsIn = ({ events }: Coverage): number => events.reduce((sum, count) => sum + count, 0)

/** How many kinds of fault have struck. */
export const struckKinds = ({ strikes }: Coverage): number =>
  strikes.filter((counts) => counts.some((count) => count > 0)).length

/** How often each reply was given. */
export function repliesOf({ events }: Coverage): readonly (readonly [kind: EventKind, count: number])[] {
  return replyKinds.map((kind) => [kind, events[eventCodes[kind]] as number])
}

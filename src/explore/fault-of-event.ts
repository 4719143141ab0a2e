import { type EventKind, messageFaults, type TraceEvent } from '../trace/index.js'
import type { FaultKind } from './fault-kinds.js'

const words = { drop: 'lost', duplicate: 'doubled', delay: 'slow' } as const
const disturbances = messageFaults.map((fault) => words[fault])

/** By kind of event, the kind of fault that it is the beginning of; of messages, `seq` says which. */
const struckBy = {
  paused: () => 'pause',
  crashed: () => 'crash',
  skewed: () => 'clock-jump',
  drifted: () => 'clock-drift',
  partitioned: () => 'partition',
  'requests-struck': (seq) => `${disturbances[seq] as (typeof disturbances)[number]}-request`,
  'replies-struck': (seq) => `${disturbances[seq] as (typeof disturbances)[number]}-reply`,
  'store-slowed': () => 'slow-store',
  'store-restarted': () => 'store-restart',
} as const satisfies { readonly [K in EventKind]?: (seq: number) => FaultKind }

/** The kinds of event that a fault begins with. */
export const strikeKinds = Object.keys(struckBy) as readonly (keyof typeof struckBy)[]

/** The kind of fault of which an event tells; undefined where it tells of none. */
export function faultStruckBy({ kind, seq }: Pick<TraceEvent, 'kind' | 'seq'>): FaultKind | undefined {
  return Object.hasOwn(struckBy, kind) ? struckBy[kind as keyof typeof struckBy](seq) : undefined
}

import type { Fence, Requester } from '../lease/index.js'
import type { Json } from './event.js'

/** Adds one event at the log's head, if the fence holds. */
export interface Append extends Requester {
  readonly kind: 'append'
  readonly fence: Fence
  readonly type: string
  readonly payload: Json
}

/** Makes `state` durable as what the events before `nextSeq` amount to. */
export interface MakeCheckpoint extends Requester {
  readonly kind: 'checkpoint'
  readonly fence: Fence
  readonly nextSeq: number
  readonly state: Json
}

/** Forgets the events before `beforeSeq`, which a checkpoint must cover. */
export interface Truncate extends Requester {
  readonly kind: 'truncate'
  readonly fence: Fence
  readonly beforeSeq: number
}

/** Reads the latest checkpoint and where the log's head is. */
export interface Load extends Requester {
  readonly kind: 'load'
  readonly space: string
}

/** Reads up to `limit` events from `fromSeq` on. */
export interface Read extends Requester {
  readonly kind: 'read'
  readonly space: string
  readonly fromSeq: number
  readonly limit: number
}

/** What writes the log: under a fence, and once for each request. */
export type LogCommand = Append | MakeCheckpoint | Truncate
/** What reads the log: anybody may, and nothing is remembered of it. */
export type LogQuery = Load | Read

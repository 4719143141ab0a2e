/** What a payload or a checkpoint's state may be. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** One entry of a space's log. `seq` is 0, 1, 2, … without gap or fork. */
export interface LogEvent {
  readonly seq: number
  /** The ownership under which it was written. */
  readonly epoch: number
  readonly owner: string
  readonly type: string
  readonly payload: Json
}

/** A durable state of a log. It covers every event before `nextSeq`; replay begins at `nextSeq`. */
export interface Checkpoint {
  readonly nextSeq: number
  readonly epoch: number
  readonly state: Json
}

import type { Checkpoint, LogEvent } from './event.js'

export interface Appended {
  readonly kind: 'appended'
  readonly seq: number
}

export interface Checkpointed {
  readonly kind: 'checkpointed'
  readonly nextSeq: number
}

export interface Truncated {
  readonly kind: 'truncated'
  /** The oldest event that can still be read. */
  readonly firstSeq: number
}

export interface Loaded {
  readonly kind: 'loaded'
  readonly checkpoint: Checkpoint | undefined
  /** The `seq` the next event will get: where replay ends. */
  readonly nextSeq: number
}

export interface Events {
  readonly kind: 'events'
  readonly events: readonly LogEvent[]
  /** The log's head, which may be further on than this page; the end of the page where a subject does not say. */
  readonly nextSeq: number
}

/** A checkpoint may not cover events that were never appended. */
export interface AheadOfLog {
  readonly kind: 'ahead-of-log'
  readonly nextSeq: number
  readonly requestedSeq: number
}

/** A checkpoint may not go back, nor may a log be truncated beyond it. */
export interface CheckpointMismatch {
  readonly kind: 'checkpoint-mismatch'
  readonly checkpointSeq: number
  readonly requestedSeq: number
}

/** The events asked for have been truncated. */
export interface Compacted {
  readonly kind: 'compacted'
  readonly firstSeq: number
  readonly requestedSeq: number
}

/** Why a command on the log was refused, though its fence holds. */
export type LogRefusal = AheadOfLog | CheckpointMismatch | Compacted

/** Everything that a log may answer, when the fence holds. */
export type LogReply = Appended | Checkpointed | Truncated | Loaded | Events | LogRefusal

import {
  type LeaseCommand,
  type LeaseRecord,
  type LeaseReply,
  type MintToken,
  refuseFence,
  stepLease,
  UNOWNED,
} from '../lease/index.js'
import type { Append, LogCommand, MakeCheckpoint, Truncate } from './command.js'
import type { Checkpoint, LogEvent } from './event.js'
import type { LogReply } from './reply.js'

/** Where a space's log stands. Its events are the store's to keep. */
export interface LogRecord {
  /** The `seq` of the next event. */
  readonly nextSeq: number
  /** The latest checkpoint covers every event before this; 0 before the first checkpoint. */
  readonly checkpointSeq: number
  /** The oldest event not yet truncated. */
  readonly firstSeq: number
}

/** All that is known of one space but for its events: what a store loads, and swaps if nobody else did. */
export interface SpaceRecord {
  readonly lease: LeaseRecord
  readonly log: LogRecord
}

/** The record of a space that was never touched. */
export const UNTOUCHED: SpaceRecord = { lease: UNOWNED, log: { nextSeq: 0, checkpointSeq: 0, firstSeq: 0 } }

/** What the store has to do to the log, in the same atomic step as the swap of the record. */
export type LogEffect =
  | { readonly kind: 'append'; readonly event: LogEvent }
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'truncate'; readonly beforeSeq: number }

/** What a step comes to: the record to be swapped for the old one, the reply, and what happens to the log, if anything does. */
export interface SpaceTransition {
  readonly record: SpaceRecord
  readonly reply: LeaseReply | LogReply
  readonly effect?: LogEffect
}

/** One step of a space: its lease, and its log, which only the holder of the lease may write. */
export function stepSpace(
  record: SpaceRecord,
  command: LeaseCommand | LogCommand,
  nowMs: number,
  mint: MintToken,
): SpaceTransition {
  switch (command.kind) {
    case 'append':
    case 'checkpoint':
    case 'truncate': {
      const refusal = refuseFence(record.lease, command.fence, nowMs)
      return refusal === undefined ? stepLog(record, command) : { record, reply: refusal }
    }
    default: {
      const { record: lease, reply } = stepLease(record.lease, command, nowMs, mint)
      return { record: lease === record.lease ? record : { lease, log: record.log }, reply }
    }
  }
}

function stepLog(record: SpaceRecord, command: LogCommand): SpaceTransition {
  switch (command.kind) {
    case 'append':
      return append(record, command)
    case 'checkpoint':
      return checkpoint(record, command)
    case 'truncate':
      return truncate(record, command)
  }
}

function append({ lease, log }: SpaceRecord, { fence, type, payload }: Append): SpaceTransition {
  const { nextSeq: seq, checkpointSeq, firstSeq } = log
  return {
    record: { lease, log: { nextSeq: seq + 1, checkpointSeq, firstSeq } },
    reply: { kind: 'appended', seq },
    effect: { kind: 'append', event: { seq, epoch: fence.epoch, owner: fence.owner, type, payload } },
  }
}

function checkpoint(record: SpaceRecord, { fence, nextSeq, state }: MakeCheckpoint): SpaceTransition {
  const { lease, log } = record
  requireSeq(nextSeq, 'a checkpoint cannot stand at')
  if (nextSeq > log.nextSeq) {
    return { record, reply: { kind: 'ahead-of-log', nextSeq: log.nextSeq, requestedSeq: nextSeq } }
  }
  if (nextSeq < log.checkpointSeq) {
    return { record, reply: { kind: 'checkpoint-mismatch', checkpointSeq: log.checkpointSeq, requestedSeq: nextSeq } }
  }
  return {
    record: { lease, log: { nextSeq: log.nextSeq, checkpointSeq: nextSeq, firstSeq: log.firstSeq } },
    reply: { kind: 'checkpointed', nextSeq },
    effect: { kind: 'checkpoint', checkpoint: { nextSeq, epoch: fence.epoch, state } },
  }
}

function truncate(record: SpaceRecord, { beforeSeq }: Truncate): SpaceTransition {
  const { lease, log } = record
  requireSeq(beforeSeq, 'a log cannot be truncated before')
  if (beforeSeq > log.checkpointSeq) {
    return { record, reply: { kind: 'checkpoint-mismatch', checkpointSeq: log.checkpointSeq, requestedSeq: beforeSeq } }
  }
  const firstSeq = Math.max(log.firstSeq, beforeSeq)
  return {
    record: { lease, log: { nextSeq: log.nextSeq, checkpointSeq: log.checkpointSeq, firstSeq } },
    reply: { kind: 'truncated', firstSeq },
    effect: { kind: 'truncate', beforeSeq: firstSeq },
  }
}

/** Otherwise NaN, which is neither above nor below anything, would pass, and every store take it for something else. */
function requireSeq(seq: number, refused: string): void {
  if (Number.isSafeInteger(seq) && seq >= 0) return
  throw new RangeError(`${refused} seq ${seq}: expected a whole number, 0 or more`)
}

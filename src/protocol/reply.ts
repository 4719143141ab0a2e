import type { JobReply } from '../jobs/index.js'
import type { FenceRefusal, LeaseReply, Refusal } from '../lease/index.js'
import type { LogRefusal, LogReply } from '../log/index.js'

/** Everything a subject may answer. */
export type Reply = LeaseReply | LogReply | JobReply
export type ReplyKind = Reply['kind']

export type RefusalKind = (Refusal | LogRefusal)['kind']
/** What may be answered to a command that is not refused. */
export type AnswerKind = Exclude<ReplyKind, RefusalKind>
type FenceRefusalKind = FenceRefusal['kind']

/**
 * All replies there are: whether it answers the command, refuses the fence that was shown, or the command for another reason.
 * The code of one in the digest of a trace is its place here: a new one goes to the end.
 */
const replyTable = {
  granted: 'answer',
  renewed: 'answer',
  released: 'answer',
  valid: 'answer',
  appended: 'answer',
  checkpointed: 'answer',
  truncated: 'answer',
  loaded: 'answer',
  events: 'answer',
  enqueued: 'answer',
  taken: 'answer',
  idle: 'answer',
  completed: 'answer',
  failed: 'answer',
  'lease-held': 'refusal',
  queued: 'refusal',
  'stale-owner': 'fence-refusal',
  'unknown-epoch': 'fence-refusal',
  'split-brain': 'fence-refusal',
  'invalid-token': 'fence-refusal',
  'lease-expired': 'fence-refusal',
  superseded: 'refusal',
  'ahead-of-log': 'refusal',
  'checkpoint-mismatch': 'refusal',
  compacted: 'refusal',
} as const satisfies {
  readonly [K in ReplyKind]: K extends AnswerKind ? 'answer' : K extends FenceRefusalKind ? 'fence-refusal' : 'refusal'
}

/** In the order of the table. */
export const replyKinds = Object.keys(replyTable) as readonly ReplyKind[]

/** What says that a fence is not, or no longer, the one that may act. */
export const fenceRefusals = replyKinds.filter((kind) => replyTable[kind] === 'fence-refusal')

const isRefusalKind: ReadonlySet<string> = new Set(replyKinds.filter((kind) => replyTable[kind] !== 'answer'))

/** Whether a reply, or another outcome of a call, says that the command was refused. */
export function isRefusal(outcome: { readonly kind: string }): outcome is Refusal | LogRefusal {
  return isRefusalKind.has(outcome.kind)
}

/** A number that a refusal leaves unsaid: a subject need not say more than its kind, and 0 would be an answer. */
export const UNTOLD = -1

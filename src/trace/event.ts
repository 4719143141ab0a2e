import { type CommandKind, commandKinds, type commandTable, type ReplyKind, replyKinds } from '../protocol/index.js'

/** What a request meets on its way, and what the world does to nodes. */
export const worldKinds = [
  'sent',
  'delivered',
  'timed-out',
  'request-lost',
  'reply-lost',
  'request-duplicated',
  'reply-duplicated',
  'paused',
  'resumed',
  'crashed',
  'restarted',
  'skewed',
  'drifted',
  'partitioned',
  'requests-struck',
  'replies-struck',
  'served',
  'acts',
  'store-restarted',
  'store-slowed',
] as const

/** What an event may be about: a command, or none. */
type TracedCommand = CommandKind | 'none'
const tracedCommands: readonly TracedCommand[] = ['none', ...commandKinds]

/** Between a request and its reply, where the subject takes its time. */
const stepKinds = ['stepped', 'step-unanswered', 'threw'] as const

export type WorldKind = (typeof worldKinds)[number]
/** What may happen in a run: what the world does, every reply that reaches a node, and what comes before it. */
export type EventKind = WorldKind | ReplyKind | (typeof stepKinds)[number]

/** All kinds of events; an event's code in the digest is its place here, so new kinds go to the end of their list. */
export const eventKinds: readonly EventKind[] = [...worldKinds, ...replyKinds, ...stepKinds]

/** The number of each kind of event in the digest. */
export const eventCodes = Object.fromEntries(eventKinds.map((kind, code) => [kind, code])) as Readonly<
  Record<EventKind, number>
>

/** The number of each command in the digest. */
export const commandCodes = Object.fromEntries(tracedCommands.map((kind, code) => [kind, code])) as Readonly<
  Record<TracedCommand, number>
>

type Question = { [K in CommandKind]: (typeof commandTable)[K]['isQuestion'] extends true ? K : never }[CommandKind]
/** What is a question by the table, and not compared before, does not compile. */
const isOther = (_kind: Exclude<TracedCommand, Question>): false => false

/**
 * Whether it only asks how things are: whoever asks that in between has not given up what it is after. Compared one by one:
 * a set took three times as long, at every request.
 */
export function isQuestion(kind: TracedCommand): boolean {
  return kind === 'load' || kind === 'read' || kind === 'validate' || isOther(kind)
}

const answers: ReadonlySet<string> = new Set(replyKinds)

/** Whether the subject answers with it: the moment at which a request takes effect, or is refused. */
export const isAnswer = ({ kind }: { readonly kind: EventKind }): boolean => answers.has(kind)

/** Whether it asks for a lease: an acquire and a claim are two ways to one end. */
export function isAcquiring(kind: TracedCommand): boolean {
  return kind === 'acquire' || kind === 'claim'
}

/** What `seq` of `requests-struck` and `replies-struck` is the place in: 0 lost, 1 doubled, 2 slowed. */
export const messageFaults = ['drop', 'duplicate', 'delay'] as const

/** The index of no node, space or peer, where an event is about none. */
export const NOBODY = -1

/**
 * One thing that happened. All events have one shape, so that no observer ever sees a slow one; a field that a kind does
 * not use is 0 (`NOBODY` for nodes and spaces).
 *
 * `sent`, `delivered`, `timed-out` and the losses are about a request on its way. A reply's kind (`granted`,
 * `stale-owner`, …) is the subject's step: the moment at which the request took effect or was refused.
 *
 * All events about a request name its `command`, `node`, `task`, `space` and `request`. `sent` and the subject's steps have
 * besides what the request says: `epoch` and `token` of its fence (`epoch` of a `claim`: the one expected), `content` of an
 * event or state to be written, `seq` of a checkpoint, of where a `read` begins, of where to `truncate`, of a job's number.
 * In these fields the kinds of this table say something else, or more:
 *
 * | kind | `epoch` | `seq` | `untilMs` | others |
 * | --- | --- | --- | --- | --- |
 * | `sent` | | | | `attempt` |
 * | `reply-lost` | | the step after which the command was cut off, else 0 | | |
 * | `delivered` | the one held from now on, of `granted` and `renewed`; else 0 | | | |
 * | `paused`, `partitioned`, `store-slowed` | | | end | |
 * | `skewed` | | | by how many ms | |
 * | `drifted` | | | parts per million | |
 * | `requests-struck`, `replies-struck` | | place in `messageFaults` | end | |
 * | `store-restarted` | | 1 when what was not synced is lost, else 0 | when it is back | |
 * | `served` | of the fence | where it has replayed to | | `space`, `content`: the state it was given |
 * | `acts` | of the fence | | | `task`, `space` |
 * | `stepped` | that the request named | which step of the command, from 1 | | |
 * | `step-unanswered`, `threw` | | the last step of the command that was made | | |
 * | `granted` | granted | | expiry | `token` |
 * | `renewed`, `valid` | | | expiry | |
 * | `appended` | | of the event | | |
 * | `checkpointed` | | `nextSeq` of the checkpoint that is kept | | `content` 0 when that is another |
 * | `truncated` | | of the oldest event kept | | |
 * | `loaded` | | of the head | `nextSeq` of the checkpoint, 0 without one | `content`: its state |
 * | `events` | | where the read began | `seq` after the last one read | `content` of all of them |
 * | `enqueued` | | the job's number | | |
 * | `taken` | of the taking | the job's number | expiry | `token` |
 * | `lease-held` | of the lease | place in the queue, 0 without one | expiry | `peer`: the owner |
 * | `queued` | of the space | place in the queue | how long the place is kept | `peer`: who is ahead |
 * | `split-brain` | | | | `peer`: the owner |
 * | `stale-owner`, `unknown-epoch` | | the current epoch | | |
 * | `lease-expired` | | | when it expired | |
 * | `superseded` | | the latest request | | |
 * | `ahead-of-log` | | of the head | | |
 * | `checkpoint-mismatch` | | of the checkpoint | | |
 * | `compacted` | | of the oldest event kept | where the read began | |
 *
 * What a refusal need not say, and does not, is `UNTOLD` in `seq`, `NOBODY` in `peer`, and 0 elsewhere.
 */
export interface TraceEvent {
  /** Place in the trace: 0, 1, 2, … */
  readonly index: number
  /** Virtual time. */
  readonly atMs: number
  /** When the request reached the subject that is answered: before `atMs` if it took steps, and took effect at some time between. */
  readonly sinceMs: number
  readonly kind: EventKind
  /** The command it is about; `none` for what the world does to nodes. */
  readonly command: TracedCommand
  /** Which node, by index. */
  readonly node: number
  /** Which of the node's tasks, from 0. */
  readonly task: number
  /** Which space, by index. */
  readonly space: number
  /** Number of the request within its node. */
  readonly request: number
  /** 0 for a request sent the first time, 1, 2, … when sent again after a refusal or a timeout. */
  readonly attempt: number
  /** The subject has executed this request before: this is a copy of it, or it was sent again after a lost reply. */
  readonly repeated: boolean
  /** The epoch that was granted, or that the request named; of a job, that of its taking; of `delivered`, what is held now. */
  readonly epoch: number
  /** A place: in a log, a queue or a list, or a job's number. Of a refusal, the number that it names. See the table above. */
  readonly seq: number
  /** End of what begins here: a lease, a place in the queue, a pause. Of some kinds another number: see the table above. */
  readonly untilMs: number
  /** The other node: the owner that a refusal names, the one ahead in the queue. */
  readonly peer: number
  /** Digest of the token that was granted, or that the request carried. */
  readonly token: number
  /** Digest of an event's type and payload, or of a checkpoint's state. */
  readonly content: number
}

/** An event while it is being written: observers see the same object every time, with new contents. */
export type MutableEvent = { -readonly [Field in keyof TraceEvent]: TraceEvent[Field] }

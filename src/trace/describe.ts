import { UNTOLD } from '../protocol/index.js'
import type { Cast } from './cast.js'
import { digestText } from './content.js'
import { messageFaults, NOBODY, type TraceEvent } from './event.js'

/** One event in words: `node-3 sends acquire of space-1 #12`. The same for equal events, whatever the host. */
export function describeEvent(event: TraceEvent, { nodes, spaces }: Cast): string {
  const node = nodes[event.node] ?? ''
  const task = event.task === 0 ? '' : `/${event.task}`
  const what =
    event.command === 'none' ? '' : ` ${event.command} of ${spaces[event.space] ?? 'no space'} #${event.request}`
  const details = [...detailsOf(event, nodes), event.repeated ? 'asked before' : ''].filter((detail) => detail !== '')
  const suffix = details.length === 0 ? '' : ` (${details.join(', ')})`
  const space = event.kind === 'served' || event.kind === 'acts' ? ` ${spaces[event.space]}` : ''
  return `${node}${task} ${phrase(event)}${what}${space}${suffix}`.trimStart()
}

/** How an event reads after the node's name. The subject's steps read as its answer to the node. */
function phrase(event: TraceEvent): string {
  switch (event.kind) {
    case 'sent':
      return 'sends'
    case 'delivered':
      return 'has the reply to'
    case 'timed-out':
      return 'gives up waiting for'
    case 'request-lost':
      return 'loses the request'
    case 'reply-lost':
      return 'loses the reply to'
    case 'request-duplicated':
      return 'sends twice'
    case 'reply-duplicated':
      return 'gets twice the reply to'
    case 'requests-struck':
      return `has its requests ${disturbed(event)}`
    case 'replies-struck':
      return `has its replies ${disturbed(event)}`
    case 'skewed':
      return "has its clock's skew changed"
    case 'drifted':
      return "has its clock's drift set"
    case 'partitioned':
      return 'is cut off'
    case 'paused':
    case 'resumed':
    case 'crashed':
    case 'restarted':
      return `is ${event.kind}`
    case 'served':
      return 'serves'
    case 'acts':
      return 'acts as the holder of'
    case 'store-restarted':
      return 'the store stops and starts again'
    case 'store-slowed':
      return 'the store is slow'
    case 'stepped':
      return `← step ${event.seq}:`
    case 'step-unanswered':
      return 'has no answer from the store:'
    case 'threw':
      return '← threw:'
    default:
      return `← ${event.kind}:`
  }
}

function disturbed({ seq }: TraceEvent): string {
  switch (messageFaults[seq]) {
    case 'drop':
      return 'lost'
    case 'duplicate':
      return 'doubled'
    default:
      return 'slowed'
  }
}

/** What a core shows that has no tokens. */
const EMPTY = digestText('')

const tokenText = ({ token }: TraceEvent): string => (token === 0 || token === EMPTY ? '' : `token ${hex(token)}`)

function detailsOf(event: TraceEvent, nodes: readonly string[]): string[] {
  const { kind, epoch, seq, untilMs, attempt } = event
  const peer = nodes[event.peer] ?? ''
  switch (kind) {
    case 'sent':
      return [
        epoch > 0 ? `epoch ${epoch}` : '',
        askedSeq(event),
        tokenText(event),
        event.content === 0 ? '' : `content ${hex(event.content)}`,
        attempt > 0 ? `attempt ${attempt + 1}` : '',
      ]
    case 'delivered':
      return [epoch > 0 ? `holds epoch ${epoch}` : '']
    case 'granted':
      return [`epoch ${epoch}`, `until ${untilMs} ms`, tokenText(event)]
    case 'released':
    case 'acts':
      return [`epoch ${epoch}`]
    case 'renewed':
    case 'valid':
      return [`epoch ${epoch}`, `until ${untilMs} ms`]
    case 'appended':
      return [`epoch ${epoch}`, `seq ${seq}`, `content ${hex(event.content)}`]
    case 'enqueued':
      return [`job ${seq}`]
    case 'taken':
      return [`job ${seq}`, `epoch ${epoch}`, `until ${untilMs} ms`]
    case 'completed':
    case 'failed':
      return [`job ${seq}`, `epoch ${epoch}`]
    case 'store-restarted':
      return [`until ${untilMs} ms`, seq === 1 ? 'what was not synced is lost' : 'nothing is lost']
    case 'checkpointed':
      // What is in another than was asked for, nobody has said.
      return [`next seq ${seq}`, event.content === 0 ? 'not the one asked for' : `state ${hex(event.content)}`]
    case 'loaded':
      return [`head at ${seq}`, untilMs > 0 ? `checkpoint at ${untilMs}, state ${hex(event.content)}` : '']
    case 'events':
      return untilMs === seq
        ? [`none from seq ${seq} on`]
        : [`seq ${seq} to ${untilMs - 1}`, `content ${hex(event.content)}`]
    case 'truncated':
      return [`first seq ${seq}`]
    case 'compacted':
      return [`from seq ${untilMs}`, ifTold(seq, `first seq ${seq}`)]
    case 'lease-held':
      return [heldText(peer, event), seq > 0 ? `place ${seq}` : '']
    case 'queued':
      return [event.peer === NOBODY ? '' : `behind ${peer}`, seq > 0 ? `place ${seq}` : '']
    case 'split-brain':
      return [`epoch ${epoch}`, event.peer === NOBODY ? '' : `the owner is ${peer}`]
    case 'stale-owner':
    case 'unknown-epoch':
      return [`epoch ${epoch}`, ifTold(seq, `the epoch is ${seq}`)]
    case 'invalid-token':
      return [`epoch ${epoch}`, tokenText(event)]
    case 'lease-expired':
      return [`epoch ${epoch}`, untilMs > 0 ? `ended at ${untilMs} ms` : '']
    case 'superseded':
      return [ifTold(seq, `request ${seq} has been answered`)]
    case 'ahead-of-log':
      return [ifTold(seq, `head at ${seq}`)]
    case 'checkpoint-mismatch':
      return [ifTold(seq, `checkpoint at ${seq}`)]
    case 'paused':
    case 'partitioned':
    case 'store-slowed':
    case 'requests-struck':
    case 'replies-struck':
      return [`until ${untilMs} ms`]
    case 'skewed':
      return [`by ${untilMs} ms`]
    case 'drifted':
      return [`${untilMs} ppm`]
    case 'served':
      return [`epoch ${epoch}`, `next seq ${seq}`, `state ${hex(event.content)}`]
    case 'reply-lost':
      return [seq > 0 ? `cut off after step ${seq}` : '']
    case 'threw':
      return ['it had no answer from the store']
    case 'step-unanswered':
      return [`step ${seq} was the last that was made`]
    case 'stepped':
    case 'idle':
    case 'timed-out':
    case 'request-lost':
    case 'request-duplicated':
    case 'reply-duplicated':
    case 'resumed':
    case 'crashed':
    case 'restarted':
      return []
  }
}

/** What a command says of the log. */
function askedSeq({ command, seq }: TraceEvent): string {
  switch (command) {
    case 'checkpoint':
      return `next seq ${seq}`
    case 'truncate':
      return `before seq ${seq}`
    case 'read':
      return `from seq ${seq}`
    default:
      return ''
  }
}

/** A subject need not say more than that the lease is held. */
function heldText(peer: string, { epoch, untilMs }: TraceEvent): string {
  const what = epoch > 0 ? `epoch ${epoch}` : ''
  const who = peer === '' || what === '' ? '' : `${peer} holds`
  const until = untilMs > 0 ? `until ${untilMs} ms` : ''
  return [who, what, until].filter((part) => part !== '').join(' ')
}

/** Nor more of any refusal than its kind. */
const ifTold = (seq: number, text: string): string => (seq === UNTOLD ? '' : text)

/** A digest as it is shown. */
export const hex = (digest: number): string => (digest >>> 0).toString(16).padStart(8, '0')

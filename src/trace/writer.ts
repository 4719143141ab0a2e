import type { KernelObserver, Leg, MessageFault, Requesting } from '../kernel/index.js'
import type { Reply } from '../protocol/index.js'
import type { Cast } from './cast.js'
import { digestContent, digestText, foldContent } from './content.js'
import type { TraceDigest } from './digest.js'
import {
  eventCodes as codes,
  type EventKind,
  eventKinds,
  type MutableEvent,
  messageFaults,
  NOBODY,
  type TraceEvent,
} from './event.js'
import type { Listener } from './observer.js'
import type { TracedRequest } from './request.js'

type Observe = (event: TraceEvent) => void

/**
 * Writes the trace: told by the kernel of everything that happens, it makes one event of each and hands it to those
 * observers that asked for its kind. Nothing is kept and nothing is allocated per event.
 */
export class TraceWriter implements KernelObserver<TracedRequest, Reply> {
  readonly #cast: Cast
  readonly #digest: TraceDigest | undefined
  /** By code of the kind: how many there have been. Counted here and not by a listener, which is a call for every event. */
  readonly #counts: number[] | undefined
  /** By code of the kind: who wants to know. */
  readonly #listeners: readonly (readonly Observe[])[]
  /** By space, whom a refusal last named as its owner, and which node that is. */
  readonly #owners: string[] = []
  readonly #ownerIndexes: number[] = []
  readonly #event: MutableEvent = {
    index: -1,
    atMs: 0,
    sinceMs: 0,
    kind: 'sent',
    command: 'none',
    node: NOBODY,
    task: 0,
    space: NOBODY,
    request: 0,
    attempt: 0,
    repeated: false,
    epoch: 0,
    seq: 0,
    untilMs: 0,
    peer: NOBODY,
    token: 0,
    content: 0,
  }

  /** @param counts added to: by code of the kind, how many events of it there are */
  constructor(cast: Cast, digest: TraceDigest | undefined, listeners: readonly Listener[], counts?: number[]) {
    this.#cast = cast
    this.#digest = digest
    this.#counts = counts
    const byCode: Observe[][] = eventKinds.map(() => [])
    for (const { kinds = eventKinds, observe } of listeners) {
      for (const kind of kinds) byCode[codes[kind]]?.push(observe)
    }
    this.#listeners = byCode
  }

  /** How many events there have been. */
  get length(): number {
    return this.#event.index + 1
  }

  sent(atMs: number, from: Requesting, request: TracedRequest, attempt: number): void {
    const event = this.#request('sent', atMs, from, request)
    event.attempt = attempt
    carry(event, request)
    this.#emit(codes.sent, request.code)
  }

  stepped(atMs: number, from: Requesting, request: TracedRequest, step: number): void {
    const event = this.#request('stepped', atMs, from, request)
    event.epoch = request.epoch
    event.seq = step
    this.#emit(codes.stepped, request.code)
  }

  unanswered(atMs: number, from: Requesting, request: TracedRequest, step: number): void {
    this.#request('step-unanswered', atMs, from, request).seq = step
    this.#emit(codes['step-unanswered'], request.code)
  }

  threw(atMs: number, from: Requesting, request: TracedRequest, step: number): void {
    this.#request('threw', atMs, from, request).seq = step
    this.#emit(codes.threw, request.code)
  }

  executed(atMs: number, from: Requesting, request: TracedRequest, reply: Reply, sinceMs = atMs): void {
    const event = this.#request(reply.kind, atMs, from, request)
    event.sinceMs = sinceMs
    event.repeated = request.executed
    request.executed = true
    carry(event, request)
    this.#emit(this.#answer(event, request, reply), request.code)
  }

  /** Writes down what `reply` says, and returns the code of its kind: to look that up as well measured 4% of a run. */
  #answer(event: MutableEvent, request: TracedRequest, reply: Reply): number {
    switch (reply.kind) {
      case 'lease-held':
        event.epoch = reply.epoch
        event.peer = this.#ownerIndex(request.space, reply.owner)
        event.untilMs = reply.expiresAtMs
        event.seq = reply.position
        return codes['lease-held']
      case 'queued':
        event.epoch = reply.epoch
        event.peer = this.#cast.nodeIndex(reply.ahead)
        event.untilMs = reply.keptUntilMs
        event.seq = reply.position
        return codes.queued
      case 'granted':
        event.epoch = reply.fence.epoch
        event.token = digestText(reply.fence.token)
        event.untilMs = reply.expiresAtMs
        return codes.granted
      case 'renewed':
        event.untilMs = reply.expiresAtMs
        return codes.renewed
      case 'appended':
        event.seq = reply.seq
        return codes.appended
      case 'released':
        return codes.released
      case 'valid':
        event.untilMs = reply.expiresAtMs
        return codes.valid
      case 'checkpointed':
        event.seq = reply.nextSeq
        // Of another checkpoint than was asked for nobody has said what is in it.
        if (reply.nextSeq !== request.seq) event.content = 0
        return codes.checkpointed
      case 'loaded':
        event.seq = reply.nextSeq
        if (reply.checkpoint !== undefined) {
          event.untilMs = reply.checkpoint.nextSeq
          event.content = digestContent('checkpoint', reply.checkpoint.state)
        }
        return codes.loaded
      case 'events':
        event.untilMs = request.seq + reply.events.length
        for (const { type, payload } of reply.events) {
          event.content = foldContent(event.content, digestContent(type, payload))
        }
        return codes.events
      case 'truncated':
        event.seq = reply.firstSeq
        return codes.truncated
      case 'enqueued':
        event.seq = reply.job
        return codes.enqueued
      case 'taken':
        event.seq = reply.fence.job
        event.epoch = reply.fence.epoch
        event.token = digestText(reply.fence.token)
        event.untilMs = reply.expiresAtMs
        return codes.taken
      case 'idle':
        return codes.idle
      case 'completed':
        return codes.completed
      case 'failed':
        return codes.failed
      case 'split-brain':
        event.peer = this.#cast.nodeIndex(reply.currentOwner)
        return codes['split-brain']
      case 'stale-owner':
        event.seq = reply.currentEpoch
        return codes['stale-owner']
      case 'unknown-epoch':
        event.seq = reply.currentEpoch
        return codes['unknown-epoch']
      case 'invalid-token':
        return codes['invalid-token']
      case 'lease-expired':
        event.untilMs = reply.expiresAtMs
        return codes['lease-expired']
      case 'superseded':
        event.seq = reply.latestRequest
        return codes.superseded
      case 'ahead-of-log':
        event.seq = reply.nextSeq
        return codes['ahead-of-log']
      case 'checkpoint-mismatch':
        event.seq = reply.checkpointSeq
        return codes['checkpoint-mismatch']
      case 'compacted':
        event.seq = reply.firstSeq
        event.untilMs = request.seq
        return codes.compacted
    }
  }

  /** Of a space that is held, many are told in a row who holds it: to look that up for each measured 1% of a run. */
  #ownerIndex(space: number, owner: string): number {
    if (this.#owners[space] !== owner) {
      this.#owners[space] = owner
      this.#ownerIndexes[space] = this.#cast.nodeIndex(owner)
    }
    return this.#ownerIndexes[space] as number
  }

  delivered(atMs: number, from: Requesting, request: TracedRequest, reply: Reply): void {
    const event = this.#request('delivered', atMs, from, request)
    // The epoch says what the node now holds; 0 tells the grants and renewals apart from all other replies.
    if (reply.kind === 'granted') event.epoch = reply.fence.epoch
    else if (reply.kind === 'renewed') event.epoch = request.epoch
    this.#emit(codes.delivered, request.code)
  }

  timedOut(atMs: number, from: Requesting, request: TracedRequest): void {
    this.#about('timed-out', atMs, from, request)
  }

  lost(atMs: number, from: Requesting, request: TracedRequest, leg: Leg, step = 0): void {
    const kind = leg === 'request' ? 'request-lost' : 'reply-lost'
    this.#request(kind, atMs, from, request).seq = step
    this.#emit(codes[kind], request.code)
  }

  duplicated(atMs: number, from: Requesting, request: TracedRequest, leg: Leg): void {
    this.#about(leg === 'request' ? 'request-duplicated' : 'reply-duplicated', atMs, from, request)
  }

  paused(atMs: number, node: number, untilMs: number): void {
    this.#world('paused', atMs, node, untilMs)
  }

  resumed(atMs: number, node: number): void {
    this.#world('resumed', atMs, node, 0)
  }

  crashed(atMs: number, node: number): void {
    this.#world('crashed', atMs, node, 0)
  }

  restarted(atMs: number, node: number): void {
    this.#world('restarted', atMs, node, 0)
  }

  skewed(atMs: number, node: number, byMs: number): void {
    this.#world('skewed', atMs, node, byMs)
  }

  drifted(atMs: number, node: number, ppm: number): void {
    this.#world('drifted', atMs, node, ppm)
  }

  partitioned(atMs: number, node: number, untilMs: number): void {
    this.#world('partitioned', atMs, node, untilMs)
  }

  storeRestarted(atMs: number, untilMs: number, unsynced: 'kept' | 'lost'): void {
    const event = this.#blank('store-restarted', atMs, NOBODY)
    event.untilMs = untilMs
    event.seq = unsynced === 'lost' ? 1 : 0
    this.#emit(codes['store-restarted'], NO_COMMAND)
  }

  storeSlowed(atMs: number, untilMs: number): void {
    this.#world('store-slowed', atMs, NOBODY, untilMs)
  }

  struck(atMs: number, { kind, leg, node, durationMs }: MessageFault): void {
    const struck = leg === 'request' ? 'requests-struck' : 'replies-struck'
    const event = this.#blank(struck, atMs, node)
    event.seq = messageFaults.indexOf(kind)
    event.untilMs = atMs + durationMs
    this.#emit(codes[struck], NO_COMMAND)
  }

  /** A successor has replayed its space's log to the head, with `state` as the result, and serves. */
  served(atMs: number, node: number, space: string, epoch: number, nextSeq: number, state: number): void {
    const event = this.#blank('served', atMs, node)
    event.space = this.#cast.spaceIndex(space)
    event.epoch = epoch
    event.seq = nextSeq
    event.content = state
    this.#emit(codes.served, NO_COMMAND)
  }

  /** A node does what only the holder of the lease may do, because it believes that it is. */
  acts(atMs: number, from: Requesting, space: string, epoch: number): void {
    const event = this.#blank('acts', atMs, from.node)
    event.task = from.task
    event.space = this.#cast.spaceIndex(space)
    event.epoch = epoch
    this.#emit(codes.acts, NO_COMMAND)
  }

  #world(kind: EventKind, atMs: number, node: number, untilMs: number): void {
    this.#blank(kind, atMs, node).untilMs = untilMs
    this.#emit(codes[kind], NO_COMMAND)
  }

  #about(kind: EventKind, atMs: number, from: Requesting, request: TracedRequest): void {
    this.#request(kind, atMs, from, request)
    this.#emit(codes[kind], request.code)
  }

  #request(kind: EventKind, atMs: number, from: Requesting, request: TracedRequest): MutableEvent {
    const event = this.#blank(kind, atMs, from.node)
    event.task = from.task
    event.command = request.kind
    event.space = request.space
    event.request = request.request
    return event
  }

  #blank(kind: EventKind, atMs: number, node: number): MutableEvent {
    const event = this.#event
    event.index += 1
    event.atMs = atMs
    event.sinceMs = atMs
    event.kind = kind
    event.command = 'none'
    event.node = node
    event.task = 0
    event.space = NOBODY
    event.request = 0
    event.attempt = 0
    event.repeated = false
    event.epoch = 0
    event.seq = 0
    event.untilMs = 0
    event.peer = NOBODY
    event.token = 0
    event.content = 0
    return event
  }

  #emit(code: number, commandCode: number): void {
    const event = this.#event
    const listeners = this.#listeners[code] as readonly Observe[]
    this.#digest?.add(event, code | (commandCode << 8))
    const counts = this.#counts
    if (counts !== undefined) counts[code] = (counts[code] as number) + 1
    for (let at = 0; at < listeners.length; at++) (listeners[at] as Observe)(event)
  }
}

const NO_COMMAND = 0

function carry(event: MutableEvent, { epoch, token, seq, content }: TracedRequest): void {
  event.epoch = epoch
  event.token = token
  event.seq = seq
  event.content = content
}

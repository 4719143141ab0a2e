import type { KernelObserver, Leg, MessageFault, Requesting } from '../kernel/index.js'
import type { Reply } from '../log/index.js'
import type { Cast } from './cast.js'
import { digestContent, digestText, foldContent } from './content.js'
import type { TraceDigest } from './digest.js'
import { type EventKind, eventKinds, type MutableEvent, messageFaults, NOBODY, type TraceEvent } from './event.js'
import type { Observer } from './observer.js'
import type { TracedRequest } from './request.js'

type Listener = (event: TraceEvent) => void

/** One kind of event: its number in the digest, and who wants to know. */
interface Channel {
  readonly kind: EventKind
  readonly code: number
  readonly listeners: readonly Listener[]
}

/**
 * Writes the trace: told by the kernel of everything that happens, it makes one event of each and hands it to those
 * observers that asked for its kind. Nothing is kept and nothing is allocated per event.
 */
export class TraceWriter implements KernelObserver<TracedRequest, Reply> {
  readonly #cast: Cast
  readonly #digest: TraceDigest | undefined
  readonly #channels: Readonly<Record<EventKind, Channel>>
  readonly #event: MutableEvent = {
    index: -1,
    atMs: 0,
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

  constructor(
    cast: Cast,
    digest: TraceDigest | undefined,
    observers: readonly Pick<Observer<unknown>, 'kinds' | 'observe'>[],
  ) {
    this.#cast = cast
    this.#digest = digest
    const channels = eventKinds.map((kind, code): [EventKind, Channel] => {
      const interested = observers.filter(({ kinds }) => kinds === undefined || kinds.includes(kind))
      return [kind, { kind, code, listeners: interested.map(({ observe }) => observe) }]
    })
    this.#channels = Object.fromEntries(channels) as Record<EventKind, Channel>
  }

  /** How many events there have been. */
  get length(): number {
    return this.#event.index + 1
  }

  sent(atMs: number, from: Requesting, request: TracedRequest, attempt: number): void {
    const event = this.#request('sent', atMs, from, request)
    event.attempt = attempt
    carry(event, request)
    this.#emit(this.#channels.sent, request.code)
  }

  executed(atMs: number, from: Requesting, request: TracedRequest, reply: Reply): void {
    const event = this.#request(reply.kind, atMs, from, request)
    event.repeated = request.executed
    request.executed = true
    carry(event, request)
    this.#emit(this.#answer(event, request, reply), request.code)
  }

  /** Writes down what `reply` says. The channel comes with it: looking it up by the kind measured 4% of a run. */
  #answer(event: MutableEvent, request: TracedRequest, reply: Reply): Channel {
    const channels = this.#channels
    switch (reply.kind) {
      case 'lease-held':
        event.epoch = reply.epoch
        event.peer = this.#cast.nodeIndex(reply.owner)
        event.untilMs = reply.expiresAtMs
        event.seq = reply.position
        return channels['lease-held']
      case 'queued':
        event.epoch = reply.epoch
        event.peer = this.#cast.nodeIndex(reply.ahead)
        event.untilMs = reply.keptUntilMs
        event.seq = reply.position
        return channels.queued
      case 'granted':
        event.epoch = reply.fence.epoch
        event.token = digestText(reply.fence.token)
        event.untilMs = reply.expiresAtMs
        return channels.granted
      case 'renewed':
        event.untilMs = reply.expiresAtMs
        return channels.renewed
      case 'appended':
        event.seq = reply.seq
        return channels.appended
      case 'released':
        return channels.released
      case 'valid':
        event.untilMs = reply.expiresAtMs
        return channels.valid
      case 'checkpointed':
        event.seq = reply.nextSeq
        return channels.checkpointed
      case 'loaded':
        event.seq = reply.nextSeq
        if (reply.checkpoint !== undefined) {
          event.untilMs = reply.checkpoint.nextSeq
          event.content = digestContent('checkpoint', reply.checkpoint.state)
        }
        return channels.loaded
      case 'events':
        event.untilMs = request.seq + reply.events.length
        for (const { type, payload } of reply.events) {
          event.content = foldContent(event.content, digestContent(type, payload))
        }
        return channels.events
      case 'truncated':
        event.seq = reply.firstSeq
        return channels.truncated
      case 'enqueued':
        event.seq = reply.job
        return channels.enqueued
      case 'taken':
        event.seq = reply.fence.job
        event.epoch = reply.fence.epoch
        event.token = digestText(reply.fence.token)
        event.untilMs = reply.expiresAtMs
        return channels.taken
      case 'idle':
        return channels.idle
      case 'completed':
        return channels.completed
      case 'failed':
        return channels.failed
      case 'split-brain':
        event.peer = this.#cast.nodeIndex(reply.currentOwner)
        return channels['split-brain']
      case 'stale-owner':
        event.seq = reply.currentEpoch
        return channels['stale-owner']
      case 'unknown-epoch':
        event.seq = reply.currentEpoch
        return channels['unknown-epoch']
      case 'invalid-token':
        return channels['invalid-token']
      case 'lease-expired':
        event.untilMs = reply.expiresAtMs
        return channels['lease-expired']
      case 'superseded':
        event.seq = reply.latestRequest
        return channels.superseded
      case 'ahead-of-log':
        event.seq = reply.nextSeq
        return channels['ahead-of-log']
      case 'checkpoint-mismatch':
        event.seq = reply.checkpointSeq
        return channels['checkpoint-mismatch']
      case 'compacted':
        event.seq = reply.firstSeq
        return channels.compacted
    }
  }

  delivered(atMs: number, from: Requesting, request: TracedRequest, reply: Reply): void {
    const event = this.#request('delivered', atMs, from, request)
    // The epoch says what the node now holds; 0 tells the grants and renewals apart from all other replies.
    if (reply.kind === 'granted') event.epoch = reply.fence.epoch
    else if (reply.kind === 'renewed') event.epoch = request.epoch
    this.#emit(this.#channels.delivered, request.code)
  }

  timedOut(atMs: number, from: Requesting, request: TracedRequest): void {
    this.#about(this.#channels['timed-out'], atMs, from, request)
  }

  lost(atMs: number, from: Requesting, request: TracedRequest, leg: Leg): void {
    this.#about(this.#channels[leg === 'request' ? 'request-lost' : 'reply-lost'], atMs, from, request)
  }

  duplicated(atMs: number, from: Requesting, request: TracedRequest, leg: Leg): void {
    this.#about(this.#channels[leg === 'request' ? 'request-duplicated' : 'reply-duplicated'], atMs, from, request)
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
    this.#emit(this.#channels['store-restarted'], NO_COMMAND)
  }

  storeSlowed(atMs: number, untilMs: number): void {
    this.#world('store-slowed', atMs, NOBODY, untilMs)
  }

  struck(atMs: number, { kind, leg, node, durationMs }: MessageFault): void {
    const channel = this.#channels[leg === 'request' ? 'requests-struck' : 'replies-struck']
    const event = this.#blank(channel.kind, atMs, node)
    event.seq = messageFaults.indexOf(kind)
    event.untilMs = atMs + durationMs
    this.#emit(channel, NO_COMMAND)
  }

  /** A successor has replayed its space's log to the head, with `state` as the result, and serves. */
  served(atMs: number, node: number, space: string, epoch: number, nextSeq: number, state: number): void {
    const event = this.#blank('served', atMs, node)
    event.space = this.#cast.spaceIndex(space)
    event.epoch = epoch
    event.seq = nextSeq
    event.content = state
    this.#emit(this.#channels.served, NO_COMMAND)
  }

  /** A node does what only the holder of the lease may do, because it believes that it is. */
  acts(atMs: number, from: Requesting, space: string, epoch: number): void {
    const event = this.#blank('acts', atMs, from.node)
    event.task = from.task
    event.space = this.#cast.spaceIndex(space)
    event.epoch = epoch
    this.#emit(this.#channels.acts, NO_COMMAND)
  }

  #world(kind: EventKind, atMs: number, node: number, untilMs: number): void {
    const channel = this.#channels[kind]
    this.#blank(kind, atMs, node).untilMs = untilMs
    this.#emit(channel, NO_COMMAND)
  }

  #about(channel: Channel, atMs: number, from: Requesting, request: TracedRequest): void {
    this.#request(channel.kind, atMs, from, request)
    this.#emit(channel, request.code)
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

  #emit({ code, listeners }: Channel, commandCode: number): void {
    const event = this.#event
    this.#digest?.add(event, code | (commandCode << 8))
    for (let at = 0; at < listeners.length; at++) (listeners[at] as Listener)(event)
  }
}

const NO_COMMAND = 0

function carry(event: MutableEvent, { epoch, token, seq, content }: TracedRequest): void {
  event.epoch = epoch
  event.token = token
  event.seq = seq
  event.content = content
}

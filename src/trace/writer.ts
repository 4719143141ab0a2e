import type { KernelObserver, Leg, Requesting } from '../kernel/index.js'
import { type Command, type Reply, spaceOf } from '../log/index.js'
import type { Cast } from './cast.js'
import { digestContent, digestText } from './content.js'
import { type EventKind, eventKinds, type MutableEvent, NOBODY, type TraceEvent } from './event.js'
import type { Observer } from './observer.js'

type Listener = (event: TraceEvent) => void

/**
 * Writes the trace: told by the kernel of everything that happens, it makes one event of each and hands it to those
 * observers that asked for its kind. Nothing is kept and nothing is allocated per event.
 */
export class TraceWriter implements KernelObserver<Command, Reply> {
  readonly #cast: Cast
  readonly #listeners = new Map<EventKind, Listener[]>()
  /** The latest request of each task that the subject has executed, by node and task. */
  readonly #executed: number[][] = []
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

  constructor(cast: Cast, observers: readonly Pick<Observer<unknown>, 'kinds' | 'observe'>[]) {
    this.#cast = cast
    for (const kind of eventKinds) {
      const interested = observers.filter(({ kinds }) => kinds === undefined || kinds.includes(kind))
      this.#listeners.set(
        kind,
        interested.map((observer) => (event) => observer.observe(event)),
      )
    }
  }

  /** How many events there have been. */
  get length(): number {
    return this.#event.index + 1
  }

  sent(atMs: number, from: Requesting, command: Command, attempt: number): void {
    const event = this.#request('sent', atMs, from, command)
    event.attempt = attempt
    this.#carry(command)
    this.#emit()
  }

  executed(atMs: number, from: Requesting, command: Command, reply: Reply): void {
    const event = this.#request(reply.kind, atMs, from, command)
    event.repeated = this.#wasExecuted(from, command.request)
    this.#carry(command)
    switch (reply.kind) {
      case 'granted':
        event.epoch = reply.fence.epoch
        event.token = digestText(reply.fence.token)
        event.untilMs = reply.expiresAtMs
        break
      case 'renewed':
      case 'valid':
        event.untilMs = reply.expiresAtMs
        break
      case 'appended':
        event.seq = reply.seq
        break
      case 'checkpointed':
      case 'loaded':
        event.seq = reply.nextSeq
        if (reply.kind === 'loaded' && reply.checkpoint !== undefined) {
          event.content = digestContent('checkpoint', reply.checkpoint.state)
        }
        break
      case 'events':
        event.seq = reply.nextSeq
        for (const { type, payload } of reply.events) {
          event.content = Math.imul(event.content ^ digestContent(type, payload), 0x01000193)
        }
        break
      case 'truncated':
      case 'compacted':
        event.seq = reply.firstSeq
        break
      case 'lease-held':
        event.epoch = reply.epoch
        event.peer = this.#cast.nodeIndex(reply.owner)
        event.untilMs = reply.expiresAtMs
        event.seq = reply.position
        break
      case 'queued':
        event.epoch = reply.epoch
        event.peer = this.#cast.nodeIndex(reply.ahead)
        event.untilMs = reply.keptUntilMs
        event.seq = reply.position
        break
      case 'split-brain':
        event.peer = this.#cast.nodeIndex(reply.currentOwner)
        break
      case 'lease-expired':
        event.untilMs = reply.expiresAtMs
        break
      case 'stale-owner':
      case 'unknown-epoch':
        event.seq = reply.currentEpoch
        break
      case 'ahead-of-log':
        event.seq = reply.nextSeq
        break
      case 'checkpoint-mismatch':
        event.seq = reply.checkpointSeq
        break
      case 'superseded':
        event.seq = reply.latestRequest
        break
    }
    this.#emit()
  }

  delivered(atMs: number, from: Requesting, command: Command, reply: Reply): void {
    const event = this.#request('delivered', atMs, from, command)
    // The epoch says what the node now holds; 0 tells the grants and renewals apart from all other replies.
    if (reply.kind === 'granted') event.epoch = reply.fence.epoch
    else if (reply.kind === 'renewed' && command.kind === 'renew') event.epoch = command.fence.epoch
    this.#emit()
  }

  timedOut(atMs: number, from: Requesting, command: Command): void {
    this.#request('timed-out', atMs, from, command)
    this.#emit()
  }

  lost(atMs: number, from: Requesting, command: Command, leg: Leg): void {
    this.#request(leg === 'request' ? 'request-lost' : 'reply-lost', atMs, from, command)
    this.#emit()
  }

  duplicated(atMs: number, from: Requesting, command: Command, leg: Leg): void {
    this.#request(leg === 'request' ? 'request-duplicated' : 'reply-duplicated', atMs, from, command)
    this.#emit()
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

  struck(atMs: number, node: number, leg: Leg, untilMs: number): void {
    this.#world(leg === 'request' ? 'requests-struck' : 'replies-struck', atMs, node, untilMs)
  }

  /** A successor has replayed its space's log to the head, with `state` as the result, and serves. */
  served(atMs: number, node: number, space: string, epoch: number, nextSeq: number, state: number): void {
    const event = this.#blank('served', atMs, node)
    event.space = this.#cast.spaceIndex(space)
    event.epoch = epoch
    event.seq = nextSeq
    event.content = state
    this.#emit()
  }

  /** Request numbers of one task only grow, so its latest says it all. */
  #wasExecuted({ node, task }: Requesting, request: number): boolean {
    this.#executed[node] ??= []
    const tasks = this.#executed[node] as number[]
    const latest = tasks[task] ?? 0
    if (request <= latest) return true
    while (tasks.length < task) tasks.push(0)
    tasks[task] = request
    return false
  }

  #world(kind: EventKind, atMs: number, node: number, untilMs: number): void {
    this.#blank(kind, atMs, node).untilMs = untilMs
    this.#emit()
  }

  #request(kind: EventKind, atMs: number, from: Requesting, command: Command): MutableEvent {
    const event = this.#blank(kind, atMs, from.node)
    event.task = from.task
    event.command = command.kind
    event.space = this.#cast.spaceIndex(spaceOf(command))
    event.request = command.request
    return event
  }

  /** What the request itself says: the epoch and token it shows, and what it would write. */
  #carry(command: Command): void {
    const event = this.#event
    switch (command.kind) {
      case 'acquire':
        return
      case 'claim':
        event.epoch = command.expectedEpoch
        return
      case 'load':
        return
      case 'read':
        event.seq = command.fromSeq
        return
      default:
        event.epoch = command.fence.epoch
        event.token = digestText(command.fence.token)
    }
    if (command.kind === 'append') event.content = digestContent(command.type, command.payload)
    else if (command.kind === 'checkpoint') {
      event.seq = command.nextSeq
      event.content = digestContent('checkpoint', command.state)
    } else if (command.kind === 'truncate') event.seq = command.beforeSeq
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

  #emit(): void {
    const event = this.#event
    const listeners = this.#listeners.get(event.kind) as Listener[]
    for (let at = 0; at < listeners.length; at++) (listeners[at] as Listener)(event)
  }
}

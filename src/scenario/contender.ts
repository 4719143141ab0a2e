import type { JobFence } from '../jobs/index.js'
import {
  type Fault,
  type Process,
  type Body as ProcessBody,
  type Outcome as ProcessOutcome,
  type Random,
  Signal,
  type Suspended,
} from '../kernel/index.js'
import { checkedTtl, type Fence } from '../lease/index.js'
import { type Json, jsonCopy } from '../log/index.js'
import { type Command, type CommandKind, isRefusal, type Reply } from '../protocol/index.js'
import type { Client } from '../subject/index.js'
import {
  type Cast,
  digestText,
  isAcquiring,
  isQuestion,
  NOBODY,
  type Traced,
  type TracedRequest,
  traced,
} from '../trace/index.js'
import { entering, type ScenarioWatch, watchedBody } from './watch.js'

/** What a node's process is resumed with: a reply of the subject, a timeout, or the end of a sleep or wait. */
export type Outcome = ProcessOutcome<Reply>

/** The life of a node's process: yields what the contender's methods return. */
export type Body = ProcessBody<Reply>

/** What a contender asks of the run around it. */
export interface ContenderPort {
  /** Virtual time. No getter: V8 would make a dictionary of the object, in which everything is looked up slowly. */
  now(): number
  readonly cast: Cast
  readonly timeoutMs: number
  readonly client: Client
  readonly commands: ReadonlySet<CommandKind>
  /** When the faulty phase is over; Infinity when it never is. */
  readonly calmFromMs: number
  acts(node: number, task: number, space: string, epoch: number): void
  inject(fault: Fault): void
  served(node: number, space: string, epoch: number, nextSeq: number, state: number): void
  readonly watch?: ScenarioWatch | undefined
}

/** What a task of a node does. */
export function bodyOf(
  process: Process<TracedRequest, Reply>,
  world: ContenderPort,
  task: (node: Contender) => Body,
): Body {
  const node = new Contender(process, world)
  return watchedBody(world.watch, node, () => task(node))
}

/** A method for each command. */
type Commands = { readonly [K in CommandKind]: (...asked: never[]) => Suspended }

/**
 * A node's hands: what one task of it can do and see. Every command is one request over the simulated network, and is to
 * be yielded at once: `const outcome = yield node.acquire(space, ttlMs)`. The outcome is the reply or a `timeout`, after
 * which the node does not know whether the command took effect; `yield node.resend()` asks the same again, safely, and
 * `yield node.insist(…)` until there is an answer.
 */
export class Contender implements Commands {
  readonly #process: Process<TracedRequest, Reply>
  readonly #world: ContenderPort
  #namedSpace = ''
  #namedIndex = NOBODY
  #shownFence: Fence | undefined
  #shownToken = 0
  /** What was last asked for, while what is asked since then are mere questions. */
  #pursuit: Asked | undefined
  /** How long it waits for a reply, by its own clock. */
  timeoutMs: number

  constructor(process: Process<TracedRequest, Reply>, world: ContenderPort) {
    this.#process = process
    this.#world = world
    this.timeoutMs = world.timeoutMs
  }

  /** Which node this is, from 0. */
  get index(): number {
    return this.#process.node
  }

  get name(): string {
    return this.#process.nodeName
  }

  /** The name under which it asks for leases: that of the node, or of its task: `node-3/1`. */
  get owner(): string {
    return this.#process.session
  }

  /** How the subject under test has nodes behave. */
  get client(): Client {
    return this.#world.client
  }

  /** Whether the subject under test has this command. */
  can(command: CommandKind): boolean {
    return this.#world.commands.has(command)
  }

  /** The world has stopped breaking: from here on everybody must be served in time. */
  get calm(): boolean {
    return this.#world.now() >= this.#world.calmFromMs
  }

  /** Every space there is. */
  get spaces(): readonly string[] {
    return this.#world.cast.spaces
  }

  /** The node's wall clock, in ms: it may be skewed, drift, and jump. */
  get nowMs(): number {
    return this.#process.nowMs
  }

  /** The node's monotonic clock, in ms, for durations: it may drift, but never jumps. */
  get monotonicMs(): number {
    return this.#process.monotonicMs
  }

  /** The node's own stream of random numbers. */
  get random(): Random {
    return this.#process.random
  }

  /** Waits `durationMs` by the node's clock. */
  sleep(durationMs: number): Suspended {
    return this.#process.sleep(durationMs)
  }

  /** Waits for another task of the node to notify `signal`, at most `timeoutMs`. */
  wait(signal: Signal, timeoutMs?: number): Suspended {
    return this.#process.wait(signal, timeoutMs)
  }

  notify(signal: Signal): void {
    this.#process.notify(signal)
  }

  /** Starts another task on this node, with hands of its own. */
  spawn(task: (node: Contender) => Body): void {
    const world = this.#world
    this.#process.spawn((process) => bodyOf(process, world, task))
  }

  /** Asks for the lease of `space`. With `queueMs`, a refused node keeps its place in the queue so long. */
  acquire(space: string, ttlMs: number, queueMs = 0): Suspended {
    const { lastOutcome, request } = this.#lastAsked()
    const inQueue =
      lastOutcome !== undefined &&
      (lastOutcome.kind === 'lease-held' || lastOutcome.kind === 'queued') &&
      lastOutcome.position > 0 &&
      request?.space === this.#spaceIndex(space)
    return this.#naming(traced.acquire, {
      kind: 'acquire',
      space,
      owner: this.owner,
      ttlMs: checkedTtl(ttlMs),
      clockMs: this.nowMs,
      queueMs: checkedNumber('queueMs', queueMs),
      inQueue,
      session: this.#process.session,
      request: this.#process.nextRequest(),
    })
  }

  /** Asks to take over `space`, last seen at `expectedEpoch`. */
  claim(space: string, expectedEpoch: number, ttlMs: number): Suspended {
    return this.#naming(traced.claim, {
      kind: 'claim',
      space,
      owner: this.owner,
      expectedEpoch: checkedNumber('expectedEpoch', expectedEpoch),
      ttlMs: checkedTtl(ttlMs),
      clockMs: this.nowMs,
      session: this.#process.session,
      request: this.#process.nextRequest(),
    })
  }

  renew(fence: Fence, ttlMs: number): Suspended {
    return this.#showing(traced.renew, {
      kind: 'renew',
      fence,
      ttlMs: checkedTtl(ttlMs),
      session: this.#process.session,
      request: this.#process.nextRequest(),
    })
  }

  release(fence: Fence): Suspended {
    return this.#showing(traced.release, {
      kind: 'release',
      fence,
      session: this.#process.session,
      request: this.#process.nextRequest(),
    })
  }

  /** Asks whether `fence` still holds. */
  validate(fence: Fence): Suspended {
    return this.#showing(traced.validate, {
      kind: 'validate',
      fence,
      session: this.#process.session,
      request: this.#process.nextRequest(),
    })
  }

  /** Appends one event to the log of the fence's space. */
  append(fence: Fence, type: string, payload: Json): Suspended {
    checkContent('append: payload', payload)
    return this.#showing(traced.append, {
      kind: 'append',
      fence,
      type,
      payload,
      session: this.#process.session,
      request: this.#process.nextRequest(),
    })
  }

  /** Makes `state` durable as what the events before `nextSeq` amount to. */
  checkpoint(fence: Fence, nextSeq: number, state: Json): Suspended {
    checkContent('checkpoint: state', state)
    return this.#showing(traced.checkpoint, {
      kind: 'checkpoint',
      fence,
      nextSeq,
      state,
      session: this.#process.session,
      request: this.#process.nextRequest(),
    })
  }

  /** Forgets the events before `beforeSeq`, which a checkpoint must cover. */
  truncate(fence: Fence, beforeSeq: number): Suspended {
    return this.#showing(traced.truncate, {
      kind: 'truncate',
      fence,
      beforeSeq: checkedNumber('beforeSeq', beforeSeq),
      session: this.#process.session,
      request: this.#process.nextRequest(),
    })
  }

  /** Reads the latest checkpoint of `space` and where its log's head is. */
  load(space: string): Suspended {
    return this.#naming(traced.load, {
      kind: 'load',
      space,
      session: this.#process.session,
      request: this.#process.nextRequest(),
    })
  }

  /** Reads up to `limit` events of `space` from `fromSeq` on. */
  read(space: string, fromSeq: number, limit: number): Suspended {
    return this.#naming(traced.read, {
      kind: 'read',
      space,
      fromSeq: checkedNumber('fromSeq', fromSeq),
      limit: checkedNumber('limit', limit),
      session: this.#process.session,
      request: this.#process.nextRequest(),
    })
  }

  /**
   * Has the request `sent` be sent again, as the same request, each time that no answer came in time:
   * `const outcome = yield node.insist(node.append(fence, 'entry', 1))`. It does so until there is an answer, or as long
   * as `again` says yes: it is asked after every timeout, with how often the request was sent so far.
   */
  insist(sent: Suspended, again: (sendings: number) => boolean = always): Suspended {
    const { watch } = this.#world
    this.#process.insist(watch === undefined ? again : this.#watched(watch, again))
    return sent
  }

  #watched(watch: ScenarioWatch, again: (sendings: number) => boolean): (sendings: number) => boolean {
    return (sendings) => entering(watch, this.index, () => again(sendings), this.nowMs)
  }

  /** Sends the last request again, as the same request: it takes effect once however often it arrives. */
  resend(): Suspended {
    const { request, attempt, lastOutcome } = this.#process
    if (request === undefined) throw new TypeError('resend() before any request: expected a command first')
    return this.#process.call(request, this.timeoutMs, hasFailed(lastOutcome) ? attempt + 1 : 0)
  }

  /** Puts a job at the end of the queue of `space`. */
  enqueue(space: string): Suspended {
    return this.#naming(traced.enqueue, {
      kind: 'enqueue',
      space,
      session: this.#process.session,
      request: this.#process.nextRequest(),
    })
  }

  /** Asks for a job of `space`. */
  take(space: string, ttlMs: number, maxAttempts: number): Suspended {
    return this.#naming(traced.take, {
      kind: 'take',
      space,
      owner: this.owner,
      ttlMs: checkedTtl(ttlMs),
      maxAttempts: checkedNumber('maxAttempts', maxAttempts),
      clockMs: this.nowMs,
      session: this.#process.session,
      request: this.#process.nextRequest(),
    })
  }

  complete(fence: JobFence): Suspended {
    return this.#showing(traced.complete, {
      kind: 'complete',
      fence,
      session: this.#process.session,
      request: this.#process.nextRequest(),
    })
  }

  /** Gives a job back undone. */
  fail(fence: JobFence): Suspended {
    return this.#showing(traced.fail, {
      kind: 'fail',
      fence,
      session: this.#process.session,
      request: this.#process.nextRequest(),
    })
  }

  /** Stops pursuing what the last request asked for: the next one is not a retry. */
  giveUp(): void {
    this.#process.lastOutcome = undefined
    this.#pursuit = undefined
  }

  /** Does, here and now, what only the holder of the lease may do: serves a read, charges a card. */
  act(fence: Fence): void {
    this.#checkedSpace(fence.space)
    this.#world.acts(this.index, this.#process.task, fence.space, fence.epoch)
  }

  /** Says that this node has replayed the log of `fence.space` up to `nextSeq`, to `state`, and serves from here on. */
  served(fence: Fence, nextSeq: number, state: number): void {
    this.#checkedSpace(fence.space)
    this.#world.served(this.index, fence.space, fence.epoch, nextSeq, state)
  }

  /** Has this node crash `afterMs` from now; it starts anew `restartAfterMs` later, or never. */
  crash(afterMs: number, restartAfterMs?: number): void {
    const atMs = this.#world.now() + afterMs
    this.#world.inject({
      kind: 'crash',
      node: this.index,
      atMs,
      ...(restartAfterMs === undefined ? {} : { restartAfterMs }),
    })
  }

  /** Has this node do nothing for `durationMs`, from `afterMs` on: a long garbage collection, a stopped virtual machine. */
  pause(afterMs: number, durationMs: number): void {
    this.#world.inject({ kind: 'pause', node: this.index, atMs: this.#world.now() + afterMs, durationMs })
  }

  /** A contender asks for the same space again and again. */
  #spaceIndex(space: string): number {
    if (space !== this.#namedSpace) {
      this.#namedSpace = space
      this.#namedIndex = this.#world.cast.spaceIndex(space)
    }
    return this.#namedIndex
  }

  /** A holder shows the same fence again and again. */
  #tokenDigest(fence: Fence): number {
    if (fence !== this.#shownFence) {
      this.#shownFence = fence
      this.#shownToken = digestText(fence.token)
    }
    return this.#shownToken
  }

  /** Asks for something of a space. */
  #naming<C extends Extract<Command, { readonly space: string }>>(make: Traced<C>, command: C): Suspended {
    return this.#ask(make(command, this.#checkedSpace(command.space), 0))
  }

  /** @throws RangeError for a space that there is not */
  #checkedSpace(name: string): number {
    const space = this.#spaceIndex(name)
    if (space !== NOBODY) return space
    const { spaces } = this
    const all = spaces.length > 4 ? `${spaces[0]} to ${spaces.at(-1)}` : spaces.join(', ')
    throw new RangeError(`there is no space ${JSON.stringify(name)}: expected one of ${all}`)
  }

  /** Asks for something under a fence. */
  #showing<C extends Extract<Command, { readonly fence: Fence }>>(make: Traced<C>, command: C): Suspended {
    const { fence } = command
    try {
      return this.#ask(make(command, this.#spaceIndex(fence.space), this.#tokenDigest(fence)))
    } catch (error) {
      throw wrongIn(command) ?? error
    }
  }

  /** What the task last asked for that is not a mere question. */
  #lastAsked(): Asked {
    const { request } = this.#process
    return request !== undefined && isQuestion(request.kind) ? (this.#pursuit ?? NOTHING_ASKED) : this.#process
  }

  /**
   * A request is a retry when the task's last one failed, and was after the same thing. Who looks before it asks again has not
   * stopped asking.
   */
  #ask(request: TracedRequest): Suspended {
    const asksOnly = isQuestion(request.kind)
    const { request: previous, lastOutcome, attempt } = asksOnly ? this.#process : this.#lastAsked()
    if (!asksOnly) this.#pursuit = undefined
    else if (previous !== undefined && !isQuestion(previous.kind))
      this.#pursuit = { request: previous, lastOutcome, attempt }
    const again =
      hasFailed(lastOutcome) &&
      previous !== undefined &&
      previous.space === request.space &&
      (previous.kind === request.kind || (isAcquiring(previous.kind) && isAcquiring(request.kind)))
    return this.#process.call(request, this.timeoutMs, again ? attempt + 1 : 0)
  }
}

/** What is wrong with a command that could not be sent, as far as that can be seen. */
function wrongIn(command: Extract<Command, { readonly fence: Fence }>): TypeError | undefined {
  const { kind, fence } = command
  if (typeof fence?.space !== 'string' || typeof fence.token !== 'string') {
    return new TypeError(
      `${kind} with ${textOf(fence)}, which is no fence: expected that of a grant, as in outcome.fence`,
    )
  }
  return command.kind === 'append' && typeof command.type !== 'string'
    ? new TypeError(`append of an event of the type ${textOf(command.type)}: expected a text`)
    : undefined
}

/**
 * @throws TypeError for what JSON would change or lose: a log gives it back otherwise than it was given. Whole numbers and texts,
 * which most events hold, cost nothing.
 */
function checkContent(name: string, content: unknown): void {
  if (!Number.isSafeInteger(content) && typeof content !== 'string') jsonCopy(content, name)
}

/** @throws TypeError for what is no number: a subject would be asked for nothing, and answer that */
function checkedNumber(what: string, value: number): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  throw new TypeError(`${what} that is ${textOf(value)}: expected a number`)
}

const textOf = (value: unknown): string =>
  typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value))

/** A request, and what became of it. */
type Asked = Pick<Process<TracedRequest, Reply>, 'request' | 'lastOutcome' | 'attempt'>

const NOTHING_ASKED: Asked = { request: undefined, lastOutcome: undefined, attempt: 0 }

/** What is asked after a refusal or a timeout may be a retry. */
const hasFailed = (outcome: Asked['lastOutcome']): boolean =>
  outcome !== undefined && (outcome.kind === 'timeout' || isRefusal(outcome))

const always = (): boolean => true

export { Signal }

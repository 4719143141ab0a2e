import type { JobFence } from '../jobs/index.js'
import type { Fence } from '../lease/index.js'
import type { Json, LogEvent } from '../log/index.js'
import { type Command, type CommandKind, isRefusal, type Reply } from '../protocol/index.js'
import type { Assembled } from '../subject/index.js'

/** The contract does not hold: what was asked, what was expected, what came. */
export class ContractBroken extends Error {
  override readonly name = 'ContractBroken'
}

/** What a sentence speaks of does not happen to this subject. */
export class NothingToSee extends Error {
  override readonly name = 'NothingToSee'
}

/** For so long a core may refuse what is free: there are lock-delays of several TTLs, which are of 100 ms here. */
const GRANTED_WITHIN_MS = 1_500
/** Of a lease that does not run out meanwhile: where the space is granted, something else has freed it. */
export const LONG_TTL_MS = 2 * GRANTED_WITHIN_MS
/** No multiples of what a core may count in, and one that is longer than a second. */
export const UNEVEN_TTLS_MS = [1, 37, 101, 1_234]
/** More than a byte counts. More than 16 bits count would take a store minutes. */
export const MANY = 260
/** So often a store is restarted: what is lost every third time, or as chance has it, is lost once among so many. */
export const RESTARTS = 12
/** 40 days: more than the two weeks or the month after which queues and brokers throw away, and than 2^31 ms. */
export const LONG_SILENCE_MS = 40 * 24 * 3_600_000
/** So often the same is asked: of one in five requests that are refused without need, so many in a row are one in 400,000. */
const ASKED_AT_MOST = 8

/** A command without the parts that a probe fills in by itself. */
type Asked<K extends CommandKind> = Omit<Extract<Command, { kind: K }>, 'kind' | 'session' | 'request' | 'clockMs'>

type ReplyOf<K extends Reply['kind']> = Extract<Reply, { kind: K }>

interface Taking {
  readonly space?: string
  readonly ttlMs?: number
  readonly maxAttempts?: number
}

/** Asks a subject one thing after another, at times of its own choosing, and says what should come back. */
export class Probe {
  readonly #subject: Assembled
  readonly #another: () => Assembled
  readonly #story: string[] = []
  #requests = 0
  #last: Command | undefined
  readonly #sent = new WeakSet<Command>()
  /** Virtual time of the next command. */
  nowMs: number

  /** `another` puts the same subject together, with nothing in its store, under a secret of its own. */
  constructor(subject: Assembled, another: () => Assembled, startMs: number) {
    this.#subject = subject
    this.#another = another
    this.nowMs = startMs
  }

  /** The same subject where nothing is known of this one. */
  elsewhere(): Probe {
    return new Probe(this.#another(), this.#another, this.nowMs)
  }

  has(kind: CommandKind): boolean {
    return this.#subject.commands.has(kind)
  }

  restart(unsynced: 'kept' | 'lost'): void {
    this.#subject.restart(unsynced)
  }

  /** What was asked so far, when, and what came of it. */
  get story(): readonly string[] {
    return this.#story
  }

  /** The last command, of which a copy may come. */
  get last(): Command {
    if (this.#last === undefined) throw new TypeError('nothing was asked yet')
    return this.#last
  }

  ask<K extends CommandKind>(kind: K, session: string, asked: Asked<K>): Promise<Reply> {
    const request = ++this.#requests
    return this.send({ kind, session, request, clockMs: this.nowMs, ...asked } as unknown as Command)
  }

  /** Whether a command that was sent may be sent again, as the same request. */
  maySendAgain(command: Command): boolean {
    return !this.#subject.isOnNode(command)
  }

  /**
   * Sends `command`, or sends it again, as the same request.
   * @throws NothingToSee where nothing is sent again
   */
  async send(command: Command): Promise<Reply> {
    if (this.#sent.has(command) && !this.maySendAgain(command)) {
      throw new NothingToSee('nothing is sent again to what runs on the nodes')
    }
    this.#sent.add(command)
    this.#last = command
    const reply = await this.#subject.execute(command, this.nowMs)
    this.#story.push(`${command.kind} at ${this.nowMs} ms: ${reply.kind}`)
    return reply
  }

  acquire(owner: string, space = 's', ttlMs = 100, queueMs = 0): Promise<Reply> {
    return this.ask('acquire', owner, { space, owner, ttlMs, queueMs, inQueue: false })
  }

  append(fence: Fence, payload: Json, type = 'entry'): Promise<Reply> {
    return this.ask('append', fence.owner, { fence, type, payload })
  }

  /** Asks until the space is granted, at growing intervals: a core may let some time pass before it grants what is free. */
  async granted(owner: string, space = 's', ttlMs = 100): Promise<Fence> {
    return (await this.grant(owner, space, ttlMs)).fence
  }

  grant(owner: string, space = 's', ttlMs = 100): Promise<ReplyOf<'granted'>> {
    return this.eventually('granted', () => this.acquire(owner, space, ttlMs), `acquire of a free space by ${owner}`)
  }

  async eventually<K extends Reply['kind']>(kind: K, ask: () => Promise<Reply>, what: string): Promise<ReplyOf<K>> {
    return (await this.inTime(kind, ask)) ?? this.broken(`${what}: still refused at ${this.nowMs} ms`)
  }

  /** What `eventually` waits for, or nothing where it does not come. */
  async inTime<K extends Reply['kind']>(kind: K, ask: () => Promise<Reply>): Promise<ReplyOf<K> | undefined> {
    const untilMs = this.nowMs + GRANTED_WITHIN_MS
    for (let waitMs = 20; ; waitMs += 20) {
      const reply = await ask()
      if (reply.kind === kind) return reply as ReplyOf<K>
      if (this.nowMs >= untilMs) return undefined
      this.nowMs = Math.min(untilMs, this.nowMs + waitMs)
    }
  }

  /** Asks again at once: what is to be kept may be refused now and then, where there is too much to do. */
  async done<K extends Reply['kind']>(kind: K, ask: () => Promise<Reply>, what: string): Promise<ReplyOf<K>> {
    let reply = await ask()
    for (let asked = 1; isRefusal(reply) && asked < ASKED_AT_MOST; asked++) reply = await ask()
    return this.expect(kind, reply, what)
  }

  /**
   * What is answered under `fence`, or under another that its owner gets instead: a core may take a lease back, as long as it
   * does not call a token made up that is its own.
   */
  async upheld<K extends Reply['kind']>(
    kind: K,
    fence: Fence,
    ask: (fence: Fence) => Promise<Reply>,
    what: string,
  ): Promise<{ readonly fence: Fence; readonly reply: ReplyOf<K> }> {
    let current = fence
    let reply = await ask(current)
    for (let asked = 1; isRefusal(reply) && reply.kind !== 'invalid-token' && asked < ASKED_AT_MOST; asked++) {
      const { owner, space, epoch } = current
      current = await this.granted(owner, space)
      this.higher(current.epoch, epoch, 'the epoch that is granted instead')
      reply = await ask(current)
    }
    return { fence: current, reply: await this.expect(kind, reply, what) }
  }

  renew(fence: Fence, ttlMs = 100): Promise<Reply> {
    return this.ask('renew', fence.owner, { fence, ttlMs })
  }

  async released(fence: Fence): Promise<void> {
    await this.expect('released', this.ask('release', fence.owner, { fence }), 'release')
  }

  async appended(fence: Fence, payload: Json, type?: string): Promise<number> {
    return (await this.done('appended', () => this.append(fence, payload, type), 'append by the owner')).seq
  }

  checkpoint(fence: Fence, nextSeq: number, state: Json): Promise<Reply> {
    return this.ask('checkpoint', fence.owner, { fence, nextSeq, state })
  }

  async checkpointed(fence: Fence, nextSeq: number, state: Json): Promise<void> {
    const made = await this.done('checkpointed', () => this.checkpoint(fence, nextSeq, state), 'checkpoint')
    this.same(made.nextSeq, nextSeq, 'next seq of the checkpoint')
  }

  truncate(fence: Fence, beforeSeq: number): Promise<Reply> {
    return this.ask('truncate', fence.owner, { fence, beforeSeq })
  }

  truncated(fence: Fence, beforeSeq: number, what: string): Promise<ReplyOf<'truncated'>> {
    return this.done('truncated', () => this.truncate(fence, beforeSeq), what)
  }

  loaded(space = 's'): Promise<ReplyOf<'loaded'>> {
    return this.expect('loaded', this.ask('load', 'b', { space }), 'load')
  }

  /** The events from `fromSeq` up to the head at `nextSeq`. A page may be shorter than was asked for, but not empty. */
  async events(fromSeq: number, nextSeq: number, space = 's'): Promise<readonly LogEvent[]> {
    const events: LogEvent[] = []
    for (let seq = fromSeq; seq < nextSeq; seq = fromSeq + events.length) {
      const what = `read from seq ${seq} of a log whose head is at ${nextSeq}`
      const page = await this.expect('events', this.ask('read', 'b', { space, fromSeq: seq, limit: 8 }), what)
      if (page.events.length === 0) this.broken(`${what}: expected events, found none`)
      events.push(...page.events)
    }
    return events
  }

  enqueue(space = 's'): Promise<Reply> {
    return this.ask('enqueue', 'a', { space })
  }

  /** The number of a job that is put into the queue. */
  async enqueued(space?: string): Promise<number> {
    return (await this.done('enqueued', () => this.enqueue(space), 'enqueue')).job
  }

  take(owner: string, { space = 's', ttlMs = 100, maxAttempts = 3 }: Taking = {}): Promise<Reply> {
    return this.ask('take', owner, { space, owner, ttlMs, maxAttempts })
  }

  async taken(owner: string, taking?: Taking): Promise<JobFence> {
    return (await this.expect('taken', this.take(owner, taking), `take by ${owner}`)).fence
  }

  complete(fence: JobFence): Promise<Reply> {
    return this.ask('complete', fence.owner, { fence })
  }

  async completed(fence: JobFence, what: string): Promise<void> {
    await this.expect('completed', this.complete(fence), what)
  }

  async failed(fence: JobFence): Promise<void> {
    await this.expect('failed', this.ask('fail', fence.owner, { fence }), 'fail')
  }

  async expect<K extends Reply['kind']>(kind: K, reply: Reply | Promise<Reply>, what: string): Promise<ReplyOf<K>> {
    const came = await reply
    if (came.kind !== kind) this.broken(`${what} at ${this.nowMs} ms: expected ${kind}, found ${came.kind}`)
    return came as ReplyOf<K>
  }

  async refused(reply: Reply | Promise<Reply>, what: string): Promise<void> {
    const came = await reply
    if (!isRefusal(came)) this.broken(`${what} at ${this.nowMs} ms: expected a refusal, found ${came.kind}`)
  }

  atMost(found: number, most: number, what: string): void {
    if (found > most) this.broken(`${what}: expected ${most} or less, found ${found}`)
  }

  atLeast(found: number, least: number, what: string): void {
    if (found < least) this.broken(`${what}: expected ${least} or more, found ${found}`)
  }

  higher(found: number, before: number, what: string): void {
    this.atLeast(found, before + 1, what)
  }

  same(found: unknown, expected: unknown, what: string): void {
    const [one, other] = [JSON.stringify(found), JSON.stringify(expected)]
    if (one !== other) this.broken(`${what}: expected ${other}, found ${one}`)
  }

  broken(message: string): never {
    throw new ContractBroken(message)
  }
}

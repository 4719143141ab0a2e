import type { JobFence } from '../jobs/index.js'
import type { Fence } from '../lease/index.js'
import { type Command, type CommandKind, isRefusal, type Json, type LogEvent, type Reply } from '../log/index.js'
import type { Assembled } from '../subject/index.js'

/** The contract does not hold: what was asked, what was expected, what came. */
export class ContractBroken extends Error {
  override readonly name = 'ContractBroken'
}

/** For so long a core may refuse what is free: there are lock-delays of several TTLs, which are of 100 ms here. */
const GRANTED_WITHIN_MS = 1_500
/** Of a lease that does not run out meanwhile: where the space is granted, something else has freed it. */
export const LONG_TTL_MS = 2 * GRANTED_WITHIN_MS

/** A command without the parts that a probe fills in by itself. */
type Asked<K extends CommandKind> = Omit<Extract<Command, { kind: K }>, 'kind' | 'session' | 'request' | 'clockMs'>

/** Asks a subject one thing after another, at times of its own choosing, and says what should come back. */
export class Probe {
  readonly #subject: Assembled
  readonly #story: string[] = []
  #requests = 0
  #last: Command | undefined
  /** Virtual time of the next command. */
  nowMs = 0

  constructor(subject: Assembled) {
    this.#subject = subject
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

  /** Sends `command`, or sends it again, as the same request. */
  async send(command: Command): Promise<Reply> {
    this.#last = command
    const reply = await this.#subject.execute(command, this.nowMs)
    this.#story.push(`${command.kind} at ${this.nowMs} ms: ${reply.kind}`)
    return reply
  }

  acquire(owner: string, space = 's', ttlMs = 100, queueMs = 0): Promise<Reply> {
    return this.ask('acquire', owner, { space, owner, ttlMs, queueMs, inQueue: false })
  }

  append(fence: Fence, payload: number): Promise<Reply> {
    return this.ask('append', fence.owner, { fence, type: 'entry', payload })
  }

  /** Asks until the space is granted, at growing intervals: a core may let some time pass before it grants what is free. */
  async granted(owner: string, space = 's', ttlMs = 100): Promise<Fence> {
    const what = `acquire of a free space by ${owner}`
    return (await this.eventually('granted', () => this.acquire(owner, space, ttlMs), what)).fence
  }

  async eventually<K extends Reply['kind']>(
    kind: K,
    ask: () => Promise<Reply>,
    what: string,
  ): Promise<Extract<Reply, { kind: K }>> {
    const untilMs = this.nowMs + GRANTED_WITHIN_MS
    for (let waitMs = 20; ; waitMs += 20) {
      const reply = await ask()
      if (reply.kind === kind) return reply as Extract<Reply, { kind: K }>
      if (this.nowMs >= untilMs) throw new ContractBroken(`${what}: still refused at ${this.nowMs} ms`)
      this.nowMs = Math.min(untilMs, this.nowMs + waitMs)
    }
  }

  async appended(fence: Fence, payload: number): Promise<number> {
    return (await this.expect('appended', this.append(fence, payload), 'append by the owner')).seq
  }

  checkpoint(fence: Fence, nextSeq: number, state: Json): Promise<Reply> {
    return this.ask('checkpoint', fence.owner, { fence, nextSeq, state })
  }

  async checkpointed(fence: Fence, nextSeq: number, state: Json): Promise<void> {
    const made = await this.expect('checkpointed', this.checkpoint(fence, nextSeq, state), 'checkpoint')
    this.same(made.nextSeq, nextSeq, 'next seq of the checkpoint')
  }

  loaded(): Promise<Extract<Reply, { kind: 'loaded' }>> {
    return this.expect('loaded', this.ask('load', 'b', { space: 's' }), 'load')
  }

  /** The events from `fromSeq` up to the head at `nextSeq`. A page may be shorter than was asked for, but not empty. */
  async events(fromSeq: number, nextSeq: number): Promise<readonly LogEvent[]> {
    const events: LogEvent[] = []
    for (let seq = fromSeq; seq < nextSeq; seq = fromSeq + events.length) {
      const what = `read from seq ${seq} of a log whose head is at ${nextSeq}`
      const page = await this.expect('events', this.ask('read', 'b', { space: 's', fromSeq: seq, limit: 8 }), what)
      if (page.events.length === 0) throw new ContractBroken(`${what}: expected events, found none`)
      events.push(...page.events)
    }
    return events
  }

  /** The number of a job that is put into the queue. */
  async enqueued(): Promise<number> {
    return (await this.expect('enqueued', this.ask('enqueue', 'a', { space: 's' }), 'enqueue')).job
  }

  take(owner: string, maxAttempts = 3): Promise<Reply> {
    return this.ask('take', owner, { space: 's', owner, ttlMs: 100, maxAttempts })
  }

  async taken(owner: string, maxAttempts?: number): Promise<JobFence> {
    return (await this.expect('taken', this.take(owner, maxAttempts), `take by ${owner}`)).fence
  }

  async expect<K extends Reply['kind']>(
    kind: K,
    reply: Promise<Reply>,
    what: string,
  ): Promise<Extract<Reply, { kind: K }>> {
    const came = await reply
    if (came.kind !== kind)
      throw new ContractBroken(`${what} at ${this.nowMs} ms: expected ${kind}, found ${came.kind}`)
    return came as Extract<Reply, { kind: K }>
  }

  async refused(reply: Promise<Reply>, what: string): Promise<void> {
    const came = await reply
    if (!isRefusal(came))
      throw new ContractBroken(`${what} at ${this.nowMs} ms: expected a refusal, found ${came.kind}`)
  }

  atMost(found: number, most: number, what: string): void {
    if (found > most) throw new ContractBroken(`${what}: expected ${most} or less, found ${found}`)
  }

  same(found: unknown, expected: unknown, what: string): void {
    const [one, other] = [JSON.stringify(found), JSON.stringify(expected)]
    if (one !== other) throw new ContractBroken(`${what}: expected ${other}, found ${one}`)
  }
}

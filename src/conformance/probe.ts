import type { JobFence } from '../jobs/index.js'
import type { Fence } from '../lease/index.js'
import { type Command, type CommandKind, isRefusal, type Reply } from '../log/index.js'
import type { Assembled } from '../subject/index.js'

/** The contract does not hold: what was asked, what was expected, what came. */
export class ContractBroken extends Error {
  override readonly name = 'ContractBroken'
}

/** A command without the parts that a probe fills in by itself. */
type Asked<K extends CommandKind> = Omit<Extract<Command, { kind: K }>, 'kind' | 'session' | 'request' | 'clockMs'>

/** Asks a subject one thing after another, at times of its own choosing, and says what should come back. */
export class Probe {
  readonly #subject: Assembled
  #requests = 0
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

  /** The number of the last request. */
  get lastRequest(): number {
    return this.#requests
  }

  async ask<K extends CommandKind>(
    kind: K,
    session: string,
    asked: Asked<K>,
    request = ++this.#requests,
  ): Promise<Reply> {
    const command = { kind, session, request, clockMs: this.nowMs, ...asked } as unknown as Command
    return this.#subject.execute(command, this.nowMs)
  }

  acquire(owner: string, space = 's', ttlMs = 100, queueMs = 0): Promise<Reply> {
    return this.ask('acquire', owner, { space, owner, ttlMs, queueMs, inQueue: false })
  }

  append(fence: Fence, payload: number): Promise<Reply> {
    return this.ask('append', fence.owner, { fence, type: 'entry', payload })
  }

  /** Asks until the space is granted, for a while: a core may let some time pass before it grants what is free. */
  async granted(owner: string, space = 's', ttlMs = 100): Promise<Fence> {
    const what = `acquire of a free space by ${owner}`
    return (await this.eventually('granted', () => this.acquire(owner, space, ttlMs), what)).fence
  }

  async eventually<K extends Reply['kind']>(
    kind: K,
    ask: () => Promise<Reply>,
    what: string,
  ): Promise<Extract<Reply, { kind: K }>> {
    for (let tries = 0; tries < 20; tries++) {
      const reply = await ask()
      if (reply.kind === kind) return reply as Extract<Reply, { kind: K }>
      this.nowMs += 20
    }
    throw new ContractBroken(`${what}: still refused at ${this.nowMs} ms`)
  }

  async appended(fence: Fence, payload: number): Promise<number> {
    return (await this.expect('appended', this.append(fence, payload), 'append by the owner')).seq
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

  same(found: unknown, expected: unknown, what: string): void {
    const [one, other] = [JSON.stringify(found), JSON.stringify(expected)]
    if (one !== other) throw new ContractBroken(`${what}: expected ${other}, found ${one}`)
  }
}

import { setImmediate } from 'node:timers/promises'
import {
  type AppendAuthority,
  type AuthorityOptions,
  appendAuthority,
  type ForwardedIntent,
  type ForwardReply,
} from '../../src/authority/index.js'
import { tokenMint } from '../../src/lease/index.js'
import type { LogEvent } from '../../src/log/index.js'
import type { Core } from '../../src/stores/index.js'

export const TTL_MS = 100
export const mint = tokenMint('secret')

interface Sleeper {
  readonly untilMs: number
  readonly wake: () => void
}

/**
 * Nodes on the cores of one store, in a world that is told what to break. Its time passes when everybody sleeps, and only
 * while somebody waits for a node: then it is as late as the first who wakes.
 */
export class World {
  nowMs = 0
  readonly #nodes = new Map<string, AppendAuthority>()
  readonly #cores: readonly Core[]
  /** Nodes that can be reached by nobody. Their way to the core stays open: they are the more dangerous ones. */
  readonly unreachable = new Set<string>()
  /** How far the clocks of nodes are behind. */
  readonly behindMs = new Map<string, number>()
  /** Told of every forward before and after it took place; what it throws is what the sender sees. */
  onForward: (when: 'before' | 'after', to: string, intent: ForwardedIntent) => void = () => undefined
  readonly #sleepers: Sleeper[] = []
  /** How many questions are with a store, which takes time of another kind. */
  #asked = 0
  #awaited = 0

  constructor(cores: readonly Core[]) {
    this.#cores = cores
  }

  /** The node of that name; a former one of that name is gone. */
  start(node: string, others: Partial<AuthorityOptions> = {}): AppendAuthority {
    const authority = appendAuthority({
      node,
      session: `${node}#1`,
      core: this.core(this.#nodes.size),
      nowMs: () => this.nowMs - (this.behindMs.get(node) ?? 0),
      monotonicMs: () => this.nowMs,
      ttlMs: TTL_MS,
      renewBelowMs: TTL_MS / 4,
      retryAfterMs: 20,
      giveUpAfterMs: 3 * TTL_MS,
      sleep: this.sleep,
      forward: async (to, intent): Promise<ForwardReply> => {
        this.onForward('before', to, intent)
        const peer = this.#nodes.get(to)
        if (peer === undefined || this.unreachable.has(to) || this.unreachable.has(node)) {
          throw new Error(`${to} cannot be reached`)
        }
        const reply = await peer.receive(intent)
        this.onForward('after', to, intent)
        return reply
      },
      ...others,
    })
    const awaited: AppendAuthority = {
      append: (space, intent) => this.during(authority.append(space, intent)),
      receive: (intent) => this.during(authority.receive(intent)),
      holds: (space) => authority.holds(space),
      release: (space) => this.during(authority.release(space)),
      settle: (session, space) => this.during(authority.settle(session, space)),
    }
    this.#nodes.set(node, awaited)
    return awaited
  }

  die(node: string): void {
    this.#nodes.delete(node)
  }

  /** One of the cores, whose answers the world waits for. */
  core(at = 0): Core {
    const core = this.#cores[at % this.#cores.length] as Core
    return {
      execute: async (command, nowMs) => {
        this.#asked += 1
        try {
          return await core.execute(command, nowMs)
        } finally {
          this.#asked -= 1
        }
      },
    }
  }

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((wake) => {
      const sleeper = { untilMs: this.nowMs + ms, wake }
      const later = this.#sleepers.findIndex(({ untilMs }) => untilMs > sleeper.untilMs)
      this.#sleepers.splice(later < 0 ? this.#sleepers.length : later, 0, sleeper)
    })

  /** Lets time pass until there is an answer. */
  async during<T>(answer: Promise<T>): Promise<T> {
    this.#awaited += 1
    if (this.#awaited === 1) void this.#passTime()
    try {
      return await answer
    } finally {
      this.#awaited -= 1
    }
  }

  async #passTime(): Promise<void> {
    for (;;) {
      await setImmediate()
      if (this.#awaited === 0) return
      const first = this.#asked === 0 ? this.#sleepers.shift() : undefined
      if (first === undefined) continue
      this.nowMs = Math.max(this.nowMs, first.untilMs)
      first.wake()
    }
  }

  async log(space = 's'): Promise<readonly LogEvent[]> {
    const reply = await this.core().execute(
      { kind: 'read', space, fromSeq: 0, limit: 10_000, session: 'reader', request: 1 },
      this.nowMs,
    )
    if (reply.kind !== 'events') throw new Error(reply.kind)
    return reply.events
  }
}

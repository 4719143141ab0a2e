import { type Random, randomStream } from '../../src/kernel/index.js'
import type { Fence } from '../../src/lease/index.js'
import type { DirectCore } from '../../src/stores/index.js'

export const SEED = 1
export const NODES = 64
export const SPACES = 8
export const TTL_MS = 400
export const RENEWALS = 3
export const RENEW_EVERY_MS = 100
export const DELAY_MS = [1, 20] as const
export const BACKOFF_MS = [20, 200] as const

/**
 * One contender as a bare state machine: every `step` does what is due now, and returns in how many ms the next one is.
 * It draws from the same streams, in the same order, as the same contender under the kernel.
 */
export class Actor {
  readonly #name: string
  readonly #space: string
  readonly #core: DirectCore
  readonly #random: Random
  readonly #link: Random
  #state: 'ask' | 'asked' | 'answered' | 'renew' | 'renewing' | 'renewed' | 'releasing' | 'released' = 'ask'
  #fence: Fence | undefined
  #granted = false
  #renewals = 0
  #request = 0

  constructor(index: number, name: string, core: DirectCore) {
    this.#name = name
    this.#space = `space-${index % SPACES}`
    this.#core = core
    this.#random = randomStream(SEED, `node ${name}`)
    this.#link = randomStream(SEED, `link ${name}`)
  }

  step(nowMs: number): number {
    switch (this.#state) {
      case 'ask':
        this.#state = 'asked'
        return this.#delay()
      case 'asked':
        this.#acquire(nowMs)
        this.#state = 'answered'
        return this.#delay()
      case 'answered':
        this.#renewals = 0
        this.#state = this.#granted ? 'renew' : 'ask'
        return this.#granted ? RENEW_EVERY_MS : this.#random.int(...BACKOFF_MS)
      case 'renew':
        this.#state = 'renewing'
        return this.#delay()
      case 'renewing':
        this.#renew(nowMs)
        this.#state = 'renewed'
        return this.#delay()
      case 'renewed':
        if (++this.#renewals < RENEWALS) {
          this.#state = 'renew'
          return RENEW_EVERY_MS
        }
        this.#state = 'releasing'
        return this.#delay()
      case 'releasing':
        this.#release(nowMs)
        this.#state = 'released'
        return this.#delay()
      case 'released':
        this.#state = 'ask'
        return this.#random.int(...BACKOFF_MS)
    }
  }

  #delay(): number {
    return this.#link.int(...DELAY_MS)
  }

  #acquire(nowMs: number): void {
    const { space, owner, session, request } = this.#identity()
    const reply = this.#core.execute(
      { kind: 'acquire', space, owner, ttlMs: TTL_MS, clockMs: nowMs, queueMs: 0, inQueue: false, session, request },
      nowMs,
    )
    this.#granted = reply.kind === 'granted'
    if (reply.kind === 'granted') this.#fence = reply.fence
  }

  #renew(nowMs: number): void {
    const { session, request } = this.#identity()
    this.#core.execute({ kind: 'renew', fence: this.#fence as Fence, ttlMs: TTL_MS, session, request }, nowMs)
  }

  #release(nowMs: number): void {
    const { session, request } = this.#identity()
    this.#core.execute({ kind: 'release', fence: this.#fence as Fence, session, request }, nowMs)
  }

  #identity(): { space: string; owner: string; session: string; request: number } {
    this.#request += 1
    return { space: this.#space, owner: this.#name, session: this.#name, request: this.#request }
  }
}

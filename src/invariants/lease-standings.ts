import { type Cast, contenderOf, NOBODY, type TraceEvent } from '../trace/index.js'
import { NO_TOKEN } from './no-token.js'

/** The lease of every space, as the core's grants, renewals and releases tell it: by the number of the space. */
export class LeaseStandings {
  /** The contender that was granted it last; `NOBODY` before the first grant. */
  readonly owners: Int32Array
  readonly epochs: Float64Array
  /** When it ends by the core's clock, in virtual ms: when it was released, at the latest. */
  readonly expiries: Float64Array
  /** What was granted with it. */
  readonly tokens: Int32Array
  readonly #cast: Cast
  /** For how long it was granted or renewed last. */
  readonly #lengths: Float64Array
  /** Until when it may last, whatever was told: it was live when the store stopped. */
  readonly #mayLastUntilMs: Float64Array
  /** Whether it was live when the store stopped, while nothing is known of what the store has done since. */
  readonly #isRevived: Uint8Array
  #hasRevived = false
  readonly #isReleased: Uint8Array
  /** The latest request of the owner that has set the expiry. */
  readonly #requests: Float64Array

  constructor(cast: Cast) {
    const spaces = cast.spaces.length
    this.#cast = cast
    this.owners = new Int32Array(spaces).fill(NOBODY)
    this.epochs = new Float64Array(spaces)
    this.expiries = new Float64Array(spaces)
    this.tokens = new Int32Array(spaces)
    this.#lengths = new Float64Array(spaces)
    this.#mayLastUntilMs = new Float64Array(spaces)
    this.#isRevived = new Uint8Array(spaces)
    this.#isReleased = new Uint8Array(spaces)
    this.#requests = new Float64Array(spaces)
  }

  /** Whether the event is about the lease that its contender holds now, or has held last. */
  isCurrent(event: TraceEvent): boolean {
    if (this.#hasRevived) this.#revive(event)
    const { space, epoch } = event
    return contenderOf(event, this.#cast) === this.owners[space] && epoch === this.epochs[space]
  }

  /** Heeds a `granted`. False for a late copy of an older grant, which says nothing of who holds the space now. */
  granted(event: TraceEvent): boolean {
    if (this.#hasRevived) this.#revive(event)
    const { space, epoch, repeated, request, token, sinceMs, untilMs } = event
    if (repeated && epoch <= (this.epochs[space] as number)) {
      if (this.isCurrent(event)) this.#prolong(space, untilMs)
      return false
    }
    this.owners[space] = contenderOf(event, this.#cast)
    this.epochs[space] = epoch
    this.expiries[space] = untilMs
    this.tokens[space] = token
    this.#lengths[space] = untilMs - sinceMs
    this.#mayLastUntilMs[space] = 0
    this.#isReleased[space] = 0
    this.#requests[space] = request
    return true
  }

  /** Heeds a `renewed` or `released` of the current lease. */
  changed(event: TraceEvent): void {
    const { kind, space, repeated, request, token, atMs, sinceMs, untilMs } = event
    if (!this.isCurrent(event)) return
    // What is answered to a token that was made up changes nothing: a release may well be told yes.
    if (token !== this.tokens[space] && this.tokens[space] !== NO_TOKEN) return
    // A late copy is told the same again, or that the lease lasts longer; it takes nothing away, unless the first was refused.
    if (repeated && request <= (this.#requests[space] as number)) {
      if (kind === 'renewed') this.#prolong(space, untilMs)
      return
    }
    this.#requests[space] = request
    this.#mayLastUntilMs[space] = 0
    if (kind === 'released') {
      this.#isReleased[space] = 1
      this.expiries[space] = Math.min(atMs, this.expiries[space] as number)
    } else {
      this.#isReleased[space] = 0
      this.#lengths[space] = untilMs - sinceMs
      // Two renewals may change places: who has them believes in the later end.
      this.expiries[space] = Math.max(untilMs, this.expiries[space] as number)
    }
  }

  /**
   * Heeds a `store-restarted`. A core may give leases that are live their whole length again, from when it is back, so that
   * nobody is granted one too soon while clocks are compared: etcd #9395.
   */
  storeRestarted({ atMs }: TraceEvent): void {
    for (let space = 0; space < this.expiries.length; space++) {
      if (this.endMs(space) <= atMs) continue
      this.#isRevived[space] = 1
      this.#hasRevived = true
    }
  }

  /**
   * A core has no clock before it is asked for something: only then does it know that the store is back, and which leases are
   * live. `event` is the first that is known of what it has done; there may have been others before.
   */
  #revive({ atMs }: TraceEvent): void {
    this.#hasRevived = false
    for (let space = 0; space < this.expiries.length; space++) {
      if (this.#isRevived[space] === 0) continue
      this.#isRevived[space] = 0
      const endMs = this.endMs(space)
      this.#mayLastUntilMs[space] = Math.max(endMs, Math.min(atMs, endMs) + (this.#lengths[space] as number))
    }
  }

  /** When the lease of `space` is over at the latest. */
  endMs(space: number): number {
    const endMs = Math.max(this.expiries[space] as number, this.#mayLastUntilMs[space] as number)
    return this.#isRevived[space] === 1 ? endMs + (this.#lengths[space] as number) : endMs
  }

  /** A copy that is told a later end: the lease lasts longer, where it has not been given back since. */
  #prolong(space: number, untilMs: number): void {
    if (this.#isReleased[space] === 1) return
    this.expiries[space] = Math.max(untilMs, this.expiries[space] as number)
  }
}

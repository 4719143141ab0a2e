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
  /** By space, whether its lease may last longer than was told: it was live when the store stopped. */
  readonly #mayOutlast: Uint8Array
  /** The latest request of the owner that has set the expiry. */
  readonly #requests: Float64Array

  constructor(cast: Cast) {
    const spaces = cast.spaces.length
    this.#cast = cast
    this.owners = new Int32Array(spaces).fill(NOBODY)
    this.epochs = new Float64Array(spaces)
    this.expiries = new Float64Array(spaces)
    this.tokens = new Int32Array(spaces)
    this.#mayOutlast = new Uint8Array(spaces)
    this.#requests = new Float64Array(spaces)
  }

  /** Whether the event is about the lease that its contender holds now, or has held last. */
  isCurrent(event: TraceEvent): boolean {
    const { space, epoch } = event
    return contenderOf(event, this.#cast) === this.owners[space] && epoch === this.epochs[space]
  }

  /** Heeds a `granted`. False for a late copy of an older grant, which says nothing of who holds the space now. */
  granted(event: TraceEvent): boolean {
    const { space, epoch, repeated, request, token, untilMs } = event
    if (repeated && epoch <= (this.epochs[space] as number)) return false
    this.owners[space] = contenderOf(event, this.#cast)
    this.epochs[space] = epoch
    this.expiries[space] = untilMs
    this.#requests[space] = request
    this.tokens[space] = token
    this.#mayOutlast[space] = 0
    return true
  }

  /** Heeds a `renewed` or `released` of the current lease. */
  changed(event: TraceEvent): void {
    const { kind, space, repeated, request, token, atMs, untilMs } = event
    if (!this.isCurrent(event)) return
    // What is answered to a token that was made up changes nothing: a release may well be told yes.
    if (token !== this.tokens[space] && this.tokens[space] !== NO_TOKEN) return
    // A late copy is told the same again, and changes nothing, unless the first was refused.
    if (repeated && request <= (this.#requests[space] as number)) return
    const expiresAtMs = this.expiries[space] as number
    if (kind === 'renewed') this.#mayOutlast[space] = 0
    this.#requests[space] = request
    this.expiries[space] = kind === 'released' ? Math.min(atMs, expiresAtMs) : Math.max(untilMs, expiresAtMs)
  }

  /**
   * Heeds a `store-restarted`. A core may give leases that are live their whole length again, so that nobody is granted one too
   * soon while clocks are compared: etcd #9395.
   */
  storeRestarted(atMs: number): void {
    for (let space = 0; space < this.expiries.length; space++) {
      if ((this.expiries[space] as number) > atMs) this.#mayOutlast[space] = 1
    }
  }

  /** Whether the lease of `space` is over, as its owner was told. */
  isOver(space: number, atMs: number): boolean {
    return atMs >= (this.expiries[space] as number) && this.#mayOutlast[space] === 0
  }

  /** Whether the lease of `space` ends when its owner was told, and not later. */
  endsAsTold(space: number): boolean {
    return this.#mayOutlast[space] === 0
  }
}

/**
 * A node's own clock: virtual time plus an offset (skew, or a jump when it changes at once), running fast or slow by
 * `driftPpm` parts per million. Integer arithmetic only, so that every engine reads the same time.
 */
export class NodeClock {
  #baseMs: number
  #sinceMs = 0
  #driftPpm = 0

  constructor(skewMs: number) {
    this.#baseMs = skewMs
  }

  /** What the clock shows at virtual time `atMs`. */
  read(atMs: number): number {
    const elapsedMs = atMs - this.#sinceMs
    if (this.#driftPpm === 0) return this.#baseMs + elapsedMs
    return this.#baseMs + elapsedMs + Math.floor((elapsedMs * this.#driftPpm) / 1_000_000)
  }

  /** How much virtual time passes while this clock counts `localMs`. */
  toVirtual(localMs: number): number {
    if (this.#driftPpm === 0) return localMs
    return Math.ceil((localMs * 1_000_000) / (1_000_000 + this.#driftPpm))
  }

  jump(atMs: number, byMs: number): void {
    this.#rebase(atMs, byMs)
  }

  drift(atMs: number, driftPpm: number): void {
    this.#rebase(atMs, 0)
    this.#driftPpm = driftPpm
  }

  #rebase(atMs: number, byMs: number): void {
    this.#baseMs = this.read(atMs) + byMs
    this.#sinceMs = atMs
  }
}

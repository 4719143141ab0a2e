/**
 * A node's own clocks. Both run fast or slow by `driftPpm` parts per million. The monotonic one only counts; the wall
 * clock is ahead of it by an offset (skew), which jumps when somebody sets it. Integer arithmetic only, so that every
 * engine reads the same time.
 */
export class NodeClock {
  #offsetMs: number
  #countedMs = 0
  #sinceMs = 0
  #driftPpm = 0
  /** What is counted of the next millisecond, in millionths of one: left out, each change of drift would slow the clock down. */
  #millionths = 0

  constructor(skewMs: number) {
    this.#offsetMs = skewMs
  }

  /** What the wall clock shows at virtual time `atMs`. */
  read(atMs: number): number {
    return this.readMonotonic(atMs) + this.#offsetMs
  }

  /** What the monotonic clock shows at virtual time `atMs`: no jump ever moves it. */
  readMonotonic(atMs: number): number {
    const elapsedMs = atMs - this.#sinceMs
    if (this.#driftPpm === 0) return this.#countedMs + elapsedMs
    return this.#countedMs + elapsedMs + Math.floor((elapsedMs * this.#driftPpm + this.#millionths) / 1_000_000)
  }

  /** How much virtual time passes while this clock counts `localMs`. */
  toVirtual(localMs: number): number {
    if (this.#driftPpm === 0) return localMs
    return Math.ceil((localMs * 1_000_000) / (1_000_000 + this.#driftPpm))
  }

  jump(byMs: number): void {
    this.#offsetMs += byMs
  }

  drift(atMs: number, driftPpm: number): void {
    const millionths = (atMs - this.#sinceMs) * this.#driftPpm + this.#millionths
    this.#countedMs = this.readMonotonic(atMs)
    this.#millionths = millionths - Math.floor(millionths / 1_000_000) * 1_000_000
    this.#sinceMs = atMs
    this.#driftPpm = driftPpm
  }
}

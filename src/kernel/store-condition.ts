/** A time in which a slow store adds to every step. */
interface Slowness {
  readonly untilMs: number
  readonly delayMs: number
}

/** How the subject's store is: well, down or slow. Told when that changes, and asked by every request that arrives. */
export class StoreCondition {
  /** From then on it is neither down nor slow. */
  wellFromMs = 0
  downUntilMs = 0
  /** Those that have not passed when the last of them began. */
  #slowness: readonly Slowness[] = []

  isDown(atMs: number): boolean {
    return atMs < this.downUntilMs
  }

  stop(untilMs: number): void {
    this.downUntilMs = Math.max(this.downUntilMs, untilMs)
    this.wellFromMs = Math.max(this.wellFromMs, untilMs)
  }

  slow(atMs: number, untilMs: number, delayMs: number): void {
    this.#slowness = [...this.#slowness.filter((other) => other.untilMs > atMs), { untilMs, delayMs }]
    this.wellFromMs = Math.max(this.wellFromMs, untilMs)
  }

  /** What it adds to a step that comes to it now: of several at once, the longest. */
  delayMs(atMs: number): number {
    return this.#slowness.reduce(
      (longest, { untilMs, delayMs }) => (atMs < untilMs ? Math.max(longest, delayMs) : longest),
      0,
    )
  }
}

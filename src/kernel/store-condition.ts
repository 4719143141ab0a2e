/** How the subject's store is: well, down or slow. Told when that changes, and asked by every request that arrives. */
export class StoreCondition {
  /** From then on it is neither down nor slow. */
  wellFromMs = 0
  downUntilMs = 0
  slowUntilMs = 0
  /** What a slow store adds to every step. */
  delayMs = 0

  isDown(atMs: number): boolean {
    return atMs < this.downUntilMs
  }

  stop(untilMs: number): void {
    this.downUntilMs = Math.max(this.downUntilMs, untilMs)
    this.wellFromMs = Math.max(this.wellFromMs, untilMs)
  }

  /** Slow already, it becomes as slow as the slower of both. */
  slow(atMs: number, untilMs: number, delayMs: number): void {
    this.delayMs = atMs < this.slowUntilMs ? Math.max(this.delayMs, delayMs) : delayMs
    this.slowUntilMs = Math.max(this.slowUntilMs, untilMs)
    this.wellFromMs = Math.max(this.wellFromMs, untilMs)
  }
}

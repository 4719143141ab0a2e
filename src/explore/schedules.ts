interface Decision {
  chosen: number
  readonly options: number
}

/**
 * All ways through a row of decisions, one after the other, by running the same thing again and again: each decision that has
 * options left is taken otherwise once all that follow from it are done. Godefroid, "Partial-order methods" (1996).
 */
export class Schedules {
  readonly #path: Decision[] = []
  #depth = 0

  /** Which of so many options, from 0, is taken at the next decision. */
  choose(options: number): number {
    this.#path[this.#depth] ??= { chosen: 0, options }
    return (this.#path[this.#depth++] as Decision).chosen
  }

  /** Takes the same way once more. */
  again(): void {
    this.#depth = 0
  }

  /** Goes on to the next way; what would have come after the last decision that was taken is left out. False when there is none. */
  next(): boolean {
    const path = this.#path
    path.length = this.#depth
    this.#depth = 0
    while (path.length > 0) {
      const last = path.at(-1) as Decision
      last.chosen += 1
      if (last.chosen < last.options) return true
      path.pop()
    }
    return false
  }
}

/**
 * Counts whole numbers from 0 up, exactly, in memory that grows with the largest and not with how many there are.
 * Exact because a report must be the same everywhere: bucketed histograms round, and differently as they change.
 */
export class Tally {
  #counts = new Uint32Array(256)
  #total = 0

  add(value: number): void {
    if (value >= this.#counts.length) this.#grow(value)
    this.#counts[value] = (this.#counts[value] as number) + 1
    this.#total += 1
  }

  get total(): number {
    return this.#total
  }

  /** The nearest-rank percentile: the smallest sample that `percent` of all samples do not exceed. 0 without samples. */
  percentile(percent: number): number {
    const rank = Math.max(1, Math.ceil((this.#total * percent) / 100))
    let seen = 0
    for (let value = 0; value < this.#counts.length; value++) {
      seen += this.#counts[value] as number
      if (seen >= rank) return value
    }
    return 0
  }

  #grow(value: number): void {
    let length = this.#counts.length
    while (length <= value) length *= 2
    const counts = new Uint32Array(length)
    counts.set(this.#counts)
    this.#counts = counts
  }
}

/** The nearest-rank percentile of `samples`, in any order. 0 without samples. */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0
}

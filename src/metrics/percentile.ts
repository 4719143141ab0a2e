/** Larger samples are counted by name: what is worth a place of its own for each number before it is 4 MiB at the most. */
const DENSE = 1 << 20

/**
 * Counts whole numbers from 0 up, exactly, in memory that grows with how many different ones there are, and not with how many.
 * Exact because a report must be the same everywhere: bucketed histograms round, and differently as they change.
 */
export class Tally {
  #counts = new Uint32Array(256)
  readonly #large = new Map<number, number>()
  #total = 0

  add(value: number): void {
    this.#total += 1
    if (value >= DENSE) {
      this.#large.set(value, (this.#large.get(value) ?? 0) + 1)
      return
    }
    if (value >= this.#counts.length) this.#grow(value)
    this.#counts[value] = (this.#counts[value] as number) + 1
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
    for (const [value, count] of [...this.#large].sort(([one], [other]) => one - other)) {
      seen += count
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

/**
 * The nearest-rank percentile of `samples`, in any order. 0 without samples.
 * @param percent 0 to 100; throws RangeError beyond
 */
export function percentile(samples: readonly number[], percent: number): number {
  if (!(percent >= 0 && percent <= 100)) throw new RangeError(`percentile ${percent}: expected 0 to 100`)
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0
}

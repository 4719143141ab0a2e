import { hash } from 'node:crypto'
import seedrandomAlea from 'seedrandom/lib/alea.js'

/**
 * A private stream of integers. Two streams of one root seed share nothing: what one draws never shifts what another
 * draws, so a node more or a fault less leaves every other node's luck as it was. Its methods are called on it:
 * `random.int(1, 6)`.
 */
export interface Random {
  /**
   * A uniform integer in `min..max`, both included.
   * @throws RangeError when the range is empty, has more than 2^32 values, or an end that is no whole number
   */
  int(min: number, max: number): number
  /** True in `perMille` of 1000 draws: 0 never, 1000 always. Always draws, so that rates do not shift the stream. */
  chance(perMille: number): boolean
  /**
   * One of `items`, each as likely.
   * @throws RangeError when there are none
   */
  pick<T>(items: readonly T[]): T
}

/**
 * The stream called `name` under `rootSeed`.
 *
 * The generator is alea: of seedrandom's fast variants the others give correlated streams for neighbouring seeds.
 * alea's first draws do as well unless its seed is already spread out, hence the SHA-256. 16 of its bytes are more than
 * alea's state can hold; all 32 in hexadecimal made a stream cost 10 µs instead of 2. As characters, of which each is a byte: by
 * way of a buffer a stream costs half as much again.
 */
export function randomStream(rootSeed: number, name: string): Random {
  const seed = hash('sha256', `${rootSeed}\0${name}`, 'binary').slice(0, 16)
  return new Stream(seedrandomAlea(seed))
}

const MAX_VALUES = 4_294_967_296

/** Methods, not closures: a run has two streams for every node, and three closures each took half a kilobyte and 3% of its time. */
class Stream implements Random {
  readonly #next: () => number

  constructor(next: () => number) {
    this.#next = next
  }

  int(min: number, max: number): number {
    if (!(min <= max)) throw new RangeError(`cannot draw from ${min} to ${max}: expected a range that is not empty`)
    if (!Number.isInteger(min) || !Number.isInteger(max))
      throw new RangeError(`cannot draw from ${min} to ${max}: expected whole numbers`)
    const values = max - min + 1
    // A draw has 32 bits: of more values most would never come.
    if (values > MAX_VALUES)
      throw new RangeError(`cannot draw from ${min} to ${max}: expected at most ${MAX_VALUES} values`)
    return min + Math.floor(this.#next() * values)
  }

  chance(perMille: number): boolean {
    return this.#next() * 1000 < perMille
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('pick() needs at least one item to choose from')
    return items[Math.floor(this.#next() * items.length)] as T
  }
}

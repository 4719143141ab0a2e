import { randomStream } from './random.js'

/**
 * The scheduling strategy: which of several events due at one virtual instant comes first. Returns the order key of
 * the `sequence`-th event scheduled, on behalf of process `process`; the lowest key comes first. Keys must differ.
 */
export type TieBreak = (sequence: number, process: number) => number

/** First scheduled, first served: what profiling uses, because it is the least surprising. */
export const insertionOrder: TieBreak = (sequence) => sequence

/** Every event draws its rank. The low 22 bits keep keys apart where two ranks are equal. */
export function randomOrder(seed: number): TieBreak {
  const random = randomStream(seed, 'tie-break')
  return (sequence) => random.int(0, 0x7fff_ffff) * 0x40_0000 + (sequence % 0x40_0000)
}

/**
 * PCT: every process draws a priority, and the one with the highest goes first; at `changes` points of the run, drawn
 * among its first `steps` events, the process about to go drops behind all others. Finds a bug that takes `changes + 1`
 * ordered events with a probability that has a lower bound. Burckhardt et al., "A randomized scheduler with
 * probabilistic guarantees of finding bugs" (2010).
 */
export function pctOrder(seed: number, changes: number, steps: number): TieBreak {
  const random = randomStream(seed, 'tie-break')
  const changeAt = new Set(Array.from({ length: changes }, () => random.int(1, Math.max(1, steps))))
  const ranks: number[] = []
  let lowest = RANKS
  return (sequence, process) => {
    // What the world does, for no process, goes first.
    if (process < 0) return sequence
    ranks[process] ??= random.int(1, RANKS)
    if (changeAt.has(sequence)) ranks[process] = ++lowest
    return (ranks[process] as number) * 0x1_0000_0000 + (sequence % 0x1_0000_0000)
  }
}

/** Enough that two of a run's processes hardly ever draw the same; at equal ranks the sequence decides. */
const RANKS = 0xf_0000

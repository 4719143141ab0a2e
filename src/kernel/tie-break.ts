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

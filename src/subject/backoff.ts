import type { Random } from '../kernel/index.js'

/** How waits grow with attempts, in ms: from draws up to `baseMs`, doubled each time, to draws up to `capMs`. */
export interface Backoff {
  readonly baseMs: number
  readonly capMs: number
}

/**
 * How long to wait before attempt `attempt` (1 for the first retry): a draw from 1 to the exponential step, which doubles
 * up to the cap. Full jitter: of the variants in Brooker, "Exponential Backoff And Jitter" (2015), the one that spreads
 * claimants best.
 * @throws RangeError for an attempt that is no whole number of 1 or more, and for a step above 1 ms that is none
 */
export function backoffMs({ baseMs, capMs }: Backoff, attempt: number, random: Random): number {
  // The wait of an attempt 0 would be 1 ms whatever the step: who counts from 0 would not see that it hardly waits.
  if (!Number.isInteger(attempt) || attempt < 1)
    throw new RangeError(`attempt is ${attempt}: expected a whole number, 1 for the first retry`)
  // Beyond 24 doublings every step is above any cap that fits a run.
  const stepMs = Math.min(capMs, baseMs * (1 << Math.min(attempt - 1, 24)))
  return random.int(1, Math.max(1, stepMs))
}

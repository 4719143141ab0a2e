import type { Invariant } from './invariant.js'

/**
 * Every job gets its turn: one that never ends may cost the others the time that it is given, and no more. As with every
 * liveness rule, only a bound can be checked.
 */
export function promptJobs({ boundMs }: { readonly boundMs: number }): Invariant {
  return {
    name: 'prompt-jobs',
    rule: `a job is taken for the first time within ${boundMs} ms of being put into the queue`,
    kinds: ['enqueued', 'taken'],
    begin({ spaces }) {
      /** By space and job: since when it waits for its first turn. */
      const waits = spaces.map(() => new Map<number, number>())
      /** The longest that a command has taken: a core that is slow for so long serves so much later. */
      let slowestMs = 0
      const late = (space: number, job: number, sinceMs: number, atMs: number): string | undefined =>
        atMs - sinceMs <= boundMs + 2 * slowestMs
          ? undefined
          : `job ${job} of ${spaces[space]} waited from ${sinceMs} ms to ${atMs} ms`
      return {
        step({ kind, space, seq, atMs, sinceMs: arrivedMs, repeated }) {
          slowestMs = Math.max(slowestMs, atMs - arrivedMs)
          const waiting = waits[space]
          if (kind === 'enqueued') {
            if (!repeated) waiting?.set(seq, atMs)
            return undefined
          }
          const sinceMs = waiting?.get(seq)
          if (sinceMs === undefined) return undefined
          waiting?.delete(seq)
          return late(space, seq, sinceMs, atMs)
        },
        end(endMs) {
          for (const [space, waiting] of waits.entries()) {
            for (const [job, sinceMs] of waiting) {
              const message = late(space, job, sinceMs, endMs)
              if (message !== undefined) return `${message}, the end of the run, and was not taken`
            }
          }
          return undefined
        },
      }
    },
  }
}

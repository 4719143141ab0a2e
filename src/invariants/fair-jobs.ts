import type { Invariant } from './invariant.js'

interface JobStanding {
  /** Since when it is ready; Infinity while it is taken, done or dead. */
  readySinceMs: number
  attempts: number
  /** When its taker's lease runs out. */
  lapsesAtMs: number
}

/**
 * A job is with one worker at a time, and one that comes back goes behind those that wait: a job that fails again and again must
 * not keep the others from being done. graphile/worker #313.
 * @param maxAttempts how often a job may be taken: after the last time it is not ready again
 */
export function fairJobs({ maxAttempts }: { readonly maxAttempts: number }): Invariant {
  return {
    name: 'fair-jobs',
    rule: 'a job is taken only while it is ready, not before one that has been ready for longer, and nobody is sent away while one is',
    kinds: ['enqueued', 'taken', 'idle', 'completed', 'failed'],
    begin({ nodes, spaces }) {
      const queues: (JobStanding | undefined)[][] = spaces.map(() => [])
      const readySinceMs = ({ readySinceMs: sinceMs, attempts, lapsesAtMs }: JobStanding, atMs: number): number => {
        if (lapsesAtMs > atMs) return sinceMs
        return attempts < maxAttempts ? lapsesAtMs : Number.POSITIVE_INFINITY
      }
      const gone = { readySinceMs: Number.POSITIVE_INFINITY, lapsesAtMs: Number.POSITIVE_INFINITY }
      return {
        step({ kind, space, node, seq, epoch, atMs, untilMs, repeated }) {
          const queue = queues[space]
          if (queue === undefined || repeated) return undefined
          if (kind === 'idle') {
            const ready = queue.findIndex((other) => other !== undefined && readySinceMs(other, atMs) <= atMs)
            if (ready < 0) return undefined
            return `${nodes[node]} was told that ${spaces[space]} has no work; job ${ready} was ready since ${readySinceMs(queue[ready] as JobStanding, atMs)} ms`
          }
          const job = queue[seq] ?? { attempts: 0, readySinceMs: atMs, lapsesAtMs: Number.POSITIVE_INFINITY }
          queue[seq] = job
          switch (kind) {
            case 'enqueued':
              return undefined
            case 'completed':
              Object.assign(job, gone)
              return undefined
            case 'failed':
              if (epoch !== job.attempts) return undefined
              Object.assign(job, gone)
              if (job.attempts < maxAttempts) job.readySinceMs = atMs
              return undefined
            default: {
              const sinceMs = readySinceMs(job, atMs)
              const passed = queue.findIndex((other) => other !== undefined && readySinceMs(other, atMs) < sinceMs)
              Object.assign(job, gone, { attempts: epoch, lapsesAtMs: untilMs })
              if (sinceMs === Number.POSITIVE_INFINITY) {
                return `${nodes[node]} was given job ${seq} of ${spaces[space]}, which was not ready: another had it, it was done, or its attempts were used up`
              }
              if (passed < 0) return undefined
              return `${nodes[node]} was given job ${seq} of ${spaces[space]}, ready since ${sinceMs} ms, before job ${passed}, ready since ${readySinceMs(queue[passed] as JobStanding, atMs)} ms`
            }
          }
        },
      }
    },
  }
}

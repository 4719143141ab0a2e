import type { Invariant } from './invariant.js'

interface JobStanding {
  /** Since when it is ready; Infinity while it is taken, done or dead. */
  readySinceMs: number
  /** How often it was taken. */
  attempts: number
  /** Of its last taking. */
  epoch: number
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
      /** By space, then by number: in the order in which they were put there. */
      const queues: Map<number, JobStanding>[] = spaces.map(() => new Map())
      const readySinceMs = ({ readySinceMs: sinceMs, attempts, lapsesAtMs }: JobStanding, atMs: number): number => {
        if (lapsesAtMs > atMs) return sinceMs
        return attempts < maxAttempts ? lapsesAtMs : Number.POSITIVE_INFINITY
      }
      const readyBefore = (queue: ReadonlyMap<number, JobStanding>, atMs: number, untilMs: number) => {
        for (const [number, job] of queue) {
          const sinceMs = readySinceMs(job, atMs)
          if (sinceMs < untilMs) return { number, sinceMs }
        }
        return undefined
      }
      return {
        step({ kind, space, node, seq, epoch, atMs, untilMs, repeated }) {
          const queue = queues[space]
          if (queue === undefined) return undefined
          const job = queue.get(seq)
          if (kind === 'enqueued') {
            // A copy is told of the job that it has put there already.
            if (repeated && job !== undefined) return undefined
            if (job !== undefined && !isOver(job, maxAttempts, atMs)) {
              return `${nodes[node]} was told that its job is job ${seq} of ${spaces[space]}, which was put there before and is not done: one of the two is lost`
            }
            queue.set(seq, { ...gone, attempts: 0, epoch: 0, readySinceMs: atMs })
            return undefined
          }
          if (repeated) return undefined
          if (kind === 'idle') {
            const ready = readyBefore(queue, atMs, atMs + 1)
            return ready === undefined
              ? undefined
              : `${nodes[node]} was told that ${spaces[space]} has no work; job ${ready.number} was ready since ${ready.sinceMs} ms`
          }
          if (job === undefined) {
            return kind === 'taken'
              ? `${nodes[node]} was given job ${seq} of ${spaces[space]}, which nobody had put there`
              : undefined
          }
          switch (kind) {
            case 'completed':
              Object.assign(job, gone)
              return undefined
            case 'failed':
              if (epoch !== job.epoch) return undefined
              Object.assign(job, gone)
              if (job.attempts < maxAttempts) job.readySinceMs = atMs
              return undefined
            default: {
              const sinceMs = readySinceMs(job, atMs)
              const passed = readyBefore(queue, atMs, sinceMs)
              Object.assign(job, gone, { attempts: job.attempts + 1, epoch, lapsesAtMs: untilMs })
              if (sinceMs === Number.POSITIVE_INFINITY) {
                return `${nodes[node]} was given job ${seq} of ${spaces[space]}, which was not ready: another had it, it was done, or its attempts were used up`
              }
              if (passed === undefined) return undefined
              return `${nodes[node]} was given job ${seq} of ${spaces[space]}, ready since ${sinceMs} ms, before job ${passed.number}, ready since ${passed.sinceMs} ms`
            }
          }
        },
      }
    },
  }
}

/** Of a job that is done, or that nobody has. */
const gone = { readySinceMs: Number.POSITIVE_INFINITY, lapsesAtMs: Number.POSITIVE_INFINITY }

/** Whether nobody can be given it any more. */
function isOver({ readySinceMs, lapsesAtMs, attempts }: JobStanding, maxAttempts: number, atMs: number): boolean {
  if (lapsesAtMs <= atMs) return attempts >= maxAttempts
  return readySinceMs === Number.POSITIVE_INFINITY && lapsesAtMs === Number.POSITIVE_INFINITY
}

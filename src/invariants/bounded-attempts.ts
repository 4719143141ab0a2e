import { ByContender, contenderName, contenderOf } from '../trace/index.js'
import type { Invariant } from './invariant.js'

/** What `boundedAttempts` judges by. */
export interface AttemptBounds {
  /** Requests in a row without an answer after which a node gives up for a while. */
  readonly maxUnanswered: number
  /** How often a job may be taken. */
  readonly maxAttempts: number
}

/**
 * Neither nodes nor jobs are tried without end: consul #9469 (retries without cap through an outage), taskiq-aio-pika #35
 * (a job that kills its worker before the attempt is counted).
 */
export function boundedAttempts({ maxUnanswered, maxAttempts }: AttemptBounds): Invariant {
  return {
    name: 'bounded-attempts',
    rule: `after ${maxUnanswered} requests without an answer a node gives up for a while; no job is taken more than ${maxAttempts} times`,
    kinds: ['sent', 'timed-out', 'delivered', 'enqueued', 'taken', 'crashed'],
    begin(cast) {
      const { nodes, spaces } = cast
      /** Requests in a row. */
      const unanswered = new ByContender<number>(cast)
      const taken: Map<number, number>[] = spaces.map(() => new Map())
      return {
        step(event) {
          const { kind, node, space, seq, attempt, repeated } = event
          const contender = contenderOf(event, cast)
          switch (kind) {
            case 'crashed':
              unanswered.deleteNode(node)
              return undefined
            case 'timed-out':
              unanswered.set(contender, (unanswered.get(contender) ?? 0) + 1)
              return undefined
            case 'delivered':
              unanswered.delete(contender)
              return undefined
            case 'sent': {
              if (attempt === 0) unanswered.delete(contender)
              const count = unanswered.get(contender) ?? 0
              return count < maxUnanswered
                ? undefined
                : `${contenderName(contender, cast)} asked again after ${count} requests in a row without an answer`
            }
            case 'enqueued':
              // It may have the number of one that is over.
              if (!repeated) taken[space]?.delete(seq)
              return undefined
            default: {
              if (repeated) return undefined
              const jobs = taken[space] as Map<number, number>
              const count = (jobs.get(seq) ?? 0) + 1
              jobs.set(seq, count)
              return count <= maxAttempts
                ? undefined
                : `job ${seq} of ${spaces[space]} was taken ${count} times, the last by ${nodes[node]}; at most ${maxAttempts} are allowed`
            }
          }
        },
      }
    },
  }
}

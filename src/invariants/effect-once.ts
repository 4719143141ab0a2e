import type { TraceEvent } from '../trace/index.js'
import type { Invariant } from './invariant.js'

/**
 * A request may arrive twice and be sent again; it takes effect the first time, and what was refused then stays refused: whoever
 * asked may have given up since. And a job is done once, by who holds it: bull #308
 * (a stalled worker completes what another has taken over).
 */
export const effectOnce: Invariant = {
  name: 'effect-once',
  rule: 'a request takes effect when it first arrives, or never: a copy is told the same; and a job is completed at most once',
  kinds: ['granted', 'appended', 'enqueued', 'taken', 'completed'],
  begin({ nodes, spaces }) {
    const epochs = new Float64Array(spaces.length)
    const heads = new Float64Array(spaces.length)
    /** By space and job: the epoch of its latest taking, 0 before the first, `DONE` once it is done. */
    const takings: Map<number, number>[] = spaces.map(() => new Map())
    // In words only when a rule is broken: a text for every event is one for nothing.
    const copy = ({ request, node, space }: TraceEvent) =>
      `a copy of request ${request} of ${nodes[node]} took effect on ${spaces[space]}`
    const job = ({ seq, space }: TraceEvent) => `job ${seq} of ${spaces[space]}`
    return {
      step(event) {
        const { kind, space, node, seq, epoch, repeated } = event
        switch (kind) {
          case 'granted': {
            const isNew = epoch > (epochs[space] as number)
            if (isNew) epochs[space] = epoch
            return repeated && isNew ? `${copy(event)}: it was granted epoch ${epoch}` : undefined
          }
          case 'appended': {
            const isNew = seq >= (heads[space] as number)
            if (isNew) heads[space] = seq + 1
            return repeated && isNew ? `${copy(event)}: it was appended at seq ${seq}` : undefined
          }
          default: {
            const jobs = takings[space] as Map<number, number>
            const taking = jobs.get(seq)
            if (kind === 'enqueued') {
              // One that is over may have left its number.
              if (taking === undefined || !repeated) jobs.set(seq, 0)
              return repeated && taking === undefined ? `${copy(event)}: it put ${job(event)} there` : undefined
            }
            const latest = taking ?? 0
            if (kind === 'taken') {
              if (epoch <= latest) return undefined
              jobs.set(seq, epoch)
              return repeated ? `${copy(event)}: it took ${job(event)}` : undefined
            }
            if (repeated) return undefined
            jobs.set(seq, DONE)
            if (latest === DONE)
              return `${job(event)} was completed by ${nodes[node]} after it had been completed before`
            return epoch === latest
              ? undefined
              : `${job(event)} was completed by ${nodes[node]} in attempt ${epoch}, while attempt ${latest} was under way`
          }
        }
      },
    }
  },
}

const DONE = Number.MAX_SAFE_INTEGER

import type { TraceEvent } from '../trace/index.js'
import type { Invariant } from './invariant.js'

interface JobStanding {
  /** Of its latest taking; 0 before the first. */
  epoch: number
  /** Of all takings of jobs that had this number. */
  highest: number
  done: boolean
}

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
    /** By space and number of the job. */
    const queues: Map<number, JobStanding>[] = spaces.map(() => new Map())
    // In words only when a rule is broken: a text for every event is one for nothing.
    const copy = ({ request, node, space }: TraceEvent) =>
      `a copy of request ${request} of ${nodes[node]} took effect on ${spaces[space]}`
    const job = ({ seq, space }: TraceEvent) => `job ${seq} of ${spaces[space]}`
    const judgeCopy = (event: TraceEvent): string | undefined => {
      const { kind, space, seq, epoch } = event
      const known = queues[space]?.get(seq)
      if (kind === 'enqueued') {
        if (known !== undefined) return undefined
        queues[space]?.set(seq, { epoch: 0, highest: 0, done: false })
        return `${copy(event)}: it put ${job(event)} there`
      }
      if (kind !== 'taken' || epoch <= (known?.highest ?? 0)) return undefined
      queues[space]?.set(seq, { epoch, highest: epoch, done: false })
      return `${copy(event)}: it took ${job(event)}`
    }
    const judgeJob = (event: TraceEvent): string | undefined => {
      const { kind, space, node, seq, epoch } = event
      const known = queues[space]?.get(seq) ?? { epoch: 0, highest: 0, done: false }
      queues[space]?.set(seq, known)
      if (kind === 'enqueued') {
        // One that is over may have left its number; what copies are told of that one is no news.
        known.epoch = 0
        known.done = false
        return undefined
      }
      if (kind === 'taken') {
        if (!known.done) known.epoch = epoch
        known.highest = Math.max(known.highest, epoch)
        return undefined
      }
      const wasDone = known.done
      known.done = true
      if (wasDone) return `${job(event)} was completed by ${nodes[node]} after it had been completed before`
      return epoch === known.epoch
        ? undefined
        : `${job(event)} was completed by ${nodes[node]} in attempt ${epoch}, while attempt ${known.epoch} was under way`
    }
    return {
      step(event) {
        const { kind, space, seq, epoch, repeated } = event
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
          default:
            return repeated ? judgeCopy(event) : judgeJob(event)
        }
      },
    }
  },
}

import { ByContender, contenderOf, NOBODY, type TraceEvent } from '../trace/index.js'
import type { Invariant } from './invariant.js'

interface OnceJob {
  /** Of its latest taking; 0 before the first. */
  epoch: number
  /** Of all takings of jobs that had this number. */
  highest: number
  taker: number
  done: boolean
  /** The attempt in which a job of this number was completed last; 0 before that. */
  doneIn: number
}

const neverTaken = (): OnceJob => ({ epoch: 0, highest: 0, taker: NOBODY, done: false, doneIn: 0 })

/** What a contender was told last of a request that took effect: a copy of it that is accepted is told the same. */
interface LastEffect {
  request: number
  kind: TraceEvent['kind']
  /** Of a grant, or of a job's taking; 0 of anything else. */
  epoch: number
  /** Of an event, or the number of a job; 0 of anything else. */
  seq: number
}

/**
 * A request may arrive twice and be sent again; it takes effect the first time, and what was refused then stays refused: whoever
 * asked may have given up since. And a job is done once, by who holds it: bull #308
 * (a stalled worker completes what another has taken over).
 */
export const effectOnce: Invariant = {
  name: 'effect-once',
  rule: 'a request takes effect when it first arrives, or never: a copy that is accepted is told the same; and a job is completed at most once',
  kinds: ['granted', 'appended', 'enqueued', 'taken', 'completed'],
  begin(cast) {
    const { nodes, spaces } = cast
    const lastTold = new ByContender<LastEffect>(cast)
    const epochs = new Float64Array(spaces.length)
    const heads = new Float64Array(spaces.length)
    /** By space and number of the job. */
    const queues: Map<number, OnceJob>[] = spaces.map(() => new Map())
    // In words only when a rule is broken: a text for every event is one for nothing.
    const copy = ({ request, node, space }: TraceEvent) =>
      `a copy of request ${request} of ${nodes[node]} took effect on ${spaces[space]}`
    const job = ({ seq, space }: TraceEvent) => `job ${seq} of ${spaces[space]}`
    const judgeCopy = (event: TraceEvent): string | undefined => {
      const { kind, space, seq, epoch } = event
      const known = queues[space]?.get(seq)
      if (kind === 'enqueued') {
        if (known !== undefined) return undefined
        queues[space]?.set(seq, neverTaken())
        return `${copy(event)}: it put ${job(event)} there`
      }
      if (kind === 'completed') {
        // It may be of a job that had this number before.
        if (known === undefined || known.doneIn > 0) return undefined
        return `a copy of request ${event.request} of ${nodes[event.node]} was told that ${job(event)} is completed; nobody had completed it`
      }
      if (kind !== 'taken' || epoch <= (known?.highest ?? 0)) return undefined
      queues[space]?.set(seq, { ...neverTaken(), epoch, highest: epoch, taker: event.node })
      return `${copy(event)}: it took ${job(event)}`
    }
    const judgeJob = (event: TraceEvent): string | undefined => {
      const { kind, space, node, seq, epoch } = event
      const known = queues[space]?.get(seq) ?? neverTaken()
      queues[space]?.set(seq, known)
      if (kind === 'enqueued') {
        // One that is over may have left its number; what copies are told of that one is no news.
        known.epoch = 0
        known.done = false
        return undefined
      }
      if (kind === 'taken') {
        if (!known.done) {
          known.epoch = epoch
          known.taker = node
        }
        known.highest = Math.max(known.highest, epoch)
        return undefined
      }
      const wasDone = known.done
      known.done = true
      known.doneIn = epoch
      if (wasDone) return `${job(event)} was completed by ${nodes[node]} after it had been completed before`
      if (epoch !== known.epoch)
        return `${job(event)} was completed by ${nodes[node]} in attempt ${epoch}, while attempt ${known.epoch} was under way`
      return node === known.taker
        ? undefined
        : `${job(event)} was completed by ${nodes[node]}, while ${nodes[known.taker] ?? 'nobody'} had taken it`
    }
    const judgeTold = (event: TraceEvent, epoch: number, seq: number): string | undefined => {
      const { kind, request, node, repeated } = event
      const contender = contenderOf(event, cast)
      const told = lastTold.get(contender)
      if (told === undefined) lastTold.set(contender, { request, kind, epoch, seq })
      else if (!repeated) {
        told.request = request
        told.kind = kind
        told.epoch = epoch
        told.seq = seq
      } else if (told.request === request && told.kind === kind && (told.epoch !== epoch || told.seq !== seq)) {
        return `a copy of request ${request} of ${nodes[node]} was told of ${effect(kind, epoch, seq)}; the first, of ${effect(kind, told.epoch, told.seq)}`
      }
      return undefined
    }
    return {
      step(event) {
        const { kind, space, seq, epoch, repeated } = event
        switch (kind) {
          case 'granted': {
            const isNew = epoch > (epochs[space] as number)
            if (isNew) epochs[space] = epoch
            return repeated && isNew ? `${copy(event)}: it was granted epoch ${epoch}` : judgeTold(event, epoch, 0)
          }
          case 'appended': {
            const isNew = seq >= (heads[space] as number)
            if (isNew) heads[space] = seq + 1
            return repeated && isNew ? `${copy(event)}: it was appended at seq ${seq}` : judgeTold(event, 0, seq)
          }
          case 'enqueued':
          case 'taken': {
            const told = judgeTold(event, kind === 'taken' ? epoch : 0, seq)
            return (repeated ? judgeCopy(event) : judgeJob(event)) ?? told
          }
          default:
            return repeated ? judgeCopy(event) : judgeJob(event)
        }
      },
    }
  },
}

/** What took effect, in words. */
function effect(kind: TraceEvent['kind'], epoch: number, seq: number): string {
  if (kind === 'granted') return `epoch ${epoch}`
  if (kind === 'appended') return `seq ${seq}`
  return kind === 'taken' ? `job ${seq} at epoch ${epoch}` : `job ${seq}`
}

import { fenceRefusals } from '../protocol/index.js'
import { contenderName, contenderOf, type TraceEvent } from '../trace/index.js'
import type { Invariant } from './invariant.js'
import { LeaseStandings } from './lease-standings.js'

/** When `writesAccepted` judges. */
export interface Acceptance {
  /** From when on the world is calm, in virtual ms. */
  readonly calmFromMs: number
}

/** A job as its latest taker has it. */
interface Taking {
  readonly job: number
  readonly contender: number
  readonly epoch: number
  readonly token: number
  readonly request: number
  readonly untilMs: number
  readonly safeUntilMs: number
}

/**
 * The other side of fencing: what the holder of a live lease writes is let in. A log that refuses everything after a restart
 * forks nothing and loses nothing, and no other rule would see it. Judged of leases granted in the calm after the faults,
 * until the core has told the holder of any loss, and in the first half of what they last: a core may end a lease early, leave
 * a margin at its end, and forget it with its store. Alpern and Schneider, "Defining liveness" (1985): a system that does
 * nothing is safe.
 */
export function writesAccepted({ calmFromMs }: Acceptance): Invariant {
  return {
    name: 'writes-accepted',
    rule: 'once the faults are over, no write is refused in the first half of its lease, nor is the fence called invalid',
    kinds: [
      'granted',
      'renewed',
      'released',
      'valid',
      'appended',
      'checkpointed',
      'truncated',
      'taken',
      'completed',
      'failed',
      ...fenceRefusals,
      'superseded',
    ],
    begin(cast) {
      const { spaces } = cast
      const leases = new LeaseStandings(cast)
      /** By space, whether its lease was granted in the calm, and nobody has been told that it is lost. */
      const isCalm = new Uint8Array(spaces.length)
      /** By space, until when a write may not be refused. */
      const safeUntilMs = new Float64Array(spaces.length)
      /** The latest request of the owner of a space that the core has answered: one before it is a late copy. */
      const requests = new Float64Array(spaces.length)
      /** By space and number, what was taken in the calm. */
      const takings: Map<number, Taking>[] = spaces.map(() => new Map())
      const stepLease = (event: TraceEvent): string | undefined => {
        const { kind, command, space, epoch, request, repeated, token, atMs, sinceMs, untilMs } = event
        if (kind === 'granted') {
          if (!leases.granted(event)) return undefined
          requests[space] = request
          isCalm[space] = atMs >= calmFromMs ? 1 : 0
          safeUntilMs[space] = halfway(sinceMs, untilMs)
          return undefined
        }
        if (!leases.isCurrent(event)) return undefined
        const isLate = repeated || request < (requests[space] as number)
        if (!isLate) requests[space] = request
        if (kind === 'valid' || kind === 'appended' || kind === 'checkpointed' || kind === 'truncated') return undefined
        if (kind === 'renewed' || kind === 'released') {
          leases.changed(event)
          if (!isLate) safeUntilMs[space] = halfway(sinceMs, leases.expiries[space] as number)
          return undefined
        }
        if (isLate || token !== leases.tokens[space] || isCalm[space] === 0) return undefined
        if (atMs >= (safeUntilMs[space] as number)) return undefined
        isCalm[space] = 0
        if (command === 'renew' || command === 'release' || command === 'claim') return undefined
        const owner = contenderName(contenderOf(event, cast), cast)
        return `${spaces[space]} refused ${command} of ${owner} at epoch ${epoch}, whose lease was live until ${leases.expiries[space]} ms`
      }
      const stepJob = (event: TraceEvent): string | undefined => {
        const { kind, command, space, seq, epoch, request, repeated, token, atMs, sinceMs, untilMs } = event
        const jobs = takings[space]
        if (repeated || jobs === undefined) return undefined
        const contender = contenderOf(event, cast)
        if (kind === 'taken') {
          if (atMs >= calmFromMs)
            jobs.set(seq, {
              job: seq,
              contender,
              epoch,
              token,
              request,
              untilMs,
              safeUntilMs: halfway(sinceMs, untilMs),
            })
          return undefined
        }
        const taking = hidesJob(kind) ? onlyTaking(jobs, event, contender) : jobs.get(seq)
        if (taking === undefined || taking.contender !== contender || taking.epoch !== epoch) return undefined
        if (kind === 'completed' || kind === 'failed') {
          // With whatever token: where there are none, one that is made up says that the job is over as well.
          jobs.delete(taking.job)
          return undefined
        }
        if (taking.token !== token || request < taking.request) return undefined
        jobs.delete(taking.job)
        if (atMs >= taking.safeUntilMs) return undefined
        const taker = contenderName(contender, cast)
        return `${spaces[space]} refused ${command} of job ${taking.job} by ${taker}, which had taken it until ${taking.untilMs} ms`
      }
      return {
        step(event) {
          const isOfJob = event.command === 'take' || event.command === 'complete' || event.command === 'fail'
          return isOfJob ? stepJob(event) : stepLease(event)
        },
      }
    },
  }
}

const halfway = (fromMs: number, untilMs: number): number => fromMs + (untilMs - fromMs) / 2

/** Of these refusals the trace has an epoch, or a request, where the number of the job would be. */
const hidesJob = (kind: TraceEvent['kind']): boolean =>
  kind === 'stale-owner' || kind === 'unknown-epoch' || kind === 'superseded'

/** What `contender` has taken under the epoch and token of `event`, if that is one job. */
function onlyTaking(
  jobs: ReadonlyMap<number, Taking>,
  { epoch, token }: TraceEvent,
  contender: number,
): Taking | undefined {
  const all = [...jobs.values()].filter(
    (taking) => taking.contender === contender && taking.epoch === epoch && taking.token === token,
  )
  return all.length === 1 ? all[0] : undefined
}

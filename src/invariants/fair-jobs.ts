import { fenceRefusals } from '../protocol/index.js'
import { NOBODY, type TraceEvent } from '../trace/index.js'
import { AtFirstStep } from './at-first-step.js'
import type { Invariant } from './invariant.js'

interface QueuedJob {
  /** Since when it is ready, at the latest; Infinity while it is taken. */
  readySinceMs: number
  /** Since when it may be, as what made it so took its time. */
  perhapsSinceMs: number
  /** Until when it may count as not ready yet: a queue may have it begin to wait anew when it is given back late. */
  notBeforeMs: number
  /** How often it was taken. */
  attempts: number
  /** Of its last taking. */
  epoch: number
  /** The node that has it, and whether that has crashed since: who knows that may give the job to another. */
  taker: number
  isAbandoned: boolean
  /** When its taker's lease runs out; Infinity while nobody has it. */
  lapsesAtMs: number
}

/** How many commands of one space about jobs are under way, or have been begun. */
interface Underway {
  count: number
  begun: number
}

/** The jobs of one space, by number. */
interface Queue {
  /** In the order in which they were put there. */
  readonly open: Map<number, QueuedJob>
  /** Those that are done, or that nobody may try any more, and which of the two. */
  readonly over: Map<number, typeof DONE | typeof USED_UP>
}

/**
 * A job is with one worker at a time, and one that comes back goes behind those that wait: a job that fails again and again must
 * not keep the others from being done. graphile/worker #313.
 * @param maxAttempts how often a job may be taken: after the last time it is not ready again
 */
export function fairJobs({ maxAttempts }: { readonly maxAttempts: number }): Invariant {
  return {
    name: 'fair-jobs',
    rule: 'a job is taken only while it is ready, not before one that has been ready for longer, and done only while it is held; nobody is sent away while one is ready',
    kinds: [
      'stepped',
      'enqueued',
      'taken',
      'idle',
      'lease-held',
      'queued',
      'completed',
      'failed',
      'superseded',
      ...fenceRefusals,
      'reply-lost',
      'threw',
      'crashed',
    ],
    begin({ nodes, spaces }) {
      const queues: Queue[] = spaces.map(() => ({ open: new Map(), over: new Map() }))
      /** Those that take steps: each may have locked a job by now, so that others pass over it. */
      const underway: Underway[] = spaces.map(() => ({ count: 0, begun: 0 }))
      const begun = new AtFirstStep<Underway>()
      /** How many others have been under way in the course of this one; undefined if it has taken no steps. */
      const othersOf = (event: TraceEvent, all: Underway): number | undefined => {
        const then = begun.take(event)
        if (then === undefined) return undefined
        all.count -= 1
        return then.count + all.begun - then.begun
      }
      /**
       * The first of those that have been ready since before `untilMs`, but for so many that others may have locked. Those that
       * turn out to be over are put aside.
       */
      const readyBefore = ({ open, over }: Queue, atMs: number, untilMs: number, locked: number) => {
        let passed = 0
        for (const [number, job] of open) {
          const sinceMs = Math.max(readySinceMs(job, atMs, maxAttempts), job.notBeforeMs)
          if (sinceMs < untilMs && passed++ >= locked) return { number, sinceMs }
          if (sinceMs < Number.POSITIVE_INFINITY || job.lapsesAtMs > atMs) continue
          putAside({ open, over }, number, USED_UP)
        }
        return undefined
      }
      return {
        step(event) {
          const { kind, command, space, node, seq, epoch, atMs, sinceMs: arrivedMs, untilMs, repeated } = event
          if (kind === 'crashed') {
            for (const { open } of queues) for (const job of open.values()) if (job.taker === node) abandon(job, atMs)
            return undefined
          }
          const queue = queues[space]
          if (queue === undefined) return undefined
          const all = underway[space] as Underway
          if (kind === 'reply-lost' || kind === 'threw') {
            if (begun.cut(event) !== undefined) all.count -= 1
            return undefined
          }
          if (kind === 'stepped') {
            if (seq > 1 || !locks(command)) return undefined
            all.begun += 1
            begun.note(event, { ...all })
            all.count += 1
            return undefined
          }
          const others = locks(command) ? othersOf(event, all) : undefined
          // What became ready at the moment at which it arrived may have done so after it had looked.
          const readyMs = others === undefined ? arrivedMs + 1 : arrivedMs
          const { open, over } = queue
          const job = open.get(seq)
          switch (kind) {
            case 'enqueued':
              // A copy is told of the job that it has put there already.
              if (repeated && (job !== undefined || over.has(seq))) return undefined
              if (job !== undefined && (job.lapsesAtMs > atMs || job.attempts < maxAttempts)) {
                return `${nodes[node]} was told that its job is job ${seq} of ${spaces[space]}, which was put there before and is not done: one of the two is lost`
              }
              over.delete(seq)
              open.set(seq, {
                readySinceMs: atMs,
                perhapsSinceMs: arrivedMs,
                lapsesAtMs: Number.POSITIVE_INFINITY,
                ...NEVER_TAKEN,
              })
              return undefined
            case 'idle':
            case 'lease-held':
            case 'queued': {
              const ready =
                repeated || command !== 'take' ? undefined : readyBefore(queue, arrivedMs, readyMs, others ?? 0)
              return ready === undefined
                ? undefined
                : `${nodes[node]} was told that ${spaces[space]} has no work; job ${ready.number} was ready since ${ready.sinceMs} ms`
            }
            case 'completed': {
              if (repeated) return undefined
              const lapsedAtMs = job?.epoch === epoch ? job.lapsesAtMs : Number.POSITIVE_INFINITY
              putAside(queue, seq, DONE)
              if (arrivedMs < lapsedAtMs) return undefined
              return `${nodes[node]} completed job ${seq} of ${spaces[space]}, which it had until ${lapsedAtMs} ms`
            }
            case 'failed':
              if (repeated || job === undefined || epoch !== job.epoch) return undefined
              if (job.attempts >= maxAttempts) putAside(queue, seq, USED_UP)
              job.perhapsSinceMs = arrivedMs
              if (job.lapsesAtMs <= atMs) job.notBeforeMs = atMs
              else {
                job.readySinceMs = atMs
                job.lapsesAtMs = Number.POSITIVE_INFINITY
              }
              return undefined
            case 'taken': {
              if (repeated) return undefined
              const which = () => `${nodes[node]} was given job ${seq} of ${spaces[space]}`
              if (job === undefined && !over.has(seq)) return `${which()}, which nobody had put there`
              const sinceMs = job === undefined ? Number.POSITIVE_INFINITY : readySinceMs(job, atMs, maxAttempts)
              const heldUntilMs = job?.lapsesAtMs ?? 0
              const wasAbandoned = job?.isAbandoned === true && job.attempts < maxAttempts
              const perhapsSinceMs = Math.min(sinceMs, job?.perhapsSinceMs ?? sinceMs)
              const passed = readyBefore(queue, arrivedMs, Math.min(perhapsSinceMs, readyMs), others ?? 0)
              if (job !== undefined) {
                job.readySinceMs = Number.POSITIVE_INFINITY
                job.perhapsSinceMs = Number.POSITIVE_INFINITY
                job.lapsesAtMs = untilMs
                job.taker = node
                job.isAbandoned = false
                // It may have run out while it was being given.
                job.notBeforeMs = untilMs < atMs ? atMs : 0
                job.attempts += 1
                job.epoch = epoch
              }
              if (sinceMs === Number.POSITIVE_INFINITY && !wasAbandoned) {
                const had =
                  heldUntilMs > atMs ? `: another had it until ${heldUntilMs} ms` : `: ${over.get(seq) ?? USED_UP}`
                return `${which()}, which was not ready${had}`
              }
              return passed === undefined
                ? undefined
                : `${which()}, ready since ${sinceMs} ms, before job ${passed.number}, ready since ${passed.sinceMs} ms`
            }
            default:
              return undefined
          }
        },
      }
    },
  }
}

/** Its taker has crashed: it may be ready from now on. */
function abandon(job: QueuedJob, atMs: number): void {
  job.isAbandoned = true
  job.perhapsSinceMs = Math.min(atMs, job.perhapsSinceMs)
}

/** What may lock a job while it is under way. */
const locks = (command: TraceEvent['command']): boolean =>
  command === 'take' || command === 'complete' || command === 'fail'

const NEVER_TAKEN = { notBeforeMs: 0, attempts: 0, epoch: 0, taker: NOBODY, isAbandoned: false }

const DONE = 'it was done'
const USED_UP = 'its attempts were used up'

function putAside({ open, over }: Queue, number: number, why: typeof DONE | typeof USED_UP): void {
  open.delete(number)
  over.set(number, why)
}

/** Since when a job is ready; Infinity while it is not. */
function readySinceMs({ readySinceMs: sinceMs, attempts, lapsesAtMs }: QueuedJob, atMs: number, maxAttempts: number) {
  if (lapsesAtMs > atMs) return sinceMs
  return attempts < maxAttempts ? lapsesAtMs : Number.POSITIVE_INFINITY
}

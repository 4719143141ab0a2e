import { checkedTtl, type LeaseRecord, type MintToken, refuseFence } from '../lease/index.js'
import type { JobCommand, Take } from './command.js'
import type { JobReply } from './reply.js'

/** One job: work that is a lease, with a bounded number of attempts. */
export interface Job {
  readonly state: 'ready' | 'taken' | 'done' | 'dead'
  /** How often it was taken: the epoch of its lease. Counted when it is taken, so that a crash counts too. */
  readonly attempts: number
  /** As the last taker said. */
  readonly maxAttempts: number
  readonly owner: string
  readonly token: string
  readonly takenAtMs: number
  readonly expiresAtMs: number
  /** Its place among the ready ones: the lowest is taken first. */
  readonly place: number
}

/** The jobs of one space. Immutable: a command yields a new record or leaves the old one. */
export interface JobsRecord {
  readonly jobs: readonly Job[]
  readonly nextPlace: number
}

export const NO_JOBS: JobsRecord = { jobs: [], nextPlace: 0 }

/** What a step comes to: the record to be swapped for the old one, and the reply. */
export interface JobsTransition {
  readonly record: JobsRecord
  readonly reply: JobReply
}

/**
 * One step of a queue of jobs. A job is ready, taken, done or dead. A taken one whose lease has run out, or that was
 * given back, is ready again behind all others, unless it has used up its attempts.
 */
export function stepJobs(record: JobsRecord, command: JobCommand, nowMs: number, mint: MintToken): JobsTransition {
  return stepReady(returnLapsed(record, nowMs), command, nowMs, mint)
}

function stepReady(record: JobsRecord, command: JobCommand, nowMs: number, mint: MintToken): JobsTransition {
  switch (command.kind) {
    case 'enqueue': {
      const { jobs, nextPlace } = record
      return {
        record: { jobs: [...jobs, { ...FRESH, place: nextPlace }], nextPlace: nextPlace + 1 },
        reply: { kind: 'enqueued', job: jobs.length },
      }
    }
    case 'take':
      return take(record, command, nowMs, mint)
    case 'complete':
    case 'fail': {
      const { fence } = command
      const job = record.jobs[fence.job] ?? FRESH
      // As with leases: nothing comes before the take, whatever a clock that is behind says.
      const atMs = Math.max(nowMs, job.takenAtMs)
      const refusal = refuseFence(leaseOf(job, atMs), fence, atMs)
      if (refusal !== undefined) return { record, reply: refusal }
      if (command.kind === 'fail') return { record: giveBack(record, fence.job), reply: { kind: 'failed' } }
      return { record: withJob(record, fence.job, inState(job, 'done', job.place)), reply: { kind: 'completed' } }
    }
  }
}

const FRESH: Job = {
  state: 'ready',
  attempts: 0,
  maxAttempts: 1,
  owner: '',
  token: '',
  takenAtMs: 0,
  expiresAtMs: 0,
  place: 0,
}

const NOBODY_WAITS: LeaseRecord['waiters'] = []

/** A job's lease, as the lease core sees it: over unless the job is taken. */
function leaseOf({ state, attempts, owner, token, takenAtMs, expiresAtMs }: Job, nowMs: number): LeaseRecord {
  return {
    epoch: attempts,
    owner,
    token,
    grantedAtMs: takenAtMs,
    expiresAtMs: state === 'taken' ? expiresAtMs : Math.min(nowMs, expiresAtMs),
    waiters: NOBODY_WAITS,
  }
}

const NONE: readonly number[] = []

/** Every taken job whose lease has run out is ready again, or dead: the one that ran out first comes first. */
function returnLapsed(record: JobsRecord, nowMs: number): JobsRecord {
  const { jobs } = record
  let lapsed = NONE
  for (let number = 0; number < jobs.length; number++) {
    const { state, expiresAtMs } = jobs[number] as Job
    if (state === 'taken' && expiresAtMs <= nowMs) lapsed = [...lapsed, number]
  }
  if (lapsed === NONE) return record
  const expiryOf = (number: number) => (jobs[number] as Job).expiresAtMs
  return [...lapsed].sort((one, other) => expiryOf(one) - expiryOf(other) || one - other).reduce(giveBack, record)
}

function giveBack(record: JobsRecord, number: number): JobsRecord {
  const job = record.jobs[number] as Job
  const { nextPlace } = record
  return withJob(
    record,
    number,
    inState(job, job.attempts >= job.maxAttempts ? 'dead' : 'ready', nextPlace),
    nextPlace + 1,
  )
}

/** The same job, elsewhere. Written out: a spread measured five times as long. */
function inState(job: Job, state: Job['state'], place: number): Job {
  const { attempts, maxAttempts, owner, token, takenAtMs, expiresAtMs } = job
  return { state, attempts, maxAttempts, owner, token, takenAtMs, expiresAtMs, place }
}

function take(record: JobsRecord, command: Take, nowMs: number, mint: MintToken): JobsTransition {
  const number = firstReady(record, command.maxAttempts)
  if (number < 0) return { record, reply: { kind: 'idle' } }
  const { space, owner, ttlMs, maxAttempts } = command
  const job = record.jobs[number] as Job
  const attempts = job.attempts + 1
  const token = mint(`${space} job ${number}`, owner, attempts)
  const expiresAtMs = nowMs + checkedTtl(ttlMs)
  const { place } = job
  return {
    record: withJob(record, number, {
      state: 'taken',
      attempts,
      maxAttempts,
      owner,
      token,
      takenAtMs: nowMs,
      expiresAtMs,
      place,
    }),
    reply: { kind: 'taken', fence: { space, owner, epoch: attempts, token, job: number }, expiresAtMs },
  }
}

/** Which job is the next to be taken, of those that were taken less often than `maxAttempts`; -1 when there is none. */
function firstReady({ jobs }: JobsRecord, maxAttempts: number): number {
  let first = -1
  let place = Number.POSITIVE_INFINITY
  for (let number = 0; number < jobs.length; number++) {
    const job = jobs[number] as Job
    if (job.state !== 'ready' || job.attempts >= maxAttempts || job.place >= place) continue
    first = number
    place = job.place
  }
  return first
}

function withJob(record: JobsRecord, number: number, job: Job, nextPlace = record.nextPlace): JobsRecord {
  const jobs = record.jobs.slice()
  jobs[number] = job
  return { jobs, nextPlace }
}

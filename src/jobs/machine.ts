import { checkedTtl, type MintToken, refuseFence, UNOWNED } from '../lease/index.js'
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
      const refusal = refuseFence(leaseOf(job, nowMs), fence, nowMs)
      if (refusal !== undefined) return { record, reply: refusal }
      if (command.kind === 'fail') return { record: giveBack(record, fence.job), reply: { kind: 'failed' } }
      return { record: withJob(record, fence.job, { ...job, state: 'done' }), reply: { kind: 'completed' } }
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

/** A job's lease, as the lease core sees it: over unless the job is taken. */
function leaseOf({ state, attempts, owner, token, takenAtMs, expiresAtMs }: Job, nowMs: number) {
  return {
    ...UNOWNED,
    epoch: attempts,
    owner,
    token,
    grantedAtMs: takenAtMs,
    expiresAtMs: state === 'taken' ? expiresAtMs : Math.min(nowMs, expiresAtMs),
  }
}

/** Every taken job whose lease has run out is ready again, or dead: the one that ran out first comes first. */
function returnLapsed(record: JobsRecord, nowMs: number): JobsRecord {
  const isLapsed = ({ state, expiresAtMs }: Job) => state === 'taken' && expiresAtMs <= nowMs
  if (!record.jobs.some(isLapsed)) return record
  const lapsed = [...record.jobs.keys()].filter((number) => isLapsed(record.jobs[number] as Job))
  const expiryOf = (number: number) => (record.jobs[number] as Job).expiresAtMs
  return lapsed.sort((one, other) => expiryOf(one) - expiryOf(other) || one - other).reduce(giveBack, record)
}

function giveBack(record: JobsRecord, number: number): JobsRecord {
  const job = record.jobs[number] as Job
  const state = job.attempts >= job.maxAttempts ? 'dead' : 'ready'
  return {
    ...withJob(record, number, { ...job, state, place: record.nextPlace }),
    nextPlace: record.nextPlace + 1,
  }
}

function take(record: JobsRecord, command: Take, nowMs: number, mint: MintToken): JobsTransition {
  let number = -1
  let first = Number.POSITIVE_INFINITY
  record.jobs.forEach(({ state, place, attempts: tried }, candidate) => {
    if (state !== 'ready' || tried >= command.maxAttempts || place >= first) return
    number = candidate
    first = place
  })
  if (number < 0) return { record, reply: { kind: 'idle' } }
  const { space, owner, ttlMs, maxAttempts } = command
  const job = record.jobs[number] as Job
  const attempts = job.attempts + 1
  const token = mint(`${space} job ${number}`, owner, attempts)
  const expiresAtMs = nowMs + checkedTtl(ttlMs)
  return {
    record: withJob(record, number, {
      ...job,
      state: 'taken',
      attempts,
      maxAttempts,
      owner,
      token,
      takenAtMs: nowMs,
      expiresAtMs,
    }),
    reply: { kind: 'taken', fence: { space, owner, epoch: attempts, token, job: number }, expiresAtMs },
  }
}

function withJob(record: JobsRecord, number: number, job: Job): JobsRecord {
  const jobs = record.jobs.slice()
  jobs[number] = job
  return { jobs, nextPlace: record.nextPlace }
}

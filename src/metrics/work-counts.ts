import { fenceRefusals } from '../protocol/index.js'
import type { Cast, EventKind, Fold, TraceEvent } from '../trace/index.js'

/** What model and reality both count of one worker-failure scenario. All are whole numbers. */
export interface WorkCounts {
  readonly jobs: number
  /** How often jobs were taken, in all. */
  readonly attempts: number
  /** By number of attempts: how many jobs had so many. */
  readonly attemptsPerJob: { readonly [attempts: string]: number }
  /** Jobs that used up their attempts without being completed. */
  readonly deadLetters: number
  readonly sideEffects: number
  /** Side effects beyond the first of a job. */
  readonly duplicates: number
  /** Attempts after the first of a job whose worker was lost. */
  readonly redeliveries: number
  /** Writes and completions that were refused because their fence was not the current one. */
  readonly refusedWrites: number
}

/** The scenarios that can be modelled and run: what happens to the workers. */
export type WorkerFailure = 'poison' | 'crash-before-acknowledging' | 'runaway' | 'zombie'

/** One job, as far as the trace has told. */
interface TracedJob {
  attempts: number
  /** How its latest attempt stands: with a worker, or over with these words. */
  state: 'waiting' | 'taken' | 'failed' | 'done'
  /** Until when its latest attempt may last. */
  untilMs: number
}

interface State {
  /** By space, then by number of the job. */
  readonly jobs: TracedJob[][]
  /** By space, those that are neither done nor dead: the only ones that a queue without work can tell anything of. */
  readonly open: Set<TracedJob>[]
  readonly dead: Set<TracedJob>
  /** By space, the `seq` of the next event of its log. */
  readonly nextSeq: number[]
  /** By space, the contents of its log: an effect is the same when it is written twice. */
  readonly effects: Set<number>[]
  attempts: number
  sideEffects: number
  duplicates: number
  redeliveries: number
  refusedWrites: number
}

const kinds = [
  'enqueued',
  'taken',
  'idle',
  'completed',
  'failed',
  'appended',
  ...fenceRefusals,
] as const satisfies readonly EventKind[]

/**
 * What workers did with their jobs, of a run in which whatever is appended to a log is the side effect of a job. A job is
 * a dead letter once the queue says that it has no work although nobody holds the job and nobody has done it. An attempt
 * is a redelivery when the one before it ended without a word of its worker.
 */
export function workCountsFold({ spaces }: Cast): Fold<State, WorkCounts> {
  return {
    kinds,
    start: () => ({
      jobs: spaces.map(() => []),
      open: spaces.map(() => new Set()),
      dead: new Set(),
      nextSeq: spaces.map(() => 0),
      effects: spaces.map(() => new Set()),
      attempts: 0,
      sideEffects: 0,
      duplicates: 0,
      redeliveries: 0,
      refusedWrites: 0,
    }),
    step,
    end: ({ jobs, dead, attempts, sideEffects, duplicates, redeliveries, refusedWrites }) => ({
      jobs: jobs.flat().length,
      attempts,
      attemptsPerJob: distribution(jobs.flat()),
      deadLetters: dead.size,
      sideEffects,
      duplicates,
      redeliveries,
      refusedWrites,
    }),
  }
}

function step(state: State, event: TraceEvent): State {
  if (event.kind === 'appended') appended(state, event)
  else if (!event.repeated) answered(state, event)
  return state
}

function answered(state: State, { kind, command, space, seq, epoch, atMs, untilMs }: TraceEvent): void {
  switch (kind) {
    case 'enqueued':
      standing(state, space, seq)
      return
    case 'idle':
      for (const job of state.open[space] ?? []) if (isLeft(job, atMs)) bury(state, space, job)
      return
    case 'taken': {
      const job = standing(state, space, seq)
      state.attempts += 1
      if (job.attempts > 0 && job.state === 'taken') state.redeliveries += 1
      state.dead.delete(job)
      state.open[space]?.add(job)
      job.attempts += 1
      job.state = 'taken'
      job.untilMs = untilMs
      return
    }
    case 'completed':
    case 'failed': {
      const job = standing(state, space, seq)
      if (kind === 'failed' && epoch !== job.attempts) return
      job.state = kind === 'completed' ? 'done' : 'failed'
      if (kind === 'completed') state.open[space]?.delete(job)
      return
    }
    default:
      // A refused fence. Of an acquire it is a lease, not a write; a job that is given back too late changes nothing anyway.
      if (command === 'append' || command === 'complete') state.refusedWrites += 1
  }
}

/** An event that the log has already is a copy of its request; one more of the same content is a duplicate. */
function appended(state: State, { space, seq, content }: TraceEvent): void {
  if (seq < (state.nextSeq[space] as number)) return
  state.nextSeq[space] = seq + 1
  state.sideEffects += 1
  const effects = state.effects[space] as Set<number>
  if (effects.has(content)) state.duplicates += 1
  effects.add(content)
}

/** Tried, not done, and with nobody any more. */
function isLeft({ state, untilMs }: TracedJob, atMs: number): boolean {
  return state === 'failed' || (state === 'taken' && untilMs <= atMs)
}

function bury({ open, dead }: State, space: number, job: TracedJob): void {
  dead.add(job)
  open[space]?.delete(job)
}

function standing({ jobs, open }: State, space: number, number: number): TracedJob {
  const queue = jobs[space] as TracedJob[]
  let job = queue[number]
  if (job === undefined) {
    job = { attempts: 0, state: 'waiting', untilMs: 0 }
    queue[number] = job
    open[space]?.add(job)
  }
  return job
}

function distribution(jobs: readonly TracedJob[]): WorkCounts['attemptsPerJob'] {
  const counts: Record<string, number> = {}
  for (const { attempts } of jobs) counts[attempts] = (counts[attempts] ?? 0) + 1
  return counts
}

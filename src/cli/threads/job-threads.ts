import { setTimeout as sleep } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import type { ScenarioOutcome } from '../../report/index.js'
import { isLast, type Job, type JobEnd, type JobOptions, type Ran, runJob, runJobs } from '../../run/index.js'
import { startThread } from './thread.js'

/** Where a thread finds the scenarios and the subject, and how many threads there are, this one among them. */
export interface Threads {
  readonly directory: string
  readonly configFile: string | undefined
  /** Absolute; undefined for the built-in subject. */
  readonly subjectFile: string | undefined
  readonly workers: number
  /** How long code of the user may take for one step. */
  readonly patienceMs: number
}

/** How many times as long as any job of this thread one of another may take before it is thought never to end. */
const LATE = 4

/** What a thread needs to know: all of it can be copied. */
export interface ThreadSpec {
  readonly directory: string
  readonly configFile: string | undefined
  readonly subjectFile: string | undefined
  readonly jobs: readonly (Omit<Job, 'scenario'> & { readonly scenario: string })[]
  readonly options: Pick<JobOptions, 'maxEvents' | 'stopAtFailure'>
  /** Number of the next job that nobody has taken; then, for each thread, whether it has ever looked. */
  readonly board: SharedArrayBuffer
  /** Where on the board this thread notes that it looks. */
  readonly mark: number
}

export type FromThread =
  | { readonly kind: 'outcome'; readonly index: number; readonly outcome: ScenarioOutcome }
  | { readonly kind: 'done' }

/** Takes the next job that nobody has taken; undefined when all are. */
export function takeJob(board: Int32Array, jobs: number): number | undefined {
  const index = Atomics.add(board, 0, 1)
  return index < jobs ? index : undefined
}

/** From here on nobody takes any. */
export function stopTaking(board: Int32Array, jobs: number): void {
  Atomics.store(board, 0, jobs)
}

/**
 * Runs jobs on this thread and on others beside it. What comes out is what `runJobs` gives, whatever their number: a job
 * that a thread could not run to its end, or not in time, is run here, where it can be explained.
 */
export async function runJobsOnThreads(
  jobs: readonly Job[],
  options: JobOptions,
  { directory, configFile, subjectFile, workers, patienceMs }: Threads,
): Promise<Ran> {
  const others = Math.max(0, Math.min(workers, jobs.length) - 1)
  const ends: (JobEnd | undefined)[] = []
  const shared = new SharedArrayBuffer(4 * (1 + others))
  const board = new Int32Array(shared)
  const { maxEvents, stopAtFailure, onRun } = options
  const spec: Omit<ThreadSpec, 'mark'> = {
    directory,
    configFile,
    subjectFile,
    jobs: jobs.map((job) => ({ ...job, scenario: job.scenario.name })),
    options: {
      ...(maxEvents === undefined ? {} : { maxEvents }),
      ...(stopAtFailure === undefined ? {} : { stopAtFailure }),
    },
    board: shared,
  }
  const take = async (index: number, outcome: ScenarioOutcome): Promise<void> => {
    ends[index] = { kind: 'ran', outcome }
    await onRun?.()
    await onRun?.()
  }
  const threads = Array.from({ length: others }, (_, number) => startJobThread({ ...spec, mark: number + 1 }, take))
  let longestMs = 0
  try {
    for (let index = takeJob(board, jobs.length); index !== undefined; index = takeJob(board, jobs.length)) {
      const startedMs = performance.now()
      const end = await runJob(jobs[index] as Job, options)
      ends[index] = end
      if (isLast(end, options)) stopTaking(board, jobs.length)
      longestMs = Math.max(longestMs, performance.now() - startedMs)
    }
    // A thread that has not looked by now finds nothing any more; one that does not come to its end is left alone.
    const looking = threads.filter((_, number) => Atomics.load(board, number + 1) === 1)
    await withinTime(Math.max(2 * patienceMs, LATE * longestMs), Promise.all(looking.map(({ done }) => done)))
    return await runJobs(jobs, options, async (job, index) => ends[index] ?? runJob(job, options))
  } finally {
    await Promise.all(threads.map(({ worker }) => worker.terminate()))
  }
}

/** Waits for `what`, but no longer than that. */
async function withinTime(limitMs: number, what: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  const late = sleep(limitMs, undefined, { signal: over.signal }).catch(() => undefined)
  await Promise.race([what, late])
  over.abort()
}

interface Thread {
  readonly worker: Worker
  /** It has run all that it took, or can no more. */
  readonly done: Promise<void>
}

function startJobThread(spec: ThreadSpec, take: (index: number, outcome: ScenarioOutcome) => Promise<void>): Thread {
  const worker = startThread('job-thread', { workerData: spec })
  const done = new Promise<void>((resolve) => {
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'done') resolve()
      else void take(message.index, message.outcome)
    })
    // A thread that dies leaves its jobs to this one: there the same happens again, or it was the thread's own trouble.
    worker.on('error', () => resolve())
    worker.on('exit', () => resolve())
  })
  return { worker, done }
}

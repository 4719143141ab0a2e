import {
  boundedAttempts,
  contiguousLog,
  effectOnce,
  fairJobs,
  fencedWrites,
  type Invariant,
  mutualExclusion,
  singleEffects,
} from '../src/invariants/index.js'
import type { JobFence } from '../src/jobs/index.js'
import type { Random, Suspended } from '../src/kernel/index.js'
import type { Fence } from '../src/lease/index.js'
import type { Body, Contender, Outcome } from '../src/scenario/index.js'
import { answered, messageParameters } from './lifecycle.js'

/** What the scenarios of failing workers have in common. The defaults leave a job time enough for all that is done for it. */
export const workerParameters = {
  ...messageParameters,
  jobs: {
    default: 10,
    min: 1,
    // The queue looks at each of its jobs at every step: so many take seconds, and ten times as many minutes.
    max: 5_000,
    description: 'jobs that are put into the queue',
  },
  maxAttempts: { default: 4, min: 1, max: 1_000, description: 'how often a job may be taken' },
  ttlMs: { default: 200, min: 4, max: 600_000, description: 'how long a job is its taker’s' },
  workMs: { default: 20, min: 1, max: 600_000, description: 'longest that a job takes when nothing goes wrong' },
  restMs: { default: 10, min: 1, max: 600_000, description: 'longest pause before a worker asks for another job' },
} as const

export type WorkerTimes = { readonly [Name in keyof typeof workerParameters]: number }

export const restartMs = {
  default: 50,
  min: 0,
  max: 600_000,
  description: 'how long a worker that was killed stays down',
} as const

/** Commands without which no job with an effect can be done. */
export const workerNeeds = ['enqueue', 'take', 'complete', 'fail', 'acquire', 'append', 'read'] as const

/** What has to hold whatever happens to the workers. */
export const safety = ({ maxUnanswered, maxAttempts }: WorkerTimes): readonly Invariant[] => [
  effectOnce,
  singleEffects,
  boundedAttempts({ maxUnanswered, maxAttempts }),
  fairJobs({ maxAttempts }),
  fencedWrites,
  mutualExclusion,
  contiguousLog,
]

/** Small worlds, in which leases are as likely as not to run out, and in which effects may have to share a log. */
export function drawn(random: Random) {
  const ttlMs = random.int(20, 120)
  const maxDelayMs = random.pick([0, 1, 2, 4])
  const jobs = random.int(1, 5)
  return {
    nodes: random.int(2, 5),
    spaces: random.int(1, jobs + 1),
    jobs,
    maxAttempts: random.int(1, 4),
    ttlMs,
    workMs: random.pick([ttlMs >> 2, ttlMs >> 1, ttlMs]),
    restMs: random.int(1, 20),
    maxUnanswered: random.int(2, 6),
    minDelayMs: random.pick([0, maxDelayMs >> 1]),
    maxDelayMs,
    timeoutMs: 2 * maxDelayMs + random.int(4, 30),
    durationMs: random.int(500, 2_500),
  }
}

/** What the queue is told after an attempt: that the job is done, that it failed, or nothing, when its worker was lost. */
export type Handled = 'done' | 'failed' | 'lost'

type Steps<R> = Generator<Suspended, R, Outcome>

/** One attempt at a job, from its taking to what the queue is told. */
export type Attempt<P> = (node: Contender, fence: JobFence, p: P) => Steps<Handled>

/** The space whose queue holds the jobs. */
const queueOf = ({ spaces }: Contender): string => spaces[0] as string

/** The space whose log holds the effect of `job`: one each, when there are as many spaces as jobs. */
const logOf = ({ spaces }: Contender, job: number): string => spaces[Math.abs(job % spaces.length)] as string

/** Puts one job into the queue; undefined when nobody answers. */
export function* putIn(node: Contender, p: WorkerTimes): Steps<number | undefined> {
  const outcome = yield answered(node, node.enqueue(queueOf(node)), p)
  node.giveUp()
  return outcome.kind === 'enqueued' ? outcome.job : undefined
}

export function* putInAll(node: Contender, p: WorkerTimes, jobs: number): Body {
  for (let job = 0; job < jobs; job++) yield* putIn(node, p)
}

/** A worker: takes one job at a time, and says that it is done only when all that it was for has happened. */
export function* work<P extends WorkerTimes>(node: Contender, p: P, attempt: Attempt<P>): Body {
  for (;;) {
    const outcome = yield answered(node, node.take(queueOf(node), p.ttlMs, p.maxAttempts), p)
    node.giveUp()
    if (outcome.kind === 'taken') {
      const { fence } = outcome
      const handled = yield* attempt(node, fence, p)
      if (handled !== 'lost') yield answered(node, handled === 'done' ? node.complete(fence) : node.fail(fence), p)
      node.giveUp()
    }
    yield node.sleep(node.random.int(1, p.restMs))
  }
}

/** An attempt at which nothing goes wrong: the effect is written, unless an attempt before has written it. */
export function* doJob(node: Contender, { job }: JobFence, p: WorkerTimes): Steps<Handled> {
  yield node.sleep(node.random.int(1, p.workMs))
  const effect = yield* openEffect(node, job, p)
  if (effect === undefined) return 'lost'
  return effect.written || (yield* writeEffect(node, effect.fence, job, p)) ? 'done' : 'lost'
}

/** The right to write a job's effect, and whether it has been written. */
interface OpenEffect {
  readonly fence: Fence
  readonly written: boolean
}

/** Only who holds the log may write: what is found in it after the lease was granted is all there is. */
export function* openEffect(node: Contender, job: number, p: WorkerTimes): Steps<OpenEffect | undefined> {
  const fence = yield* leaseOn(node, logOf(node, job), p)
  if (fence === undefined) return undefined
  const written = yield* isWritten(node, job, p)
  return written === undefined ? undefined : { fence, written }
}

/** False when the write was refused, or nobody answers. */
export function* writeEffect(node: Contender, fence: Fence, job: number, p: WorkerTimes): Steps<boolean> {
  const outcome = yield answered(node, node.append(fence, 'effect', job), p)
  node.giveUp()
  return outcome.kind === 'appended'
}

/** Longer than any log of effects: a job appears in it once. */
const WHOLE_LOG = 1_000_000

/** Whether the log shows the effect of `job`; undefined when nobody answers. */
export function* isWritten(node: Contender, job: number, p: WorkerTimes): Steps<boolean | undefined> {
  const page = yield answered(node, node.read(logOf(node, job), 0, WHOLE_LOG), p)
  node.giveUp()
  return page.kind === 'events' ? page.events.some(({ payload }) => payload === job) : undefined
}

/** Asks until whoever had it before has to have lost it: the job's own lease would be over by then. */
function* leaseOn(node: Contender, space: string, p: WorkerTimes): Steps<Fence | undefined> {
  const untilMs = node.monotonicMs + p.ttlMs
  for (;;) {
    const outcome = yield answered(node, node.acquire(space, p.ttlMs), p)
    node.giveUp()
    if (outcome.kind === 'granted') return outcome.fence
    if (outcome.kind !== 'lease-held' || node.monotonicMs >= untilMs) return undefined
    yield node.sleep(node.random.int(1, p.restMs))
  }
}

/** The worker's process ends here; a new one comes after `restartMs`. */
export function* killed(node: Contender, p: { readonly restartMs: number }): Steps<void> {
  node.crash(0, p.restartMs)
  yield node.sleep(1)
}

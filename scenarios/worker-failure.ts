import { promptJobs } from '../src/invariants/index.js'
import type { JobFence } from '../src/jobs/index.js'
import type { Suspended } from '../src/kernel/index.js'
import { type Body, type Contender, defineScenario, type Outcome, workload } from '../src/scenario/index.js'
import { lifecycleNetwork } from './lifecycle.js'
import {
  doJob,
  drawn,
  type Handled,
  isWritten,
  killed,
  openEffect,
  putIn,
  putInAll,
  restartMs,
  safety,
  type WorkerTimes,
  work,
  workerNeeds,
  workerParameters,
  writeEffect,
} from './worker.js'

/*
 * What becomes of jobs when workers fail, as in production: a job is acknowledged after its effect, given to another
 * worker when its own is lost, acknowledged as failed when it fails, and a worker takes one at a time. Node 0 is the
 * application that puts the jobs in; the others are workers. What strikes a worker is placed by what it has just done.
 * The same is done to real processes by `contention verify`.
 */

const base = { ...workload({ nodes: 4, spaces: 10, durationMs: 10_000 }), ...workerParameters } as const
const withRunaway = {
  ...base,
  ...workload({ nodes: 4, spaces: 12, durationMs: 10_000 }),
  // What has run into its time limit is acknowledged: it would do so again.
  maxAttempts: { ...workerParameters.maxAttempts, default: 1 },
} as const

/** Every job fails whenever it is tried: it is tried as often as it may be, and is a dead letter then, without effect. */
export const workerFailurePoison = defineScenario({
  name: 'worker-failure-poison',
  description: 'jobs that always fail: tried as often as they may be, then dead letters, without side effects',
  parameters: base,
  needs: workerNeeds,
  network: lifecycleNetwork,
  explore: drawn,
  *node(node: Contender, p): Body {
    if (node.index === 0) return yield* putInAll(node, p, p.jobs)
    yield* work(node, p, function* () {
      yield node.sleep(node.random.int(1, p.workMs))
      return 'failed'
    })
  },
  invariants: safety,
})

/** A worker writes the effect of a job and goes down before it has said so: whoever is given the job next finds the effect. */
export const workerFailureCrash = defineScenario({
  name: 'worker-failure-crash-before-acknowledging',
  description:
    'workers crash after the side effect and before acknowledging: jobs are redelivered, effects are not doubled',
  parameters: { ...base, restartMs },
  needs: workerNeeds,
  network: lifecycleNetwork,
  explore: (random) => ({ ...drawn(random), restartMs: random.int(0, 100) }),
  *node(node: Contender, p): Body {
    if (node.index === 0) return yield* putInAll(node, p, p.jobs)
    yield* work(node, p, crashBeforeAcknowledging)
  },
  invariants: safety,
})

function* crashBeforeAcknowledging(
  node: Contender,
  fence: JobFence,
  p: WorkerTimes & { readonly restartMs: number },
): Generator<Suspended, Handled, Outcome> {
  const handled = yield* doJob(node, fence, p)
  if (handled === 'done' && fence.epoch === 1) yield* killed(node, p)
  return handled
}

/**
 * The first jobs never end on their own. A worker gives such a job up at its soft limit; with one that does not heed it,
 * the worker is killed at the hard one. Meanwhile all other jobs, the sentinels, get their turn.
 */
export const workerFailureRunaway = defineScenario({
  name: 'worker-failure-runaway',
  description: 'a job that never ends is stopped by a time limit; no other job has to wait for it longer than a bound',
  parameters: {
    ...withRunaway,
    restartMs,
    jobs: { ...base.jobs, description: 'sentinels: jobs that end, and come behind those that do not' },
    runaways: { default: 2, min: 0, max: 1_000, description: 'jobs that never end on their own' },
    stubborn: { default: 1, min: 0, max: 1_000, description: 'how many of those do not heed the soft limit' },
    softLimitMs: {
      default: 60,
      min: 1,
      max: 21_600_000,
      description: 'after which a worker gives a job up; below the TTL',
    },
    hardLimitMs: {
      default: 120,
      min: 1,
      max: 21_600_000,
      description: 'after which a worker is killed with its job; above the soft limit and below the TTL',
    },
    maxWaitMs: { default: 2_000, min: 1, max: 21_600_000, description: 'longest a job may wait for its first turn' },
  },
  needs: workerNeeds,
  network: lifecycleNetwork,
  explore(random) {
    const small = drawn(random)
    return {
      ...small,
      restartMs: random.int(0, 100),
      runaways: random.int(1, 2),
      stubborn: random.int(0, 2),
      softLimitMs: random.int(1, small.ttlMs),
      hardLimitMs: random.int(1, 2 * small.ttlMs),
      // What is drawn may leave no worker alive: then nobody can be prompt, and what is left to break is safety.
      maxWaitMs: small.durationMs,
    }
  },
  *node(node: Contender, p): Body {
    if (node.index === 0) return yield* putInAll(node, p, p.runaways + p.jobs)
    yield* work(node, p, function* (_, fence) {
      if (fence.job >= p.runaways) return yield* doJob(node, fence, p)
      yield node.sleep(fence.job < p.stubborn ? p.hardLimitMs : p.softLimitMs)
      if (fence.job >= p.stubborn) return 'failed'
      yield* killed(node, p)
      return 'lost'
    })
  },
  invariants: (p) => [...safety(p), promptJobs({ boundMs: p.maxWaitMs })],
})

/**
 * Whoever is the first to have a job is paused right before it writes, for longer than its lease; another does the job;
 * the first wakes up and writes all the same. The jobs come one after the other, so that somebody is always awake.
 */
export const workerFailureZombie = defineScenario({
  name: 'worker-failure-zombie',
  description:
    'workers are paused past their leases, others do the jobs, and what the first write afterwards is refused',
  parameters: {
    ...base,
    ...workload({ nodes: 3, spaces: 10, durationMs: 20_000 }),
    pauseMs: {
      default: 500,
      min: 1,
      max: 600_000,
      description: 'how long a worker does nothing: the TTL, and the time in which another does the job',
    },
  },
  needs: workerNeeds,
  network: lifecycleNetwork,
  explore(random) {
    const small = drawn(random)
    return { ...small, pauseMs: random.int(1, 4 * small.ttlMs) }
  },
  *node(node: Contender, p): Body {
    if (node.index === 0) return yield* putInOneByOne(node, p)
    yield* work(node, p, pausedBeforeWriting)
  },
  invariants: safety,
})

function* pausedBeforeWriting(
  node: Contender,
  fence: JobFence,
  p: WorkerTimes & { readonly pauseMs: number },
): Generator<Suspended, Handled, Outcome> {
  if (fence.epoch > 1) return yield* doJob(node, fence, p)
  const effect = yield* openEffect(node, fence.job, p)
  if (effect === undefined) return 'lost'
  if (effect.written) return 'done'
  node.pause(0, p.pauseMs)
  yield node.sleep(1)
  return (yield* writeEffect(node, effect.fence, fence.job, p)) ? 'done' : 'lost'
}

/** The next job comes when somebody has done the one before, and whoever was paused over it is awake again. */
function* putInOneByOne(node: Contender, p: WorkerTimes & { readonly pauseMs: number }): Body {
  for (let count = 0; count < p.jobs; count++) {
    const job = yield* putIn(node, p)
    if (job === undefined) continue
    while (!(yield* isWritten(node, job, p))) yield node.sleep(p.restMs)
    yield node.sleep(p.pauseMs)
  }
}

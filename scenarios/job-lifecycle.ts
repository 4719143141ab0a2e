import {
  boundedAttempts,
  effectOnce,
  epochsGrow,
  fairJobs,
  genuineTokens,
  writesAccepted,
} from '../src/invariants/index.js'
import type { JobFence } from '../src/jobs/index.js'
import type { Suspended } from '../src/kernel/index.js'
import { type Body, type Contender, defineScenario, workload } from '../src/scenario/index.js'
import { answered, calmFromMs, lifecycleNetwork, lifecycleParameters } from './lifecycle.js'

const parameters = {
  ...workload({ nodes: 3, spaces: 1, durationMs: 4_000 }),
  ...lifecycleParameters,
  jobs: { default: 3, min: 0, max: 10_000, description: 'jobs that each node puts into the queue when it starts' },
  maxAttempts: { default: 3, min: 1, max: 1_000, description: 'how often a job may be taken' },
  ttlMs: { default: 40, min: 4, max: 600_000, description: 'how long a job is its taker’s' },
  workMs: { default: 30, min: 1, max: 600_000, description: 'longest that a job takes' },
  restMs: { default: 20, min: 1, max: 600_000, description: 'longest pause before a worker asks for another job' },
  failPerMille: { default: 200, min: 0, max: 1_000, description: 'jobs, of 1000, that are given back undone' },
  crashPerMille: {
    default: 100,
    min: 0,
    max: 1_000,
    description: 'jobs, of 1000, that take their worker down with them',
  },
  forgePerMille: {
    default: 0,
    min: 0,
    max: 1_000,
    description: 'jobs, of 1000, whose worker first shows a fence that was made up',
  },
} as const

/**
 * Jobs: work that is a lease per job with a bounded number of attempts. Workers take, complete, fail, are too slow, or go
 * down with their job.
 */
export const jobLifecycle = defineScenario({
  name: 'job-lifecycle',
  description: 'enqueue, take, complete, fail: work that is a lease per job, for exploration',
  parameters,
  needs: ['enqueue', 'take', 'complete'],
  network: lifecycleNetwork,
  calmFromMs,
  explore(random) {
    const ttlMs = random.int(8, 80)
    const maxDelayMs = random.pick([0, 1, 2, 4, 8])
    return {
      nodes: random.int(2, 4),
      spaces: random.pick([1, 1, 1, 2]),
      jobs: random.int(1, 4),
      maxAttempts: random.int(1, 4),
      ttlMs,
      workMs: random.pick([ttlMs >> 1, ttlMs, 2 * ttlMs]),
      restMs: random.int(1, 40),
      failPerMille: random.pick([0, 100, 400]),
      crashPerMille: random.pick([0, 100, 400]),
      maxUnanswered: random.int(2, 6),
      minDelayMs: random.pick([0, maxDelayMs >> 1]),
      maxDelayMs,
      timeoutMs: 2 * maxDelayMs + random.int(4, 30),
      calmMs: 1_500,
      durationMs: 1_500 + random.int(200, 1_000),
      forgePerMille: random.pick([0, 100, 400]),
    }
  },
  *node(node: Contender, p): Body {
    if (!node.can('take') || !node.can('complete')) return
    const space = node.spaces[node.index % node.spaces.length] as string
    if (node.can('enqueue')) {
      for (let job = 0; job < p.jobs; job++) {
        yield answered(node, node.enqueue(space), p)
        node.giveUp()
      }
    }
    for (let idle = 0; !(node.calm && idle > 3); ) {
      const outcome = yield answered(node, node.take(space, p.ttlMs, p.maxAttempts), p)
      node.giveUp()
      idle = outcome.kind === 'idle' ? idle + 1 : 0
      if (outcome.kind === 'taken') {
        const { fence } = outcome
        if (!node.calm && node.random.chance(p.crashPerMille)) {
          const [afterMs, downMs] = [node.random.int(1, p.workMs), node.random.int(1, p.ttlMs)]
          node.spawn((other) => crash(other, afterMs, downMs))
        }
        yield node.sleep(node.random.int(1, p.workMs))
        // No draw where nothing is forged: what was found before this could be is found again.
        if (p.forgePerMille > 0 && node.random.chance(p.forgePerMille)) {
          yield forged(node, fence, p)
          node.giveUp()
        }
        const gives = node.can('fail') && node.random.chance(p.failPerMille)
        yield answered(node, gives ? node.fail(fence) : node.complete(fence), p)
        node.giveUp()
      }
      yield node.sleep(node.random.int(1, p.restMs))
    }
  },
  invariants: (p) => [
    epochsGrow,
    effectOnce,
    boundedAttempts(p),
    fairJobs(p),
    genuineTokens,
    writesAccepted({ calmFromMs: calmFromMs(p) }),
  ],
})

/** Has a worker crash while it works, unless the calm has begun by then. */
function* crash(node: Contender, afterMs: number, downMs: number): Body {
  yield node.sleep(afterMs)
  if (!node.calm) node.crash(0, downMs)
}

/** Says that a job is over, with another token than that of its taking, or of a job that this worker may never have had. */
function forged(
  node: Contender,
  fence: JobFence,
  p: Readonly<Record<'nodes' | 'jobs' | 'maxAttempts', number>>,
): Suspended {
  const { random, owner } = node
  const guessed = random.chance(500) || fence.token === ''
  const made = guessed
    ? {
        ...fence,
        owner,
        job: random.int(0, p.nodes * p.jobs),
        epoch: random.int(1, p.maxAttempts + 1),
        token: 'made up',
      }
    : { ...fence, token: `${fence.token}.` }
  return node.can('fail') && random.chance(300) ? node.fail(made) : node.complete(made)
}

import { epochsGrow, mutualExclusion, noStarvation, serviceOrder } from '../src/invariants/index.js'
import { type Body, type Contender, defineScenario, workload } from '../src/scenario/index.js'
import { retryAfterMs } from './retry.js'

/**
 * Holders crash without a word. Their leases have to run out before anybody may take over, while many claimants queue
 * and ask again, less and less often. Whoever asked first is served first, and nobody waits for ever.
 */
export const takeoverQueueRetryPressure = defineScenario({
  name: 'takeover-queue-retry-pressure',
  description: 'holders crash; many claimants queue and retry with capped exponential backoff and jitter',
  needs: ['acquire', 'release', 'queue'],
  parameters: {
    ...workload({ nodes: 24, spaces: 4, durationMs: 60_000 }),
    ttlMs: {
      default: 600,
      min: 10,
      max: 3_600_000,
      description: 'how long a grant lasts: what a crash costs at least',
    },
    holdMs: { default: 250, min: 1, max: 3_600_000, description: 'longest a holder keeps the lease; below the TTL' },
    crashPerMille: { default: 350, min: 0, max: 1_000, description: 'holders, of 1000, that crash while they hold' },
    restartMs: { default: 900, min: 1, max: 3_600_000, description: 'longest a crashed node stays down' },
    backoffBaseMs: { default: 40, min: 1, max: 600_000, description: 'first step of the backoff' },
    backoffCapMs: { default: 400, min: 1, max: 600_000, description: 'highest step of the backoff' },
    maxWaitMs: { default: 12_000, min: 1, max: 21_600_000, description: 'longest a claimant may have to wait' },
  },
  network: () => ({
    requestDelayMs: [1, 8],
    replyDelayMs: [1, 8],
    requestLossPerMille: 8,
    replyLossPerMille: 8,
    timeoutMs: 40,
  }),
  *node(node: Contender, p): Body {
    const space = node.spaces[node.index % node.spaces.length] as string
    const backoff = { baseMs: p.backoffBaseMs, capMs: p.backoffCapMs }
    const queueMs = placeMs(p)
    for (;;) {
      let outcome = yield node.acquire(space, p.ttlMs, queueMs)
      let unanswered = 0
      for (let attempt = 1; outcome.kind !== 'granted'; attempt++) {
        const { kind } = outcome
        unanswered = kind === 'timeout' ? unanswered + 1 : 0
        // First in the queue, and the epoch is known: what is left is to take over, if nobody else was quicker.
        const next = kind === 'lease-held' && outcome.position === 1 ? outcome : undefined
        yield node.sleep(retryAfterMs(node, attempt, unanswered, backoff))
        if (kind === 'timeout') outcome = yield node.resend()
        else if (next === undefined) outcome = yield node.acquire(space, p.ttlMs, queueMs)
        else outcome = yield node.claim(space, next.epoch, p.ttlMs)
      }
      const { fence } = outcome

      if (node.random.chance(p.crashPerMille)) {
        node.crash(node.random.int(0, p.holdMs), node.random.int(1, p.restartMs))
      }
      yield node.sleep(node.random.int(1, p.holdMs))
      yield node.release(fence)
      yield node.sleep(node.random.int(1, p.holdMs))
    }
  },
  invariants: (p) => [
    mutualExclusion,
    epochsGrow,
    serviceOrder({ queueMs: placeMs(p) }),
    noStarvation({ boundMs: p.maxWaitMs }),
  ],
})

/** A place in the queue must outlast the longest silence between two requests: a capped backoff, twice a timeout, twice. */
function placeMs({ backoffCapMs }: { readonly backoffCapMs: number }): number {
  return 2 * backoffCapMs + 160
}

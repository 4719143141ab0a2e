import { epochsGrow, fencedWrites, genuineTokens, mutualExclusion } from '../src/invariants/index.js'
import type { Fault } from '../src/kernel/index.js'
import { type Body, type Contender, defineScenario, workload } from '../src/scenario/index.js'
import { retryAfterMs } from './retry.js'

/**
 * Holders renew on an interval with jitter, over a network that is slow and loses messages. A holder that is paused or
 * cut off renews too late and has lost the lease; the others queue for it.
 */
export const leaseRenewalContention = defineScenario({
  name: 'lease-renewal-contention',
  description: 'holders renew on an interval over a slow and lossy network while others queue for the lease',
  needs: ['acquire', 'renew', 'release'],
  parameters: {
    ...workload({ nodes: 16, spaces: 4, durationMs: 60_000 }),
    ttlMs: { default: 1_500, min: 10, max: 3_600_000, description: 'how long a grant or renewal lasts' },
    renewEveryMs: { default: 450, min: 1, max: 3_600_000, description: 'pause between two renewals of a holder' },
    renewJitterMs: { default: 90, min: 0, max: 600_000, description: 'most that is drawn on top of each pause' },
    renewals: { default: 5, min: 1, max: 100_000, description: 'renewals before a holder gives the lease back' },
    lossPerMille: { default: 20, min: 0, max: 900, description: 'messages lost, of 1000, each way' },
    maxDelayMs: { default: 25, min: 1, max: 60_000, description: 'slowest message, each way' },
    stalls: { default: 64, min: 0, max: 100_000, description: 'times a node is paused or cut off for about a TTL' },
  },
  network: ({ lossPerMille, maxDelayMs }) => ({
    requestDelayMs: [1, maxDelayMs],
    replyDelayMs: [1, maxDelayMs],
    requestLossPerMille: lossPerMille,
    replyLossPerMille: lossPerMille,
    timeoutMs: 3 * maxDelayMs,
  }),
  faults: ({ nodes, durationMs, ttlMs, stalls }, random) =>
    Array.from({ length: stalls }, (): Fault => {
      const node = random.int(0, nodes - 1)
      const atMs = random.int(0, durationMs)
      const stallMs = random.int(Math.ceil(ttlMs / 2), 2 * ttlMs)
      return random.chance(500)
        ? { kind: 'pause', node, atMs, durationMs: stallMs }
        : { kind: 'partition', nodes: [node], atMs, durationMs: stallMs }
    }),
  *node(node: Contender, p): Body {
    const space = node.spaces[node.index % node.spaces.length] as string
    const backoff = { baseMs: 20, capMs: p.renewEveryMs }
    for (;;) {
      let outcome = yield node.acquire(space, p.ttlMs, p.ttlMs)
      let unanswered = 0
      for (let attempt = 1; outcome.kind !== 'granted'; attempt++) {
        unanswered = outcome.kind === 'timeout' ? unanswered + 1 : 0
        yield node.sleep(retryAfterMs(node, attempt, unanswered, backoff))
        outcome = yield unanswered > 0 ? node.resend() : node.acquire(space, p.ttlMs, p.ttlMs)
      }
      const { fence } = outcome

      let holding = true
      for (let renewals = 0; holding && renewals < p.renewals; renewals++) {
        yield node.sleep(p.renewEveryMs + node.random.int(0, p.renewJitterMs))
        outcome = yield node.insist(node.renew(fence, p.ttlMs))
        holding = outcome.kind === 'renewed'
      }
      if (holding) yield node.release(fence)
      yield node.sleep(node.random.int(1, p.renewEveryMs))
    }
  },
  invariants: () => [mutualExclusion, epochsGrow, fencedWrites, genuineTokens],
})

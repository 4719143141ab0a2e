import { defineScenario, epochsGrow, fencedWrites, mutualExclusion, workload } from 'contention'
import { fewWrites } from './few-writes.js'

export default defineScenario({
  name: 'shard-handover',
  description: 'workers take turns at shards; a long pause makes one of them late',
  parameters: {
    ...workload({ nodes: 16, spaces: 4, durationMs: 60_000 }),
    ttlMs: { default: 500, min: 10, max: 60_000, description: 'how long a lease lasts' },
    pausePerMille: { default: 20, min: 0, max: 1_000, description: 'writes, of 1000, before which a worker stalls' },
  },
  needs: ['acquire', 'append', 'release'], // subjects without these are not asked
  network: () => ({
    requestDelayMs: [1, 15],
    replyDelayMs: [1, 15],
    replyLossPerMille: 10,
    timeoutMs: 60,
  }),
  *node(node, { ttlMs, pausePerMille }) {
    for (;;) {
      const outcome = yield node.acquire(node.random.pick(node.spaces), ttlMs)
      if (outcome.kind === 'granted') {
        for (let write = 0; write < 8; write++) {
          if (node.random.chance(pausePerMille)) node.pause(0, 2 * ttlMs)
          yield node.sleep(20)
          const reply = yield node.insist(node.append(outcome.fence, 'row', write))
          if (reply.kind !== 'appended') break
        }
        yield node.release(outcome.fence)
      }
      yield node.sleep(node.random.int(10, 100))
    }
  },
  invariants: () => [mutualExclusion, epochsGrow, fencedWrites, fewWrites(8)],
})

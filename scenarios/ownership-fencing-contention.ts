import { contiguousLog, epochsGrow, fencedWrites, genuineTokens, mutualExclusion } from '../src/invariants/index.js'
import type { Suspended } from '../src/kernel/index.js'
import type { Fence } from '../src/lease/index.js'
import { type Body, type Contender, defineScenario, type Outcome, workload } from '../src/scenario/index.js'

/** What a node remembers of a space: its own last fence there, and the ownership that a refusal has told it of. */
interface Memory {
  fence: Fence | undefined
  epoch: number
  owner: string
}

/**
 * Nodes contend for spaces and write under them. Some are paused beyond their TTL, wake up, and go on writing with a
 * fence that is old by then; some claim a live lease at its current epoch; some write with a token they made up. Every
 * kind of refusal occurs, and nothing wrong is accepted.
 */
export const ownershipFencingContention = defineScenario({
  name: 'ownership-fencing-contention',
  description: 'paused holders wake up and write with old fences; others claim live leases and forge tokens',
  needs: ['acquire', 'claim', 'append', 'release'],
  parameters: {
    ...workload({ nodes: 16, spaces: 4, durationMs: 60_000 }),
    ttlMs: { default: 400, min: 10, max: 3_600_000, description: 'how long a grant lasts; nobody renews' },
    writes: { default: 6, min: 1, max: 100_000, description: 'events a holder wants to append before it releases' },
    writeEveryMs: { default: 15, min: 1, max: 600_000, description: 'pause between two appends' },
    pausePerMille: {
      default: 25,
      min: 0,
      max: 1_000,
      description: 'appends, of 1000, before which the node is paused',
    },
    maxPauseMs: { default: 1_200, min: 1, max: 3_600_000, description: 'longest pause' },
    roguePerMille: { default: 300, min: 0, max: 1_000, description: 'refused nodes, of 1000, that try to cheat' },
    duplicatePerMille: { default: 20, min: 0, max: 900, description: 'requests, of 1000, that arrive twice' },
  },
  network: ({ duplicatePerMille }) => ({
    // Wide enough that the second copy of a request may come after the next request of the same node.
    requestDelayMs: [1, 45],
    replyDelayMs: [1, 10],
    requestLossPerMille: 5,
    replyLossPerMille: 5,
    requestDuplicatePerMille: duplicatePerMille,
    timeoutMs: 80,
  }),
  *node(node: Contender, p): Body {
    const memories = new Map<string, Memory>()
    for (;;) {
      const space = node.random.pick(node.spaces)
      const memory = memories.get(space) ?? { fence: undefined, epoch: 0, owner: node.name }
      memories.set(space, memory)
      let outcome = yield node.acquire(space, p.ttlMs, node.random.chance(500) ? p.ttlMs : 0)
      learn(memory, outcome)
      if (outcome.kind === 'granted') {
        const { fence } = outcome
        let writing = true
        for (let written = 0; writing && written < p.writes; written++) {
          if (node.random.chance(p.pausePerMille)) node.pause(0, node.random.int(1, p.maxPauseMs))
          yield node.sleep(p.writeEveryMs)
          outcome = yield node.insist(node.append(fence, 'write', written))
          learn(memory, outcome)
          writing = outcome.kind === 'appended'
        }
        if (writing) yield node.release(fence)
      } else if (node.random.chance(p.roguePerMille)) {
        learn(memory, yield cheat(node, space, memory, p.ttlMs))
      }
      yield node.sleep(node.random.int(10, 320))
    }
  },
  invariants: () => [mutualExclusion, epochsGrow, fencedWrites, genuineTokens, contiguousLog],
})

/** What a node that has been refused may try instead: all of it wrong, and to be refused in its own way. */
function cheat(node: Contender, space: string, { fence, epoch, owner }: Memory, ttlMs: number): Suspended {
  switch (node.random.int(0, 4)) {
    case 0:
      return fence === undefined ? node.claim(space, epoch, ttlMs) : node.append(fence, 'late', node.index)
    case 1:
      return node.claim(space, epoch, ttlMs)
    case 2:
      return node.claim(space, epoch + 1_000, ttlMs)
    case 3:
      return node.append({ space, owner: node.name, epoch, token: fence?.token ?? 'none' }, 'usurped', node.index)
    default:
      return node.append({ space, owner, epoch, token: `forged by ${node.name}` }, 'forged', node.index)
  }
}

/** Takes from an outcome what it tells of who owns the space now. */
function learn(memory: Memory, outcome: Outcome): void {
  switch (outcome.kind) {
    case 'granted':
      memory.fence = outcome.fence
      memory.epoch = outcome.fence.epoch
      memory.owner = outcome.fence.owner
      return
    case 'lease-held':
      memory.epoch = outcome.epoch
      memory.owner = outcome.owner
      return
    case 'queued':
      memory.epoch = outcome.epoch
      return
    case 'stale-owner':
      memory.epoch = outcome.currentEpoch
      return
    case 'split-brain':
      memory.owner = outcome.currentOwner
      return
  }
}

import type { Command, Reply } from '../../src/protocol/index.js'
import { type DirectCore, memoryCore } from '../../src/stores/index.js'
import { defineSubject, type Subject } from '../../src/subject/index.js'

/**
 * The built-in core with one thing wrong. `change` sees every reply, and may ask the core for another.
 */
function broken(
  name: string,
  change: (command: Command, reply: Reply, core: DirectCore, nowMs: number) => Reply,
): () => Subject {
  return () => ({
    name,
    core: ({ mint }) => {
      const core = memoryCore(mint)
      return { execute: (command, nowMs) => change(command, core.execute(command, nowMs), core, nowMs) }
    },
  })
}

const isWrite = ({ kind }: Command): boolean => kind === 'append' || kind === 'checkpoint' || kind === 'truncate'

/** Says yes to whoever asks while the lease of another is live. */
export const grantsWhileLive = broken('grants while live', (command, reply) =>
  command.kind === 'acquire' && reply.kind === 'lease-held'
    ? {
        kind: 'granted',
        fence: { space: command.space, owner: command.owner, epoch: reply.epoch + 1, token: 'made up' },
        grantedAtMs: 0,
        expiresAtMs: reply.expiresAtMs + command.ttlMs,
      }
    : reply,
)

/** Counts epochs anew every ten grants. */
export const reusesEpochs = broken('reuses epochs', (_command, reply) =>
  reply.kind === 'granted' ? { ...reply, fence: { ...reply.fence, epoch: ((reply.fence.epoch - 1) % 10) + 1 } } : reply,
)

/** Takes a write whatever its epoch: the resource that ignores the fence. */
export const ignoresEpochs = broken('ignores epochs', (command, reply) =>
  isWrite(command) && reply.kind === 'stale-owner' ? { kind: 'appended', seq: 0 } : reply,
)

/** Looks at the owner's name in the fence, but not at who sent it, nor at the token. */
export const ignoresTokens = broken('ignores tokens', (command, reply) =>
  isWrite(command) && reply.kind === 'invalid-token' ? { kind: 'appended', seq: 0 } : reply,
)

/** Loses count of its log now and then. */
export const skipsSeqs = broken('skips seqs', (_command, reply) =>
  reply.kind === 'appended' && reply.seq % 50 === 49 ? { ...reply, seq: reply.seq + 1 } : reply,
)

/** Replays from one event too late: the one right after the checkpoint is missing. */
export const forgetsOneEvent = broken('forgets one event', (_command, reply) =>
  reply.kind === 'loaded' && reply.checkpoint !== undefined && reply.checkpoint.nextSeq < reply.nextSeq
    ? { ...reply, checkpoint: { ...reply.checkpoint, nextSeq: reply.checkpoint.nextSeq + 1 } }
    : reply,
)

/** Gives a free space to whoever comes first, whatever queue there is. */
export const ignoresTheQueue = broken('ignores the queue', (command, reply, core, nowMs) => {
  if (command.kind !== 'acquire' || reply.kind !== 'queued') return reply
  // As somebody else, from nowhere: the queue of the core is only passed by its head.
  return core.execute({ ...command, owner: reply.ahead, session: `${command.session}!` }, nowMs).kind === 'granted'
    ? {
        kind: 'granted',
        fence: { space: command.space, owner: command.owner, epoch: reply.epoch + 1, token: 'jumped' },
        grantedAtMs: nowMs,
        expiresAtMs: nowMs + command.ttlMs,
      }
    : reply
})

/** Never grants anything to one node. */
export const starvesOneNode = broken('starves one node', (_command, reply, core, nowMs) => {
  if (reply.kind !== 'granted' || reply.fence.owner !== 'node-5') return reply
  core.execute({ kind: 'release', fence: reply.fence, session: 'nobody', request: nowMs + 1 }, nowMs)
  return {
    kind: 'lease-held',
    owner: 'node-1',
    epoch: reply.fence.epoch,
    expiresAtMs: nowMs + 1,
    position: 0,
    keptUntilMs: 0,
  } as const
})

/** On nodes: it locks in one step, and unlocks in the next, between which the node may crash. */
export const locksInTwoSteps = defineSubject({
  name: 'sets, then expires',
  runsOn: 'nodes',
  core({ durable, step, builtIn }) {
    const locked = durable('locked', () => new Set<string>())
    return {
      ...builtIn.core,
      async acquire(command) {
        const { space } = command
        if (await step(() => locked.has(space) || !locked.add(space))) return { kind: 'lease-held' }
        return step((nowMs) => {
          locked.delete(space)
          return builtIn.core.acquire(command, nowMs)
        })
      },
    }
  },
})

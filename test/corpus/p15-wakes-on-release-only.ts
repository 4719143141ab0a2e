import { defineSubject } from './machine.js'

/** Waiters are woken by a release alone, not when the lease runs out: redisson #3829, #3730. */
export default defineSubject({
  name: 'P15 waiters wake only on an explicit release',
  core({ builtIn, durable }) {
    const asleep = durable('asleep', () => new Map<string, number>())
    return {
      ...builtIn.core,
      acquire(command, nowMs) {
        const lease = builtIn.spaces.get(command.space)?.record.lease
        const others = lease !== undefined && lease.owner !== command.owner
        if (others && asleep.get(command.space) === lease.epoch) return { kind: 'lease-held' }
        const reply = builtIn.core.acquire(command, nowMs)
        if (reply.kind === 'lease-held') asleep.set(command.space, reply.epoch)
        return reply
      },
      release(command, nowMs) {
        const reply = builtIn.core.release(command, nowMs)
        if (reply.kind === 'released') asleep.delete(command.fence.space)
        return reply
      },
      claim: (command, nowMs) =>
        asleep.get(command.space) === command.expectedEpoch
          ? { kind: 'lease-held' }
          : builtIn.core.claim(command, nowMs),
    }
  },
})

import { defineSubject } from './machine.js'

/** The next epoch is read and counted on in two accesses of its own: two that do so at once have the same. */
export default defineSubject({
  name: 'X21 the epoch is counted apart',
  core({ builtIn, step, durable }) {
    const epochs = durable('epochs', () => new Map<string, number>())
    return {
      ...builtIn.core,
      async acquire(command) {
        const { space: name } = command
        const epoch = await step(() => epochs.get(name) ?? 0)
        await step(() => epochs.set(name, epoch + 1))
        return step((nowMs) => {
          const space = builtIn.spaces.get(name)
          const lease = space?.record.lease
          const isFree = lease !== undefined && lease.expiresAtMs <= nowMs
          if (space !== undefined && isFree) space.record = { ...space.record, lease: { ...lease, epoch } }
          return builtIn.core.acquire(command, nowMs)
        })
      },
    }
  },
})

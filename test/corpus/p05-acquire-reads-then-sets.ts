import { defineSubject } from './machine.js'

/** An acquire that has read that the space is free sets it without looking again: surrealdb #6501. */
export default defineSubject({
  name: 'P05 acquire reads, then sets',
  core({ builtIn }) {
    const sawFree = new Set<string>()
    return {
      ...builtIn.core,
      acquire(command, nowMs) {
        const space = builtIn.spaces.get(command.space)
        const lease = space?.record.lease
        const key = `${command.owner} ${command.space}`
        if (sawFree.delete(key)) {
          if (space !== undefined && lease !== undefined) {
            const free = { ...lease, expiresAtMs: Math.min(nowMs, lease.expiresAtMs), waiters: [] }
            space.record = { ...space.record, lease: free }
          }
          return builtIn.core.acquire(command, nowMs)
        }
        if (lease !== undefined && nowMs < lease.expiresAtMs) return builtIn.core.acquire(command, nowMs)
        sawFree.add(key)
        return { kind: 'lease-held' }
      },
    }
  },
})

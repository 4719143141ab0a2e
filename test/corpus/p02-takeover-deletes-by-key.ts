import { defineSubject } from './machine.js'

/** A claimant that has seen a stale lock deletes whatever lies under its key by then, and creates its own: proper-lockfile #121. */
export default defineSubject({
  name: 'P02 takeover deletes by key, then creates',
  core({ builtIn }) {
    const deleting = new Set<string>()
    return {
      ...builtIn.core,
      acquire(command, nowMs) {
        const space = builtIn.spaces.get(command.space)
        const lease = space?.record.lease
        const key = `${command.owner} ${command.space}`
        if (space === undefined || lease === undefined || lease.epoch === 0) {
          return builtIn.core.acquire(command, nowMs)
        }
        if (deleting.delete(key)) {
          space.record = { ...space.record, lease: { ...lease, expiresAtMs: Math.min(nowMs, lease.expiresAtMs) } }
        } else if (lease.expiresAtMs <= nowMs) {
          deleting.add(key)
          return { kind: 'lease-held' }
        }
        return builtIn.core.acquire(command, nowMs)
      },
    }
  },
})

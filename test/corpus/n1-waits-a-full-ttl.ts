import { defineSubject } from './machine.js'

/** A claimant waits a full TTL from when it first saw the record, whatever the record says: client-go #448. */
export default defineSubject({
  name: 'N1 a claimant waits a full TTL after it first saw the record',
  core({ builtIn, durable }) {
    const firstSeen = durable('first seen', () => new Map<string, { readonly record: string; readonly atMs: number }>())
    return {
      ...builtIn.core,
      acquire(command, nowMs) {
        const lease = builtIn.spaces.get(command.space)?.record.lease
        if (lease === undefined || lease.epoch === 0 || lease.owner === command.owner)
          return builtIn.core.acquire(command, nowMs)
        const key = `${command.owner} ${command.space}`
        const record = `${lease.epoch} ${lease.expiresAtMs}`
        const seen = firstSeen.get(key)
        if (seen?.record !== record) firstSeen.set(key, { record, atMs: nowMs })
        const sinceMs = seen?.record === record ? seen.atMs : nowMs
        const released = lease.expiresAtMs <= nowMs && nowMs - sinceMs >= command.ttlMs
        return released || nowMs < lease.expiresAtMs ? builtIn.core.acquire(command, nowMs) : { kind: 'lease-held' }
      },
    }
  },
})

import { defineSubject } from 'contention'

interface Lock {
  session: string
  owner: string
  request: number
  epoch: number
  expiresAtMs: number
}

/** A lock with a time to live. It has no claim, no queue and no log of its own. */
export default defineSubject({
  name: 'my-lease',
  core({ durable }) {
    const locks = durable('locks', () => new Map<string, Lock>())
    /** By session, its latest acquire: what comes later with an older number is late, and takes no effect. */
    const latest = durable('latest', () => new Map<string, number>())
    const granted = ({ epoch, expiresAtMs }: Lock) => ({ kind: 'granted', fence: { epoch }, expiresAtMs }) as const
    return {
      acquire({ space, owner, session, request, ttlMs }, nowMs) {
        const lock = locks.get(space)
        if (lock?.session === session && lock.request === request) return granted(lock)
        if (request <= (latest.get(session) ?? -1)) return { kind: 'superseded' }
        latest.set(session, request)
        if (lock !== undefined && nowMs < lock.expiresAtMs) return { kind: 'lease-held', expiresAtMs: lock.expiresAtMs }
        const next = { session, owner, request, epoch: (lock?.epoch ?? 0) + 1, expiresAtMs: nowMs + ttlMs }
        locks.set(space, next)
        return granted(next)
      },
      renew({ fence, ttlMs }, nowMs) {
        const lock = locks.get(fence.space)
        if (lock?.epoch !== fence.epoch || nowMs >= lock.expiresAtMs) return { kind: 'lease-expired' }
        if (lock.owner !== fence.owner) return { kind: 'split-brain' }
        lock.expiresAtMs = nowMs + ttlMs
        return { kind: 'renewed', expiresAtMs: lock.expiresAtMs }
      },
      release({ fence }, nowMs) {
        const lock = locks.get(fence.space)
        if (lock?.epoch === fence.epoch && lock.owner === fence.owner) lock.expiresAtMs = nowMs
        return { kind: 'released' }
      },
    }
  },
})

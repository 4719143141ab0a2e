import { stepLease, withLease } from './machine.js'

/** A renewal of a lease that is gone brings it back: redlock-rb #36, redis-semaphore #175. */
export default withLease('P04 renew recreates an expired lease', (record, command, nowMs, mint) => {
  if (command.kind !== 'renew' || nowMs < record.expiresAtMs) return stepLease(record, command, nowMs, mint)
  const { owner, epoch, token } = command.fence
  const expiresAtMs = nowMs + command.ttlMs
  return {
    record: { ...record, owner, epoch, token, grantedAtMs: nowMs, expiresAtMs },
    reply: { kind: 'renewed', expiresAtMs },
  }
})

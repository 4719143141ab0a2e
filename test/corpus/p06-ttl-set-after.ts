import { stepLease, withLease } from './machine.js'

/** The lock is created first and given its TTL by the holder’s next command: laravel/horizon #1738. */
const NEVER = 1_000_000_000

export default withLease('P06 create first, set the TTL after', (record, command, nowMs, mint) => {
  const noTtlYet = record.expiresAtMs - record.grantedAtMs >= NEVER
  if (noTtlYet && 'fence' in command && command.fence.token === record.token) {
    const ttlMs = record.expiresAtMs - record.grantedAtMs - NEVER
    return stepLease({ ...record, expiresAtMs: nowMs + ttlMs }, command, nowMs, mint)
  }
  const transition = stepLease(record, command, nowMs, mint)
  if (transition.reply.kind !== 'granted') return transition
  const { expiresAtMs } = transition.record
  return { ...transition, record: { ...transition.record, expiresAtMs: expiresAtMs + NEVER } }
})

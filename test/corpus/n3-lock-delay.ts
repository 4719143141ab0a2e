import { stepLease, withLease } from './machine.js'

/** After a lease has run out, as opposed to a release, nobody gets the space for a while: Consul’s lock-delay. */
const LOCK_DELAY_MS = 15

export default withLease('N3 a lock-delay after an involuntary loss', (record, command, nowMs, mint) => {
  const asks = command.kind === 'acquire' || command.kind === 'claim'
  const released = record.waiters === RELEASED
  const delayed =
    asks && record.epoch > 0 && !released && nowMs >= record.expiresAtMs && nowMs < record.expiresAtMs + LOCK_DELAY_MS
  if (delayed) {
    const { owner, epoch, expiresAtMs } = record
    return {
      record,
      reply: {
        kind: 'lease-held',
        owner,
        epoch,
        expiresAtMs: expiresAtMs + LOCK_DELAY_MS,
        position: 0,
        keptUntilMs: 0,
      },
    }
  }
  const transition = stepLease(record, command, nowMs, mint)
  return command.kind === 'release' && transition.reply.kind === 'released' && transition.record.waiters.length === 0
    ? { ...transition, record: { ...transition.record, waiters: RELEASED } }
    : transition
})

/** Marks a record whose lease was given back. */
const RELEASED: readonly never[] = []

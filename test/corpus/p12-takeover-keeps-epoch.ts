import { stepLease, withLease } from './machine.js'

/** A takeover keeps the epoch of the lease that it takes over: cockroach #101836. */
export default withLease('P12 takeover keeps the epoch', (record, command, nowMs, mint) => {
  const takesOver = (command.kind === 'acquire' || command.kind === 'claim') && record.epoch > 0
  if (!takesOver || nowMs < record.expiresAtMs) return stepLease(record, command, nowMs, mint)
  const before = { ...record, epoch: record.epoch - 1 }
  const transition = stepLease(
    before,
    command.kind === 'claim' ? { ...command, expectedEpoch: command.expectedEpoch - 1 } : command,
    nowMs,
    mint,
  )
  return transition.reply.kind === 'granted'
    ? transition
    : { ...transition, record: { ...transition.record, epoch: record.epoch } }
})

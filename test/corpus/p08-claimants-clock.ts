import { stepLease, withLease } from './machine.js'

/** Whether a lease has run out is judged by the clock of who wants it: ShedLock #231. */
export default withLease('P08 expiry judged by the claimant’s wall clock', (record, command, nowMs, mint) => {
  if (command.kind !== 'acquire' && command.kind !== 'claim') return stepLease(record, command, nowMs, mint)
  const lapsed = command.clockMs >= record.expiresAtMs
  return stepLease(
    lapsed ? { ...record, expiresAtMs: Math.min(nowMs, record.expiresAtMs) } : record,
    command,
    nowMs,
    mint,
  )
})

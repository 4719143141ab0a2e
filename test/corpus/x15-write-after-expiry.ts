import { stepSpace, withLog } from './machine.js'

/** The log compares epoch and token, and takes what comes when the lease has run out, as long as nobody else has it. */
export default withLog('X15 the log does not look at the clock', (record, command, nowMs, mint) => {
  const { lease } = record
  const open = { ...record, lease: { ...lease, expiresAtMs: Math.max(lease.expiresAtMs, nowMs + 1) } }
  const { record: next, ...rest } = stepSpace(open, command, nowMs, mint)
  return { ...rest, record: { ...next, lease } }
})

import { stepSpace, withLog } from './machine.js'

/** The resource takes a write whatever fence it shows: etcd contrib/lock README, etcd #10811. */
export default withLog('P01 the resource ignores the token', (record, command, nowMs, mint) => {
  const { owner, epoch, token } = record.lease
  const open = { ...record, lease: { ...record.lease, grantedAtMs: 0, expiresAtMs: nowMs + 1 } }
  const { record: next, ...rest } = stepSpace(
    open,
    { ...command, fence: { ...command.fence, owner, epoch, token } },
    nowMs,
    mint,
  )
  return { ...rest, record: { ...next, lease: record.lease } }
})

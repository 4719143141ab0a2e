import { stepLease, withLease } from './machine.js'

/** Whether a fence is valid is judged by its epoch: nobody has taken the lease over, so it must still be held. */
export default withLease('X04 an expired lease is called valid', (record, command, nowMs, mint) => {
  const { epoch, expiresAtMs } = record
  if (command.kind !== 'validate' || command.fence.epoch !== epoch) return stepLease(record, command, nowMs, mint)
  return { record, reply: { kind: 'valid', expiresAtMs } }
})

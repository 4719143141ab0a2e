import { stepLease, withLease } from './machine.js'

/** A release deletes the record, and the epoch counter with it: occurrent #672. */
export default withLease('P10 the epoch counter is deleted on release', (record, command, nowMs, mint) => {
  const transition = stepLease(record, command, nowMs, mint)
  return command.kind === 'release' && transition.reply.kind === 'released'
    ? { ...transition, record: { ...transition.record, epoch: 0, owner: '', token: '' } }
    : transition
})

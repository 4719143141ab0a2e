import { stepLease, withLease } from './machine.js'

/** Who claims what it owned last gets its old epoch back: nobody else can have had it since. */
export default withLease('X09 a lapsed lease is claimed back at its epoch', (record, command, nowMs, mint) => {
  const step = stepLease(record, command, nowMs, mint)
  const { owner, epoch, token } = record
  if (command.kind !== 'claim' || step.reply.kind !== 'granted' || command.owner !== owner || epoch === 0) return step
  const fence = { ...step.reply.fence, epoch, token }
  return { record: { ...step.record, epoch, token }, reply: { ...step.reply, fence } }
})

import { stepLease, withLease } from './machine.js'

/** A renewal is judged by its epoch alone: who guesses the next one renews what another has been granted. */
export default withLease('X12 a renewal ignores the owner', (record, command, nowMs, mint) => {
  if (command.kind !== 'renew') return stepLease(record, command, nowMs, mint)
  const { owner, token } = record
  return stepLease(record, { ...command, fence: { ...command.fence, owner, token } }, nowMs, mint)
})

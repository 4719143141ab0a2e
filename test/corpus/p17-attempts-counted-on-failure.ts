import { stepJobs, withJobs } from './machine.js'

/** An attempt counts when it fails, so that one that kills its worker does not: taskiq-aio-pika #35. */
export default withJobs('P17 attempts are counted on failure, not on claim', (record, command, nowMs, mint) => {
  if (command.kind !== 'take') return stepJobs(record, command, nowMs, mint)
  return stepJobs(record, { ...command, maxAttempts: Number.MAX_SAFE_INTEGER }, nowMs, mint)
})

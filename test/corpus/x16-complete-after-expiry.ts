import { stepJobs, withJobs } from './machine.js'

/** A job that nobody else has taken yet is completed by whoever had it, though its lease is over. */
export default withJobs('X16 completing looks at no clock', (record, command, nowMs, mint) => {
  if (command.kind !== 'complete') return stepJobs(record, command, nowMs, mint)
  const { fence } = command
  const jobs = record.jobs.map((job, number) =>
    number === fence.job && job.state === 'taken' && job.token === fence.token
      ? { ...job, expiresAtMs: Math.max(job.expiresAtMs, nowMs + 1) }
      : job,
  )
  return stepJobs({ ...record, jobs }, command, nowMs, mint)
})

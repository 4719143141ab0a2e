import { stepJobs, withJobs } from './machine.js'

/** Whoever says that a job is done is believed: bull #308. */
export default withJobs('P24 completing a job ignores the token', (record, command, nowMs, mint) => {
  const job = command.kind === 'complete' ? record.jobs[command.fence.job] : undefined
  if (job === undefined || job.state === 'done') return stepJobs(record, command, nowMs, mint)
  const jobs = record.jobs.map((other) => (other === job ? { ...job, state: 'done' as const } : other))
  return { record: { ...record, jobs }, reply: { kind: 'completed' } }
})

import { stepJobs, withJobs } from './machine.js'

/** Work whose lease has run out goes back to the head of the queue: graphile/worker #313. */
export default withJobs('P18 expired work goes back to the head', (record, command, nowMs, mint) => {
  const jobs = record.jobs.map((job) =>
    job.state === 'taken' && job.expiresAtMs <= nowMs && job.attempts < job.maxAttempts
      ? { ...job, state: 'ready' as const, place: -1 - record.nextPlace }
      : job,
  )
  return stepJobs({ ...record, jobs }, command, nowMs, mint)
})

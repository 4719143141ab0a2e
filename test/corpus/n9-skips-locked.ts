import type { JobsRecord } from '../../src/index.js'
import { defineSubject, stepJobs } from './machine.js'

/** A worker locks the first job that nobody else has locked, and takes it in a second statement: `FOR UPDATE SKIP LOCKED`. */
export default defineSubject({
  name: 'N9 a worker skips what others have locked',
  jobs({ builtIn, step, mint }) {
    // In the memory of the server: a restart frees them.
    const locked = new Set<string>()
    let picked = -1
    const only = ({ jobs, nextPlace }: JobsRecord, isOpen: (job: number) => boolean): JobsRecord => ({
      jobs: jobs.map((job, number) => (isOpen(number) ? job : { ...job, state: 'done' as const })),
      nextPlace,
    })
    const { jobs: parts } = builtIn.on({
      stepJobs(record, command, nowMs, minted) {
        if (command.kind !== 'take') return stepJobs(record, command, nowMs, minted)
        const taken = stepJobs(
          only(record, (job) => job === picked),
          command,
          nowMs,
          minted,
        )
        const jobs = record.jobs.map((job, number) => (number === picked ? (taken.record.jobs[number] ?? job) : job))
        return { record: { jobs, nextPlace: taken.record.nextPlace }, reply: taken.reply }
      },
    })
    return {
      ...parts,
      async take(command) {
        const key = (job: number) => `${command.space}/${job}`
        const mine = await step((nowMs) => {
          const record = builtIn.spaces.get(command.space)?.jobs ?? { jobs: [], nextPlace: 0 }
          const free = only(record, (job) => !locked.has(key(job)))
          const { reply } = stepJobs(free, command, nowMs, mint)
          const job = reply.kind === 'taken' ? reply.fence.job : -1
          locked.add(key(job))
          return job
        })
        return step((nowMs) => {
          if (mine >= 0) locked.delete(key(mine))
          picked = mine
          return parts.take(command, nowMs)
        })
      },
    }
  },
})

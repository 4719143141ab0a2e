import { defineSubject } from './machine.js'

/** A worker reads the queue, takes a job and writes the queue back: two that do so at once have the same job. */
export default defineSubject({
  name: 'X22 the queue is written as it was read',
  jobs: ({ builtIn, step }) => ({
    ...builtIn.jobs,
    async take(command) {
      const seen = await step(() => builtIn.spaces.get(command.space)?.jobs)
      return step((nowMs) => {
        const space = builtIn.spaces.get(command.space)
        if (space !== undefined && seen !== undefined) space.jobs = seen
        return builtIn.jobs.take(command, nowMs)
      })
    },
  }),
})

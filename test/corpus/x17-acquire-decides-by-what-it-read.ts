import { defineSubject } from './machine.js'

/** An acquire reads the lease, and writes what follows from it over whatever has been granted meanwhile: surrealdb #6501, between two awaits. */
export default defineSubject({
  name: 'X17 acquire decides by what it read',
  core: ({ builtIn, step }) => ({
    ...builtIn.core,
    async acquire(command) {
      const seen = await step(() => builtIn.spaces.get(command.space)?.record.lease)
      return step((nowMs) => {
        const space = builtIn.spaces.get(command.space)
        if (space !== undefined && seen !== undefined) space.record = { ...space.record, lease: seen }
        return builtIn.core.acquire(command, nowMs)
      })
    },
  }),
})

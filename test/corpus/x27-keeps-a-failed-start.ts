import { defineSubject } from './machine.js'

/** A library keeps the promise of the first access to each space in each session, also when that has failed: it is not tried again. */
export default defineSubject({
  name: 'X27 keeps a failed start',
  runsOn: 'nodes',
  core({ builtIn, step }) {
    const started = new Map<string, Promise<void>>()
    return {
      ...builtIn.core,
      async acquire(command) {
        const start = started.get(command.owner + command.space) ?? step(() => undefined)
        started.set(command.owner + command.space, start)
        await start
        return step((nowMs) => builtIn.core.acquire(command, nowMs))
      },
    }
  },
})

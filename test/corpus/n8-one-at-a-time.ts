import type { Command, Reply } from '../../src/index.js'
import { defineSubject } from './machine.js'

/** One process that has each command wait for the one before it, on plain reads and writes: a lock in memory is enough for one. */
export default defineSubject({
  name: 'N8 one at a time',
  core({ builtIn, step }) {
    let before: Promise<unknown> = Promise.resolve()
    const parts = { ...builtIn.core, ...builtIn.log, ...builtIn.jobs }
    return {
      execute(command) {
        const reply = before.then(async () => {
          await step(() => undefined)
          const handler = parts[command.kind] as (asked: Command, nowMs: number) => Reply
          return step((nowMs) => handler(command, nowMs))
        })
        before = reply
        return reply
      },
    }
  },
})

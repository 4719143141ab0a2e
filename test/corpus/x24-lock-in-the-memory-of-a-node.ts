import type { Command, Reply } from '../../src/index.js'
import { defineSubject } from './machine.js'

/**
 * Commands wait for each other by a lock in memory, between whose steps nothing comes in one process; a library on each node has one
 * lock for each.
 */
export default defineSubject({
  name: 'X24 a lock in the memory of each node',
  runsOn: 'nodes',
  core({ builtIn, step }) {
    let before: Promise<unknown> = Promise.resolve()
    const parts = { ...builtIn.core, ...builtIn.log, ...builtIn.jobs }
    const carryOut = async (command: Command): Promise<Reply> => {
      const name = 'space' in command ? command.space : command.fence.space
      const seen = await step(() => builtIn.spaces.get(name)?.record)
      return step((nowMs) => {
        const space = builtIn.spaces.get(name)
        if (space !== undefined && seen !== undefined) space.record = { ...space.record, lease: seen.lease }
        return (parts[command.kind] as (asked: Command, nowMs: number) => Reply)(command, nowMs)
      })
    }
    return {
      execute(command) {
        const reply = before.then(() => carryOut(command))
        before = reply
        return reply
      },
    }
  },
})

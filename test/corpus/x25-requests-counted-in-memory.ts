import type { Reply } from '../../src/index.js'
import { defineSubject } from './machine.js'

/**
 * A library tells its store which request it is by the node's name and a count in memory, which begins anew when the node crashes:
 * then it is given what an earlier request was told. Ongaro, "Consensus: bridging theory and practice" (2014), 6.3, on sessions.
 */
export default defineSubject({
  name: 'X25 requests counted in memory',
  runsOn: 'nodes',
  core({ builtIn, durable, step, node }) {
    const told = durable('told', () => new Map<string, Reply>())
    let count = 0
    return {
      ...builtIn.core,
      acquire(command) {
        const key = `${node.name} ${command.space} ${++count}`
        return step((nowMs) => {
          const before = told.get(key)
          if (before !== undefined) return before
          const reply = builtIn.core.acquire(command, nowMs)
          if (reply.kind === 'granted') told.set(key, reply)
          return reply
        })
      },
    }
  },
})

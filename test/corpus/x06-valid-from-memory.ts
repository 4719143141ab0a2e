import type { Valid } from '../../src/lease/index.js'
import { defineSubject } from './machine.js'

/** An answer is kept for as long as the lease was to last: that it was given back since is not looked at. */
export default defineSubject({
  name: 'X06 what was valid once is valid until it expires',
  core({ builtIn }) {
    const known = new Map<string, Valid>()
    return {
      ...builtIn.core,
      validate(command, nowMs) {
        const key = JSON.stringify(command.fence)
        const before = known.get(key)
        if (before !== undefined && nowMs < before.expiresAtMs) return before
        const reply = builtIn.core.validate(command, nowMs)
        if (reply.kind === 'valid') known.set(key, reply)
        return reply
      },
    }
  },
})

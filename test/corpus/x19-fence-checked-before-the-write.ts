import { defineSubject } from './machine.js'
import p01 from './p01-resource-ignores-token.js'

/** The fence is looked at first, and then the write is made without it: Kleppmann, "How to do distributed locking" (2016). */
export default defineSubject({
  name: 'X19 the fence is checked before the write',
  log(context) {
    const { builtIn, step } = context
    if (typeof p01.log !== 'function') throw new TypeError('P01 has no log')
    const { append } = p01.log(context)
    return {
      ...builtIn.log,
      async append(command, nowMs) {
        const { space, epoch, token } = command.fence
        const isHeld = await step((atMs) => {
          const lease = builtIn.spaces.get(space)?.record.lease
          return lease?.epoch === epoch && lease.token === token && atMs < lease.expiresAtMs
        })
        return step((atMs) => (isHeld ? append?.(command, nowMs) : undefined) ?? builtIn.log.append(command, atMs))
      },
    }
  },
})

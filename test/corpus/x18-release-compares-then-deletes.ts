import { defineSubject } from './machine.js'

/** A release looks whether the lock is its own, and then deletes whichever is there: what the script in the documentation of Redis is for. */
export default defineSubject({
  name: 'X18 release compares, then deletes',
  core: ({ builtIn, step }) => ({
    ...builtIn.core,
    async release(command) {
      const { space: name, token } = command.fence
      const isOwn = await step(() => builtIn.spaces.get(name)?.record.lease.token === token)
      return step((nowMs) => {
        const space = builtIn.spaces.get(name)
        if (space === undefined || !isOwn) return builtIn.core.release(command, nowMs)
        const lease = { ...space.record.lease, expiresAtMs: Math.min(nowMs, space.record.lease.expiresAtMs) }
        space.record = { ...space.record, lease }
        return { kind: 'released' }
      })
    },
  }),
})

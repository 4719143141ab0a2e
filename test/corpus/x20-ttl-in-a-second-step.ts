import { defineSubject } from './machine.js'

const NEVER = 1_000_000_000

/** The lock is created first and given its TTL by a second access, between which the process may end: laravel/horizon #1738. */
export default defineSubject({
  name: 'X20 the TTL in a second step',
  core: ({ builtIn, step, decided }) => ({
    ...builtIn.core,
    async acquire(command) {
      const lasts = (expiresAtMs: number): void => {
        const space = builtIn.spaces.get(command.space)
        if (space === undefined) return
        space.record = { ...space.record, lease: { ...space.record.lease, expiresAtMs } }
      }
      const reply = await step((nowMs) => {
        const reply = builtIn.core.acquire(command, nowMs)
        if (reply.kind === 'granted') lasts(NEVER)
        return decided(reply)
      })
      if (reply.kind === 'granted') await step(() => lasts(reply.expiresAtMs))
      return reply
    },
  }),
})

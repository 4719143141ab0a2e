import { defineSubject } from './machine.js'

/** A holder is now and then told that it has lost the lease. The space stays its own until the lease would have ended; it may be granted anew, at a higher epoch. */
export default defineSubject({
  name: 'N4 a spurious loss followed by a grant with a higher epoch',
  core: ({ builtIn, random }) => ({
    ...builtIn.core,
    renew(command, nowMs) {
      if (!random.chance(200)) return builtIn.core.renew(command, nowMs)
      return { kind: 'lease-expired', epoch: command.fence.epoch, expiresAtMs: nowMs }
    },
  }),
})

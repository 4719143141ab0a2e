import { defineSubject } from './machine.js'

/** The log is cut off when the checkpoint is accepted, before it is durable: turso #5009. */
export default defineSubject({
  name: 'P22 truncate before the checkpoint is durable',
  log({ builtIn }) {
    const unwritten = new Map<string, NonNullable<ReturnType<typeof latest>>>()
    const latest = (space: string) => builtIn.spaces.get(space)?.checkpoint
    return {
      ...builtIn.log,
      checkpoint(command, nowMs) {
        const { space } = command.fence
        const before = latest(space)
        const reply = builtIn.log.checkpoint(command, nowMs)
        const made = latest(space)
        const stored = builtIn.spaces.get(space)
        if (made !== undefined && made !== before && stored !== undefined) {
          unwritten.set(space, made)
          stored.checkpoint = before
        }
        return reply
      },
      load(command, nowMs) {
        const reply = builtIn.log.load(command, nowMs)
        const checkpoint = unwritten.get(command.space)
        return checkpoint === undefined || reply.kind !== 'loaded' ? reply : { ...reply, checkpoint }
      },
      close() {
        for (const [name, checkpoint] of unwritten) {
          const stored = builtIn.spaces.get(name)
          if (stored !== undefined) stored.checkpoint = checkpoint
        }
      },
    }
  },
})

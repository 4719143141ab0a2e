import { defineSubject } from './machine.js'

/** A copy of an append is not appended again; what it is told is made up. */
export default defineSubject({
  name: 'X10 a copy of an append is told of another event',
  log({ builtIn, durable }) {
    const seen = durable('seen', () => new Set<string>())
    return {
      ...builtIn.log,
      append(command, nowMs) {
        const key = `${command.session} ${command.request}`
        const isCopy = seen.has(key)
        seen.add(key)
        const reply = builtIn.log.append(command, nowMs)
        return isCopy && reply.kind === 'appended' ? { ...reply, seq: 0 } : reply
      },
    }
  },
})

import { defineSubject } from './machine.js'

/** The next seq is counted in memory: after a restart of the store two events get the same. */
export default defineSubject({
  name: 'X03 the next seq is kept in memory',
  log({ builtIn, durable }) {
    const restarts = durable('restarts', () => ({ count: -1 }))
    restarts.count += 1
    const behind = restarts.count > 0 ? 1 : 0
    return {
      ...builtIn.log,
      append(command, nowMs) {
        const reply = builtIn.log.append(command, nowMs)
        return reply.kind === 'appended' ? { ...reply, seq: Math.max(0, reply.seq - behind) } : reply
      },
    }
  },
})

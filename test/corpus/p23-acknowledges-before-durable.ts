import { defineSubject } from './machine.js'

/** Appends are acknowledged at once and written every fourth time: Jepsen, NATS 2.12.1. */
export default defineSubject({
  name: 'P23 acknowledge before durable',
  log({ builtIn, durable }) {
    const written = durable('written', () => new Map<string, number>())
    // A restart without a close: what was only in memory has never been.
    for (const [name, space] of builtIn.spaces) {
      const { log } = space.record
      const nextSeq = Math.max(written.get(name) ?? 0, log.checkpointSeq)
      if (nextSeq >= log.nextSeq) continue
      space.events.length = nextSeq - log.firstSeq
      space.record = { ...space.record, log: { ...log, nextSeq } }
    }
    const write = (name: string) => written.set(name, builtIn.spaces.get(name)?.record.log.nextSeq ?? 0)
    return {
      ...builtIn.log,
      append(command, nowMs) {
        const reply = builtIn.log.append(command, nowMs)
        if (reply.kind === 'appended' && reply.seq % 4 === 3) write(command.fence.space)
        return reply
      },
      close() {
        for (const name of builtIn.spaces.keys()) write(name)
      },
    }
  },
})

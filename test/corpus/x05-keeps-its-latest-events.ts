import { defineSubject } from './machine.js'

const KEPT = 12

/** The log keeps its latest events, as many as there is room for, whether a checkpoint covers the others or not. */
export default defineSubject({
  name: 'X05 old events are forgotten that no checkpoint covers',
  log: ({ builtIn }) => ({
    ...builtIn.log,
    read(command, nowMs) {
      const head = builtIn.spaces.get(command.space)?.record.log.nextSeq ?? 0
      const firstSeq = Math.max(0, head - KEPT)
      if (command.fromSeq >= firstSeq) return builtIn.log.read(command, nowMs)
      return { kind: 'compacted', firstSeq, requestedSeq: command.fromSeq }
    },
  }),
})

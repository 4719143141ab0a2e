import { defineSubject } from './machine.js'

/** Replay begins with the event that the checkpoint already holds: sourced #13. */
export default defineSubject({
  name: 'P21 replay includes the snapshot’s own event',
  log: ({ builtIn }) => ({
    ...builtIn.log,
    load(command, nowMs) {
      const reply = builtIn.log.load(command, nowMs)
      if (reply.kind !== 'loaded' || reply.checkpoint === undefined) return reply
      const { checkpoint } = reply
      return { ...reply, checkpoint: { ...checkpoint, nextSeq: Math.max(0, checkpoint.nextSeq - 1) } }
    },
  }),
})

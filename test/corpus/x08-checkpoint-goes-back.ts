import { defineSubject } from './machine.js'

/** The checkpoint that was written last is kept, and not the one that covers most. */
export default defineSubject({
  name: 'X08 a checkpoint goes back',
  log: ({ builtIn }) => ({
    ...builtIn.log,
    checkpoint(command, nowMs) {
      const reply = builtIn.log.checkpoint(command, nowMs)
      const space = builtIn.spaces.get(command.fence.space)
      if (reply.kind !== 'checkpoint-mismatch' || space === undefined) return reply
      const { fence, nextSeq, state } = command
      space.checkpoint = { epoch: fence.epoch, nextSeq, state }
      return { kind: 'checkpointed', nextSeq }
    },
  }),
})

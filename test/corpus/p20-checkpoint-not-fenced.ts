import { stepSpace, withLog } from './machine.js'

/** Anybody may write the checkpoint, and so may who has lost the lease: alpakka-kafka #118. */
export default withLog('P20 the checkpoint is not fenced', (record, command, nowMs, mint) => {
  if (command.kind !== 'checkpoint') return stepSpace(record, command, nowMs, mint)
  const { nextSeq, state, fence } = command
  return {
    record: { ...record, log: { ...record.log, checkpointSeq: nextSeq } },
    reply: { kind: 'checkpointed', nextSeq },
    effect: { kind: 'checkpoint', checkpoint: { nextSeq, state, epoch: fence.epoch } },
  }
})

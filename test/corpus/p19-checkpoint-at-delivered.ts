import { stepSpace, withLog } from './machine.js'

/** A checkpoint stands at the last event delivered, not at the last one done: kafka-monitor #303. */
export default withLog('P19 checkpoint at the last delivered, not the last done', (record, command, nowMs, mint) =>
  stepSpace(record, command.kind === 'checkpoint' ? { ...command, nextSeq: record.log.nextSeq } : command, nowMs, mint),
)

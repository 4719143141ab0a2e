import { stepLease, withLease } from './machine.js'

/** A takeover that does not compare: who claims what it saw long ago is granted what has changed hands since. */
export default withLease('X14 a claim at any epoch', (record, command, nowMs, mint) =>
  stepLease(record, command.kind === 'claim' ? { ...command, expectedEpoch: record.epoch } : command, nowMs, mint),
)

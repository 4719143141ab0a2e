import { stepLease, withLease } from './machine.js'

/** A release frees the space whoever holds it: delta-rs #440, superset #43462. */
export default withLease('P03 release ignores the owner', (record, command, nowMs, mint) =>
  command.kind === 'release'
    ? { record: { ...record, expiresAtMs: Math.min(nowMs, record.expiresAtMs) }, reply: { kind: 'released' } }
    : stepLease(record, command, nowMs, mint),
)

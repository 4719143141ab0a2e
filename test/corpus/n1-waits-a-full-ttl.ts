import { defineSubject, leaseSteps, stepLease } from './machine.js'

/** A claimant waits a full TTL from when it first saw the record, whatever the record says: client-go #448. */
export default defineSubject({
  name: 'N1 a claimant waits a full TTL after it first saw the record',
  core({ builtIn, durable }) {
    const firstSeen = durable('first seen', () => new Map<string, { readonly record: string; readonly atMs: number }>())
    return builtIn.on(
      leaseSteps((record, command, nowMs, mint) => {
        if (command.kind !== 'acquire' || record.epoch === 0 || record.owner === command.owner) {
          return stepLease(record, command, nowMs, mint)
        }
        const key = `${command.owner} ${command.space}`
        const shown = `${record.epoch} ${record.expiresAtMs}`
        const seen = firstSeen.get(key)
        const sinceMs = seen?.record === shown ? seen.atMs : nowMs
        if (sinceMs === nowMs) firstSeen.set(key, { record: shown, atMs: nowMs })
        const waited = nowMs - sinceMs >= command.ttlMs
        if (waited || nowMs < record.expiresAtMs) return stepLease(record, command, nowMs, mint)
        const { owner, epoch, expiresAtMs } = record
        return { record, reply: { kind: 'lease-held', owner, epoch, expiresAtMs, position: 0, keptUntilMs: 0 } }
      }),
    ).core
  },
})

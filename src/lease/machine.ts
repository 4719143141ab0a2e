import type { Acquire, Claim, LeaseCommand, Release, Renew } from './command.js'
import type { Fence, MintToken } from './fence.js'
import type { FenceRefusal, LeaseReply } from './reply.js'

/** A node that waits for the lease, in order of first request. */
export interface Waiter {
  readonly owner: string
  /** The place is lost when no request came until then: a waiter that crashed must not hold up the others. */
  readonly keptUntilMs: number
}

/** All that is known of one space's lease. Immutable: a command yields a new record or leaves the old one. */
export interface LeaseRecord {
  /** Of the last grant; 0 before the first. Never goes back. */
  readonly epoch: number
  /** Who got the last grant, also after it has expired; '' before the first. */
  readonly owner: string
  readonly token: string
  readonly grantedAtMs: number
  /** The lease is valid at `now` iff `grantedAtMs <= now < expiresAtMs`. A release sets it to the time of the release. */
  readonly expiresAtMs: number
  readonly waiters: readonly Waiter[]
}

/** The record of a space that nobody has owned yet. */
export const UNOWNED: LeaseRecord = { epoch: 0, owner: '', token: '', grantedAtMs: 0, expiresAtMs: 0, waiters: [] }

/** What a step comes to: the record, the same one when nothing has changed, and the reply. */
export interface LeaseTransition {
  readonly record: LeaseRecord
  readonly reply: LeaseReply
}

/**
 * One step of the lease core: what `command` does to `record` at `nowMs`.
 *
 * A space is unowned, live, or lapsed (expired or released). Unowned and lapsed it is granted to whoever asks first, or
 * to the first in the queue if there is one, at an epoch one higher than any before. Live it is renewed and released by
 * its fence alone, and granted to no one else; its own owner may acquire it anew, as it does after a restart without
 * memory, and thereby fences off its former self. A lapsed lease cannot be renewed: somebody may have read that it was
 * free.
 */
export function stepLease(record: LeaseRecord, command: LeaseCommand, nowMs: number, mint: MintToken): LeaseTransition {
  switch (command.kind) {
    case 'acquire':
      return acquire(record, command, nowMs, mint)
    case 'claim':
      return claim(record, command, nowMs, mint)
    case 'renew':
      return renew(record, command, nowMs)
    case 'release':
      return release(record, command, nowMs)
    case 'validate': {
      const refusal = refuseFence(record, command.fence, nowMs)
      return { record, reply: refusal ?? { kind: 'valid', expiresAtMs: record.expiresAtMs } }
    }
  }
}

export function isLive(record: LeaseRecord, nowMs: number): boolean {
  return record.grantedAtMs <= nowMs && nowMs < record.expiresAtMs
}

/** Why `fence` may not act on the space at `nowMs`, or undefined when it may. */
export function refuseFence(record: LeaseRecord, fence: Fence, nowMs: number): FenceRefusal | undefined {
  return refuseIdentity(record, fence) ?? refuseLapsed(record, nowMs)
}

function refuseIdentity(record: LeaseRecord, fence: Fence): FenceRefusal | undefined {
  if (fence.epoch !== record.epoch) return refuseEpoch(record, fence.epoch)
  if (fence.owner !== record.owner) return splitBrain(record, fence.owner)
  if (fence.token !== record.token) return { kind: 'invalid-token', owner: record.owner, epoch: record.epoch }
  return undefined
}

function refuseLapsed(record: LeaseRecord, nowMs: number): FenceRefusal | undefined {
  if (isLive(record, nowMs)) return undefined
  return { kind: 'lease-expired', epoch: record.epoch, expiresAtMs: record.expiresAtMs }
}

function refuseEpoch(record: LeaseRecord, requestedEpoch: number): FenceRefusal {
  const kind = requestedEpoch < record.epoch ? 'stale-owner' : 'unknown-epoch'
  return { kind, currentEpoch: record.epoch, requestedEpoch }
}

function splitBrain(record: LeaseRecord, requestedOwner: string): FenceRefusal {
  return { kind: 'split-brain', currentOwner: record.owner, requestedOwner, epoch: record.epoch }
}

function acquire(record: LeaseRecord, command: Acquire, nowMs: number, mint: MintToken): LeaseTransition {
  const { owner, queueMs } = command
  const held = isLive(record, nowMs) && owner !== record.owner
  const ahead = held ? undefined : firstAhead(record, owner, nowMs)
  if (!held && ahead === undefined) return grant(record, command.space, owner, nowMs, command.ttlMs, mint)

  const waiters = queueMs > 0 ? enrol(record.waiters, owner, nowMs, queueMs) : record.waiters
  const position = queueMs > 0 ? positionOf(waiters, owner) : 0
  const keptUntilMs = queueMs > 0 ? nowMs + queueMs : 0
  const { epoch, expiresAtMs } = record
  return {
    record: waiters === record.waiters ? record : withTerm(record, expiresAtMs, waiters),
    reply:
      ahead === undefined
        ? { kind: 'lease-held', owner: record.owner, epoch, expiresAtMs, position, keptUntilMs }
        : { kind: 'queued', ahead: ahead.owner, epoch, position, keptUntilMs },
  }
}

function claim(record: LeaseRecord, command: Claim, nowMs: number, mint: MintToken): LeaseTransition {
  const { owner, expectedEpoch } = command
  if (expectedEpoch !== record.epoch) return { record, reply: refuseEpoch(record, expectedEpoch) }
  if (isLive(record, nowMs) && owner !== record.owner) return { record, reply: splitBrain(record, owner) }
  const ahead = firstAhead(record, owner, nowMs)
  if (ahead !== undefined) {
    return { record, reply: { kind: 'queued', ahead: ahead.owner, epoch: record.epoch, position: 0, keptUntilMs: 0 } }
  }
  return grant(record, command.space, owner, nowMs, command.ttlMs, mint)
}

function renew(record: LeaseRecord, command: Renew, nowMs: number): LeaseTransition {
  const refusal = refuseFence(record, command.fence, nowMs)
  if (refusal !== undefined) return { record, reply: refusal }
  // A renewal may not shorten: a copy that was overtaken by a later renewal would take time away from its owner.
  const expiresAtMs = Math.max(record.expiresAtMs, nowMs + checkedTtl(command.ttlMs))
  return { record: withTerm(record, expiresAtMs, record.waiters), reply: { kind: 'renewed', expiresAtMs } }
}

/** Releasing a lease that has lapsed is no error: it is as free as its owner wants it. */
function release(record: LeaseRecord, command: Release, nowMs: number): LeaseTransition {
  const refusal = refuseIdentity(record, command.fence)
  if (refusal !== undefined) return { record, reply: refusal }
  return {
    record: isLive(record, nowMs) ? withTerm(record, nowMs, record.waiters) : record,
    reply: { kind: 'released' },
  }
}

/** The same ownership with another expiry or queue. Written out: a spread measured five times as long. */
function withTerm(record: LeaseRecord, expiresAtMs: number, waiters: readonly Waiter[]): LeaseRecord {
  const { epoch, owner, token, grantedAtMs } = record
  return { epoch, owner, token, grantedAtMs, expiresAtMs, waiters }
}

function grant(
  record: LeaseRecord,
  space: string,
  owner: string,
  nowMs: number,
  ttlMs: number,
  mint: MintToken,
): LeaseTransition {
  const epoch = record.epoch + 1
  const token = mint(space, owner, epoch)
  const expiresAtMs = nowMs + checkedTtl(ttlMs)
  const waiters =
    record.waiters.length === 0
      ? record.waiters
      : record.waiters.filter((waiter) => waiter.owner !== owner && waiter.keptUntilMs > nowMs)
  return {
    record: { epoch, owner, token, grantedAtMs: nowMs, expiresAtMs, waiters },
    reply: { kind: 'granted', fence: { space, owner, epoch, token }, grantedAtMs: nowMs, expiresAtMs },
  }
}

/** Who waits in front of `owner`: the first in the queue whose place still holds, unless that is `owner`. */
function firstAhead({ waiters }: LeaseRecord, owner: string, nowMs: number): Waiter | undefined {
  for (const waiter of waiters) {
    if (waiter.keptUntilMs > nowMs) return waiter.owner === owner ? undefined : waiter
  }
  return undefined
}

/** Keeps the order of first requests; drops places that have run out, the requester's own included. */
function enrol(waiters: readonly Waiter[], owner: string, nowMs: number, queueMs: number): readonly Waiter[] {
  const place: Waiter = { owner, keptUntilMs: nowMs + queueMs }
  const kept: Waiter[] = []
  let enrolled = false
  for (const waiter of waiters) {
    if (waiter.keptUntilMs <= nowMs) continue
    if (waiter.owner === owner) enrolled = true
    kept.push(waiter.owner === owner ? place : waiter)
  }
  if (!enrolled) kept.push(place)
  return kept
}

/** From 1. */
function positionOf(waiters: readonly Waiter[], owner: string): number {
  let position = 1
  for (const waiter of waiters) {
    if (waiter.owner === owner) return position
    position += 1
  }
  return 0
}

/** @throws RangeError for what is no length of a lease */
export function checkedTtl(ttlMs: number): number {
  if (!Number.isSafeInteger(ttlMs) || ttlMs <= 0) {
    throw new RangeError(`a lease cannot last ${ttlMs} ms: expected a whole number above 0`)
  }
  return ttlMs
}

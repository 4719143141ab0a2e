import type { Fence } from './fence.js'

/** The lease is the requester's until `expiresAtMs`, by the core's clock. */
export interface Granted {
  readonly kind: 'granted'
  readonly fence: Fence
  readonly grantedAtMs: number
  readonly expiresAtMs: number
}

export interface Renewed {
  readonly kind: 'renewed'
  readonly expiresAtMs: number
}

export interface Released {
  readonly kind: 'released'
}

export interface Valid {
  readonly kind: 'valid'
  readonly expiresAtMs: number
}

/** Another node's lease is live. */
export interface LeaseHeld {
  readonly kind: 'lease-held'
  readonly owner: string
  /** What a claim after the lease's expiry has to expect. */
  readonly epoch: number
  readonly expiresAtMs: number
  /** The requester's place in the queue, from 1; 0 when it keeps none. */
  readonly position: number
  /** Until when the place is kept without another request; 0 when it keeps none. */
  readonly keptUntilMs: number
}

/** The space is free, or the requester's own, but others wait for it. */
export interface Queued {
  readonly kind: 'queued'
  /** Who is first in the queue. */
  readonly ahead: string
  readonly epoch: number
  readonly position: number
  readonly keptUntilMs: number
}

/** The epoch is older than the current one. */
export interface StaleOwner {
  readonly kind: 'stale-owner'
  readonly currentEpoch: number
  readonly requestedEpoch: number
}

/** The epoch was never granted. */
export interface UnknownEpoch {
  readonly kind: 'unknown-epoch'
  readonly currentEpoch: number
  readonly requestedEpoch: number
}

/** A claim or a write at the current epoch by a node that does not own it. */
export interface SplitBrain {
  readonly kind: 'split-brain'
  readonly currentOwner: string
  readonly requestedOwner: string
  readonly epoch: number
}

/** Epoch and owner match, the token does not. */
export interface InvalidToken {
  readonly kind: 'invalid-token'
  readonly owner: string
  readonly epoch: number
}

/** The fence is the current one, but its lease has run out or was given back. */
export interface LeaseExpired {
  readonly kind: 'lease-expired'
  readonly epoch: number
  readonly expiresAtMs: number
}

/** Why a fence may not act: it is not, or no longer, the current one. */
export type FenceRefusal = StaleOwner | UnknownEpoch | SplitBrain | InvalidToken | LeaseExpired

/** A later request of the same session has been answered already: a late copy, which nobody waits for. */
export interface Superseded {
  readonly kind: 'superseded'
  readonly request: number
  readonly latestRequest: number
}

/** Why a command was refused. Refusals are values: an exception would be a bug, or a broken world. */
export type Refusal = LeaseHeld | Queued | FenceRefusal | Superseded

/** Everything that the lease core may answer. */
export type LeaseReply = Granted | Renewed | Released | Valid | Refusal

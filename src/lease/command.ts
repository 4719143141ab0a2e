import type { Fence } from './fence.js'

/**
 * Who asks, and which request of theirs this is. `request` is a number that grows with every new request of one
 * `session`; a request that is sent again keeps its number and gets the reply of the first time.
 */
export interface Requester {
  readonly session: string
  readonly request: number
}

/** Asks for the lease of a space, whatever its epoch. */
export interface Acquire extends Requester {
  readonly kind: 'acquire'
  readonly space: string
  readonly owner: string
  readonly ttlMs: number
  /** What the requester's wall clock showed. A core judges time by its own clock. */
  readonly clockMs: number
  /** When refused, keep a place in the queue for this long after every request. 0 keeps none. */
  readonly queueMs: number
  /** The requester has been told that it has a place in the queue. A request whose reply was lost may have made one all the same. */
  readonly inQueue: boolean
}

/** Asks to take over a space seen at `expectedEpoch`: refused when somebody else was quicker. */
export interface Claim extends Requester {
  readonly kind: 'claim'
  readonly space: string
  readonly owner: string
  readonly expectedEpoch: number
  readonly ttlMs: number
  /** What the requester's wall clock showed. A core judges time by its own clock. */
  readonly clockMs: number
}

/** Asks for `ttlMs` more, from now. */
export interface Renew extends Requester {
  readonly kind: 'renew'
  readonly fence: Fence
  readonly ttlMs: number
}

/** Gives the lease back before it expires. */
export interface Release extends Requester {
  readonly kind: 'release'
  readonly fence: Fence
}

/** Asks whether a fence holds now. Changes nothing of the lease; as a request it is remembered, as all of these are. */
export interface Validate extends Requester {
  readonly kind: 'validate'
  readonly fence: Fence
}

/** Everything that a lease core may be asked for. */
export type LeaseCommand = Acquire | Claim | Renew | Release | Validate

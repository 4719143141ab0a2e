export type { Acquire, Claim, LeaseCommand, Release, Renew, Requester, Validate } from './command.js'
export { type Fence, type MintToken, tokenMint } from './fence.js'
export {
  checkedTtl,
  type LeaseRecord,
  type LeaseTransition,
  refuseFence,
  stepLease,
  UNOWNED,
  type Waiter,
} from './machine.js'
export type {
  FenceRefusal,
  Granted,
  InvalidToken,
  LeaseExpired,
  LeaseHeld,
  LeaseReply,
  Queued,
  Refusal,
  Released,
  Renewed,
  SplitBrain,
  StaleOwner,
  Superseded,
  UnknownEpoch,
  Valid,
} from './reply.js'
export { repeatedReply, type Session } from './session.js'

export { carriedOver } from './carried-over.js'
export {
  attempt,
  type Chunk,
  type ChunkResult,
  DEFAULT_MAX_EXPLORED_EVENTS,
  type ExploreOptions,
  exploreChunk,
  type Failure,
  failureOf,
  runAgain,
} from './chunk.js'
export {
  type Counterexample,
  counterexampleName,
  counterexampleOf,
  counterexampleVersion,
  foundIn,
} from './counterexample.js'
export { type Coverage, repliesOf, struckKinds } from './coverage.js'
export { describeClocks } from './describe-clocks.js'
export { describeFault } from './describe-fault.js'
export {
  type Interrupted,
  interruptedTurnsOf,
  isProvable,
  type Proof,
  provenInvariants,
  proveSchedules,
  sendsCopies,
  turnsOf,
} from './exhaustive.js'
export { type Exploration, type Extent, explore } from './explore.js'
export { type FaultKind, faultKinds, kindOf } from './fault-kinds.js'
export type { OwnFaults } from './own-faults.js'
export { type Plan, type Strategy, strategies } from './plan.js'
export { type Shrunk, shrink } from './shrink.js'
export { leaseStates } from './standing.js'
export { type Story, storyOf } from './story.js'
export { drawSwarm, type Swarm, type SwarmOptions } from './swarm.js'
export { type Telling, tell } from './tell.js'
export { isToken, MAX_TOKEN_LENGTH, planOf, TokenError, tokenOf } from './token.js'

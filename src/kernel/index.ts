export { type Access, CommandsUnderway, type Home, isCut, StepUnanswered, type Stepwise } from './commands-underway.js'
export { EventLimitReached, StepFailed } from './errors.js'
export type { Fault, Leg, MessageFault } from './fault.js'
export { Kernel, type KernelOptions, type Serve, type Underway } from './kernel.js'
export type { DelayMs, Network } from './network.js'
export type { KernelObserver, Requesting } from './observer.js'
export {
  type Body,
  type Elapsed,
  isBody,
  type Main,
  type Notified,
  type Outcome,
  Process,
  Signal,
  type Suspended,
  type Tagged,
  type Timeout,
} from './process.js'
export { type Random, randomStream } from './random.js'
export { pctOrder, randomOrder, type TieBreak } from './tie-break.js'

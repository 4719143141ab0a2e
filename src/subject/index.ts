export { type Assembled, assemble, commandsOf } from './assemble.js'
export { type Backoff, backoffMs } from './backoff.js'
export { builtInClient, type Client, type LeaseTimes, type Pursuit, type RenewalEnd } from './client.js'
export { answeredOtherwise } from './decided.js'
export { completed, SubjectFault, subjectFunctions, type Watch } from './guard.js'
export { CommandLacking } from './lacking.js'
export type { NodeClocks } from './node-context.js'
export { hasQueue } from './queue.js'
export { atOnce, outsideOfCommand, type Stepping } from './stepping.js'
export {
  type Answer,
  type BuiltInParts,
  builtInSubject,
  type CorePart,
  defineSubject,
  type JobPart,
  type LogPart,
  type NodeContext,
  type Subject,
  type SubjectContext,
  storedSubject,
  type WholeCore,
} from './subject.js'

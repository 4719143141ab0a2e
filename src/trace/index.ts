export { type Cast, castOf, numbered } from './cast.js'
export { ByContender, contenderName, contenderOf } from './contender.js'
export { digestContent, digestText, foldContent } from './content.js'
export { describeEvent, hex } from './describe.js'
export { TraceDigest } from './digest.js'
export {
  commandCodes,
  type EventKind,
  eventCodes,
  eventKinds,
  isAcquiring,
  isAnswer,
  isQuestion,
  messageFaults,
  NOBODY,
  type TraceEvent,
} from './event.js'
export { type Fold, type Listener, type Observer, observe } from './observer.js'
export { type Recorder, recorder } from './recorder.js'
export { type Traced, type TracedRequest, traced, tracedRequest } from './request.js'
export { isSameRequest, requestOf } from './same-request.js'
export { TraceWriter } from './writer.js'

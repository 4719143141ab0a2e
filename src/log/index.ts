export type {
  Append,
  Load,
  LogCommand,
  LogQuery,
  MakeCheckpoint,
  Read,
  Truncate,
} from './command.js'
export type { Checkpoint, Json, LogEvent } from './event.js'
export { jsonCopy } from './json.js'
export {
  type LogEffect,
  type LogRecord,
  type SpaceRecord,
  type SpaceTransition,
  stepSpace,
  UNTOUCHED,
} from './machine.js'
export type {
  AheadOfLog,
  Appended,
  Checkpointed,
  CheckpointMismatch,
  Compacted,
  Events,
  Loaded,
  LogRefusal,
  LogReply,
  Truncated,
} from './reply.js'

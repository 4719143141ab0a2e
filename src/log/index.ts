export {
  type Append,
  type Command,
  type CommandKind,
  commandKinds,
  type Load,
  type LogCommand,
  type LogQuery,
  type MakeCheckpoint,
  type Read,
  spaceOf,
  type Truncate,
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
export {
  type AheadOfLog,
  type Appended,
  type Checkpointed,
  type CheckpointMismatch,
  type Compacted,
  type Events,
  isRefusal,
  type Loaded,
  type LogRefusal,
  type Reply,
  type ReplyKind,
  refusalKinds,
  type Truncated,
  UNTOLD,
} from './reply.js'

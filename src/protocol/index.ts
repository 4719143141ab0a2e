export {
  type Command,
  type CommandKind,
  type CommandOf,
  commandKinds,
  commandsOfPart,
  commandTable,
  type Part,
  parts,
  spaceOf,
} from './command.js'
export {
  fenceRefusals,
  isRefusal,
  type RefusalKind,
  type Reply,
  type ReplyKind,
  replyKinds,
  UNTOLD,
} from './reply.js'

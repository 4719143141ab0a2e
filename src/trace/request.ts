import type { Command, CommandKind } from '../protocol/index.js'
import { digestContent } from './content.js'
import { commandCodes as codes } from './event.js'

/**
 * A command on its way, and what the trace says of it. Worked out once per request instead of at every event about it,
 * and of one shape whatever the command: reading fields of as many kinds of objects as there are commands measured a third
 * of a run's time.
 */
export interface TracedRequest {
  readonly command: Command
  readonly kind: CommandKind
  /** Of the command's kind, in the digest. */
  readonly code: number
  /** Its index. */
  readonly space: number
  readonly request: number
  /** What the command itself says: the epoch and token it shows, the seq it names, and what it would write. */
  readonly epoch: number
  readonly token: number
  readonly seq: number
  readonly content: number
  /** The subject has executed this request before. Sent again or copied it is the same object. */
  executed: boolean
}

/**
 * Makes the request of one kind of command.
 * @param space its index
 * @param token digest of the token that the command shows; 0 when it shows none
 */
export type Traced<C extends Command> = (command: C, space: number, token: number) => TracedRequest

/** One for each kind of command, which knows the shape of what it reads: one for all of them measured 3 to 10% of a run. */
export const traced: { readonly [K in CommandKind]: Traced<Extract<Command, { readonly kind: K }>> } = {
  acquire: (command, space) => made(command, codes.acquire, space),
  claim: (command, space) => made(command, codes.claim, space, command.expectedEpoch),
  renew: (command, space, token) => made(command, codes.renew, space, command.fence.epoch, token),
  release: (command, space, token) => made(command, codes.release, space, command.fence.epoch, token),
  validate: (command, space, token) => made(command, codes.validate, space, command.fence.epoch, token),
  append: (command, space, token) => {
    const content = digestContent(command.type, command.payload)
    return made(command, codes.append, space, command.fence.epoch, token, 0, content)
  },
  checkpoint: (command, space, token) => {
    const content = digestContent('checkpoint', command.state)
    return made(command, codes.checkpoint, space, command.fence.epoch, token, command.nextSeq, content)
  },
  truncate: (command, space, token) =>
    made(command, codes.truncate, space, command.fence.epoch, token, command.beforeSeq),
  load: (command, space) => made(command, codes.load, space),
  read: (command, space) => made(command, codes.read, space, 0, 0, command.fromSeq),
  enqueue: (command, space) => made(command, codes.enqueue, space),
  take: (command, space) => made(command, codes.take, space),
  complete: (command, space, token) =>
    made(command, codes.complete, space, command.fence.epoch, token, command.fence.job),
  fail: (command, space, token) => made(command, codes.fail, space, command.fence.epoch, token, command.fence.job),
}

/** The request of any command. */
export function tracedRequest(command: Command, space: number, token: number): TracedRequest {
  return (traced[command.kind] as Traced<never>)(command as never, space, token)
}

function made(
  command: Command,
  code: number,
  space: number,
  epoch = 0,
  token = 0,
  seq = 0,
  content = 0,
): TracedRequest {
  const { kind, request } = command
  return { command, kind, code, space, request, epoch, token, seq, content, executed: false }
}

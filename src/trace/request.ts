import type { Command, CommandKind } from '../log/index.js'
import { digestContent } from './content.js'
import { commandCodes } from './event.js'

/**
 * A command on its way, and what the trace says of it. Worked out once per request instead of at every event about it,
 * and of one shape whatever the command: reading fields of eleven kinds of objects measured a third of a run's time.
 */
export class TracedRequest {
  readonly command: Command
  readonly kind: CommandKind
  readonly code: number
  readonly space: number
  readonly request: number
  /** What the command itself says: the epoch and token it shows, the seq it names, and what it would write. */
  readonly epoch: number
  readonly token: number
  readonly seq: number
  readonly content: number
  /** The subject has executed this request before. Sent again or copied it is the same object. */
  executed = false

  /**
   * @param space its index
   * @param token digest of the token that the command shows; 0 when it shows none
   */
  constructor(command: Command, space: number, token: number) {
    this.command = command
    this.kind = command.kind
    this.code = commandCodes[command.kind]
    this.space = space
    this.request = command.request
    let epoch = 0
    let seq = 0
    let content = 0
    switch (command.kind) {
      case 'acquire':
      case 'load':
      case 'enqueue':
      case 'take':
        break
      case 'claim':
        epoch = command.expectedEpoch
        break
      case 'read':
        seq = command.fromSeq
        break
      default:
        epoch = command.fence.epoch
        if (command.kind === 'append') content = digestContent(command.type, command.payload)
        else if (command.kind === 'complete' || command.kind === 'fail') seq = command.fence.job
        else if (command.kind === 'checkpoint') {
          seq = command.nextSeq
          content = digestContent('checkpoint', command.state)
        } else if (command.kind === 'truncate') seq = command.beforeSeq
    }
    this.epoch = epoch
    this.token = token
    this.seq = seq
    this.content = content
  }
}

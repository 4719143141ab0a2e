import type { CommandKind } from '../protocol/index.js'

/** A command was asked for that the subject does not have: neither wrong nor to be blamed on it. */
export class CommandLacking extends Error {
  override readonly name = 'CommandLacking'
  readonly subject: string
  readonly command: CommandKind

  constructor(subject: string, command: CommandKind) {
    super(`subject "${subject}" has no ${command}`)
    this.subject = subject
    this.command = command
  }
}

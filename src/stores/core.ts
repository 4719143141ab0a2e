import type { Command, Reply } from '../protocol/index.js'

/**
 * The core of a subject: grants, refuses, queues claimants, keeps the log. `nowMs` is its clock; it has no other.
 * A command takes effect when `execute` is called, or when its promise settles: one at a time.
 */
export interface Core {
  execute(command: Command, nowMs: number): Reply | Promise<Reply>
}

/** A core that answers at once. */
export interface DirectCore extends Core {
  execute(command: Command, nowMs: number): Reply
}

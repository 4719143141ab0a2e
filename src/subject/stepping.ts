import type { Command, Reply } from '../protocol/index.js'
import type { Answer, SubjectContext } from './subject.js'

/** Told of what a command has come to, at what time of the subject's clock. */
export type Note = (command: Command, reply: Reply, nowMs: number) => void

/** How the commands of a subject take steps. */
export interface Stepping {
  /** Somebody has asked for `step`, `sleep` or `decided`. */
  wanted(): void
  readonly step: SubjectContext['step']
  readonly sleep: SubjectContext['sleep']
  /** The command that is carried out just now, or this one, takes effect; `note` is called with it. */
  decide(answer: Answer, command: Command | undefined, note: Note): void
  /** The command that the nodes sent, of which a part is given a copy of its own each time that it is carried out. */
  sent(command: Command): Command
}

/** Where nothing can come in between: while a command sleeps, only its own clock goes on. */
export const atOnce = (clock: { nowMs(): number; sleep(durationMs: number): void }): Stepping => ({
  wanted: () => undefined,
  step: async (access) => access(clock.nowMs()),
  sleep: async (durationMs) => clock.sleep(durationMs),
  decide: () => undefined,
  sent: (command) => command,
})

/** What is wrong with a step, or a decision, of which nobody knows whose it is. */
export const outsideOfCommand = (what: string): TypeError =>
  new TypeError(`${what} outside of a command: expected it in what answers one, or with the command that it is of`)

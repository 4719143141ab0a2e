import type { JobCommand } from '../jobs/index.js'
import type { LeaseCommand } from '../lease/index.js'
import type { LogCommand, LogQuery } from '../log/index.js'
import type { AnswerKind } from './reply.js'

/** The parts of a subject, and what each of them may be asked for. */
export interface CommandOf {
  readonly core: LeaseCommand
  readonly log: LogCommand | LogQuery
  readonly jobs: JobCommand
}
export type Part = keyof CommandOf

/** Everything a node may ask of a subject. */
export type Command = CommandOf[Part]
export type CommandKind = Command['kind']

/** What there is to know of each command, besides what it says. */
interface CommandFacts<K extends CommandKind> {
  readonly part: { [P in Part]: K extends CommandOf[P]['kind'] ? P : never }[Part]
  /** What it may be answered with when it is not refused. */
  readonly answers: readonly AnswerKind[]
  /** Whether it only asks how things are: whoever asks that in between has not given up what it is after. */
  readonly isQuestion: K extends LogQuery['kind'] ? true : boolean
}

/** All commands there are. The code of one in the digest of a trace is its place here: a new one goes to the end. */
export const commandTable = {
  acquire: { part: 'core', answers: ['granted'], isQuestion: false },
  claim: { part: 'core', answers: ['granted'], isQuestion: false },
  renew: { part: 'core', answers: ['renewed'], isQuestion: false },
  release: { part: 'core', answers: ['released'], isQuestion: false },
  validate: { part: 'core', answers: ['valid'], isQuestion: true },
  append: { part: 'log', answers: ['appended'], isQuestion: false },
  checkpoint: { part: 'log', answers: ['checkpointed'], isQuestion: false },
  truncate: { part: 'log', answers: ['truncated'], isQuestion: false },
  load: { part: 'log', answers: ['loaded'], isQuestion: true },
  read: { part: 'log', answers: ['events'], isQuestion: true },
  enqueue: { part: 'jobs', answers: ['enqueued'], isQuestion: false },
  take: { part: 'jobs', answers: ['taken', 'idle'], isQuestion: false },
  complete: { part: 'jobs', answers: ['completed'], isQuestion: false },
  fail: { part: 'jobs', answers: ['failed'], isQuestion: false },
} as const satisfies { readonly [K in CommandKind]: CommandFacts<K> }

/** In the order of the table. */
export const commandKinds = Object.keys(commandTable) as readonly CommandKind[]

const ofPart = (part: Part): readonly CommandKind[] => commandKinds.filter((kind) => commandTable[kind].part === part)

export const commandsOfPart: Readonly<Record<Part, readonly CommandKind[]>> = {
  core: ofPart('core'),
  log: ofPart('log'),
  jobs: ofPart('jobs'),
}

export const parts = Object.keys(commandsOfPart) as readonly Part[]

/** The space a command is about. */
export function spaceOf(command: Command): string {
  return 'fence' in command ? command.fence.space : command.space
}

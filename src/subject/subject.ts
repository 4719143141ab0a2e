import type { Random } from '../kernel/index.js'
import type { MintToken } from '../lease/index.js'
import type { Command, CommandKind, Reply } from '../log/index.js'
import type { Core, Machine, StoredSpace } from '../stores/index.js'
import type { Client } from './client.js'

/** What a part of a subject answers to each of its commands. `nowMs` is its clock; it has no other. */
type Handlers<K extends CommandKind> = {
  readonly [Kind in K]?: (command: Extract<Command, { kind: Kind }>, nowMs: number) => Reply | Promise<Reply>
}

/** Grants, refuses, queues claimants. All but `acquire` may be left out: what needs them is skipped. */
export interface CorePart extends Handlers<'acquire' | 'claim' | 'renew' | 'release' | 'validate'> {
  /** The store stops in good order: the last chance to write what is not written. Not called when unsynced writes are lost. */
  close?(): void
}

/** Keeps the log: append, checkpoint, replay. */
export interface LogPart extends Handlers<'append' | 'checkpoint' | 'truncate' | 'load' | 'read'> {
  close?(): void
}

/** Hands out jobs: work that is a lease per job, with a bounded number of attempts. */
export interface JobPart extends Handlers<'enqueue' | 'take' | 'complete' | 'fail'> {
  close?(): void
}

/** A part that has all of its commands. */
type Whole<P extends { close?(): void }> = Required<Omit<P, 'close'>> & Pick<P, 'close'>

/** The built-in parts, to wrap: spread one and replace a command. */
export interface BuiltInParts {
  readonly core: Whole<CorePart>
  readonly log: Whole<LogPart>
  readonly jobs: Whole<JobPart>
  /** What they keep, by space. Survives a restart of the store. */
  readonly spaces: Map<string, StoredSpace>
  /** The same parts on steps of your own. */
  on(machine: Partial<Machine>): Pick<BuiltInParts, 'core' | 'log' | 'jobs'>
}

/** What a subject may draw on: it has no clock, no randomness and no store of its own. */
export interface SubjectContext {
  /** What tokens are derived from: as many bits as the seed has, and nothing else knows it. */
  readonly secret: string
  readonly mint: MintToken
  readonly random: Random
  /** What is kept under `name`, made by `initial` on first use. It survives restarts of the store; all else is lost. */
  durable<T>(name: string, initial: () => T): T
  readonly builtIn: BuiltInParts
}

/**
 * What is under test, in up to three parts, and jobs. A part that is left out is the built-in one. The functions are called
 * at the start of every run, and again after every restart of the store.
 */
export interface Subject {
  readonly name: string
  /** A part with a function per command, or one `execute` for all commands: then it is the log and the jobs as well. */
  readonly core?: (context: SubjectContext) => CorePart | Core
  readonly log?: ((context: SubjectContext) => LogPart) | 'none'
  readonly jobs?: ((context: SubjectContext) => JobPart) | 'none'
  readonly client?: Partial<Client>
}

/** Declares a subject. Throws where the declaration is not one. */
export function defineSubject(subject: Subject): Subject {
  const { name, core, log, jobs, client } = subject
  if (typeof name !== 'string' || name.trim() === '') throw new TypeError('a subject needs a name')
  for (const [part, value] of Object.entries({ core, log, jobs })) {
    if (value === undefined || typeof value === 'function' || (value === 'none' && part !== 'core')) continue
    throw new TypeError(`${part} of subject "${name}" is ${typeof value}: expected a function that makes the part`)
  }
  for (const [policy, value] of Object.entries(client ?? {})) {
    if (typeof value !== 'function') throw new TypeError(`client.${policy} of subject "${name}": expected a function`)
  }
  return subject
}

/** The built-in lease core, log, jobs and client, in memory. */
export const builtInSubject: Subject = { name: 'built-in' }

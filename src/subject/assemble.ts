import { type Random, randomStream } from '../kernel/index.js'
import { type LeaseRecord, type MintToken, tokenMint, UNOWNED } from '../lease/index.js'
import { type Command, type CommandKind, commandKinds, type Reply, spaceOf } from '../log/index.js'
import { builtInMachine, type Core, memoryCore, type StoredSpace, storedSpace } from '../stores/index.js'
import { builtInClient, type Client } from './client.js'
import { guarded, guardedClient } from './guard.js'
import type { BuiltInParts, CorePart, LogPart, Subject, SubjectContext } from './subject.js'

/** A subject put together for one run. */
export interface Assembled {
  readonly client: Client
  /** The commands it has; the others are not asked. */
  readonly commands: ReadonlySet<CommandKind>
  execute(command: Command, nowMs: number): Reply | Promise<Reply>
  /** The store stops and starts again. What is not durable is gone; when `unsynced` is kept, the parts are closed first. */
  restart(unsynced: 'kept' | 'lost'): void
}

const coreCommands = ['acquire', 'claim', 'renew', 'release', 'validate'] as const
const logCommands = ['append', 'checkpoint', 'truncate', 'load', 'read'] as const
const jobCommands = ['enqueue', 'take', 'complete', 'fail'] as const
const allCommands: ReadonlySet<CommandKind> = new Set(commandKinds)

/** Puts `subject` together, with nothing in its store. */
export function assemble(subject: Subject, seed: number): Assembled {
  const secret = `${seed}`
  const mint = tokenMint(secret)
  const client =
    subject.client === undefined ? builtInClient : guardedClient(subject.name, { ...builtInClient, ...subject.client })
  if (subject.core === undefined && subject.log === undefined && subject.jobs === undefined) {
    const core = memoryCore(mint)
    // Each of its commands is durable when it is answered: a restart loses nothing.
    return { client, commands: allCommands, execute: core.execute, restart: () => undefined }
  }
  return assembleParts(subject, client, { secret, mint, random: randomStream(seed, 'subject') })
}

/** The commands that `subject` has. */
export function commandsOf(subject: Subject): ReadonlySet<CommandKind> {
  return assemble(subject, 0).commands
}

type Handler = (command: Command, nowMs: number) => Reply | Promise<Reply>

interface Started {
  readonly handlers: Map<CommandKind, Handler>
  readonly parts: readonly { close?(): void }[]
}

function assembleParts(
  subject: Subject,
  client: Client,
  given: { readonly secret: string; readonly mint: MintToken; readonly random: Random },
): Assembled {
  const cells = new Map<string, unknown>()
  const durable = <T>(name: string, initial: () => T): T => {
    if (!cells.has(name)) cells.set(name, initial())
    return cells.get(name) as T
  }
  const spaces = durable('built-in spaces', () => new Map<string, StoredSpace>())
  const context: SubjectContext = { ...given, durable, builtIn: builtInParts(given.mint, spaces) }

  let started = start(subject, context)
  return {
    client,
    commands: new Set(started.handlers.keys()),
    execute(command, nowMs) {
      const handler = started.handlers.get(command.kind)
      if (handler === undefined) throw new TypeError(`subject "${subject.name}" has no ${command.kind}`)
      return handler(command, nowMs)
    },
    restart(unsynced) {
      if (unsynced === 'kept') for (const part of started.parts) part.close?.()
      started = start(subject, context)
    },
  }
}

function start(subject: Subject, context: SubjectContext): Started {
  const { builtIn } = context
  const given = subject.core?.(context)
  const whole = given !== undefined && 'execute' in given ? partsOn(given) : undefined
  const core = whole?.core ?? (given as CorePart | undefined) ?? builtIn.core
  const log = subject.log === 'none' ? {} : (subject.log?.(context) ?? whole?.log ?? logOf(subject, context))
  const jobs = subject.jobs === 'none' ? {} : (subject.jobs?.(context) ?? whole?.jobs ?? builtIn.jobs)
  const handlers = new Map<CommandKind, Handler>()
  const add = (part: object, own: boolean, commands: readonly CommandKind[], wrap = (handler: Handler) => handler) => {
    for (const kind of commands) {
      const handler = (part as Readonly<Record<string, Handler | undefined>>)[kind]
      if (handler !== undefined) handlers.set(kind, wrap(own ? guarded(subject.name, handler) : handler))
    }
  }
  const ownCore = subject.core !== undefined
  const ledgered = ownCore && whole === undefined
  add(core, ownCore, coreCommands, ledgered ? (handler) => noted(handler, ledgerOf(context)) : undefined)
  add(log, whole !== undefined || typeof subject.log === 'function', logCommands)
  add(jobs, whole !== undefined || typeof subject.jobs === 'function', jobCommands)
  return { handlers, parts: [given ?? core, log, jobs] }
}

/** The built-in log, under a core that is not: it judges fences by what that core has granted. */
function logOf(subject: Subject, context: SubjectContext): LogPart {
  if (subject.core === undefined) return context.builtIn.log
  return partsOn(memoryCore(context.mint, { spaces: ledgerOf(context) })).log
}

const ledgerOf = ({ durable }: SubjectContext) => durable('ledger', () => new Map<string, StoredSpace>())

/** A core's handler whose grants, renewals and releases are written down as the records that they amount to. */
function noted(handler: Handler, spaces: Map<string, StoredSpace>): Handler {
  return (command, nowMs) => {
    const reply = handler(command, nowMs)
    if (reply instanceof Promise) {
      return reply.then((late) => {
        note(spaces, command, late, nowMs)
        return late
      })
    }
    note(spaces, command, reply, nowMs)
    return reply
  }
}

function note(spaces: Map<string, StoredSpace>, command: Command, reply: Reply, nowMs: number): void {
  const space = storedSpace(spaces, spaceOf(command))
  const { lease, log } = space.record
  const next = leaseAfter(lease, command, reply, nowMs)
  if (next !== lease) space.record = { lease: next, log }
}

function leaseAfter(lease: LeaseRecord, command: Command, reply: Reply, nowMs: number): LeaseRecord {
  if (reply.kind === 'granted') {
    const { fence, expiresAtMs } = reply
    if (fence.epoch < lease.epoch) return lease
    const { epoch, owner, token } = fence
    return { ...UNOWNED, epoch, owner, token, grantedAtMs: nowMs, expiresAtMs }
  }
  if (!('fence' in command) || command.fence.epoch !== lease.epoch || command.fence.owner !== lease.owner) return lease
  if (reply.kind === 'renewed') return { ...lease, expiresAtMs: reply.expiresAtMs }
  return reply.kind === 'released' ? { ...lease, expiresAtMs: Math.min(nowMs, lease.expiresAtMs) } : lease
}

function builtInParts(mint: MintToken, spaces: Map<string, StoredSpace>): BuiltInParts {
  return {
    ...partsOn(memoryCore(mint, { spaces })),
    spaces,
    on: (machine) => partsOn(memoryCore(mint, { spaces, machine: { ...builtInMachine, ...machine } })),
  }
}

function partsOn({ execute }: Core): Pick<BuiltInParts, 'core' | 'log' | 'jobs'> {
  const handlers = (kinds: readonly CommandKind[]) => Object.fromEntries(kinds.map((kind) => [kind, execute]))
  return {
    core: handlers(coreCommands) as unknown as BuiltInParts['core'],
    log: handlers(logCommands) as unknown as BuiltInParts['log'],
    jobs: handlers(jobCommands) as unknown as BuiltInParts['jobs'],
  }
}

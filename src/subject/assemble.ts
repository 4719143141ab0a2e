import { nearest } from '../input/index.js'
import { type Random, randomStream } from '../kernel/index.js'
import { type LeaseRecord, type MintToken, tokenMint, UNOWNED } from '../lease/index.js'
import {
  type Command,
  type CommandKind,
  commandKinds,
  commandsOfPart,
  commandTable,
  type Part,
  parts,
  type Reply,
  spaceOf,
} from '../protocol/index.js'
import { builtInMachine, type Core, memoryCore, type StoredSpace, storedSpace } from '../stores/index.js'
import { builtInClient, type Client } from './client.js'
import { blaming, guarded, guardedClient, isThenable, leaveUnheard, SubjectFault } from './guard.js'
import { CommandLacking } from './lacking.js'
import { type NodeClocks, onNode, onNoNode } from './node-context.js'
import { atOnce, type Note, outsideOfCommand, type Stepping } from './stepping.js'
import {
  type BuiltInParts,
  type CorePart,
  checkSubject,
  type LogPart,
  type Subject,
  type SubjectContext,
  type WholeCore,
} from './subject.js'

/** A subject put together for one run. */
export interface Assembled {
  readonly client: Client
  /** The parts that are its own, and not the built-in ones beside them. */
  readonly own: ReadonlySet<Part>
  /** Whether its commands may be carried out in steps. */
  readonly mayStep: boolean
  /** Whether this command is carried out on the node that asks. */
  isOnNode(command: Command): boolean
  /** The commands it has; the others are not asked. */
  readonly commands: ReadonlySet<CommandKind>
  execute(command: Command, nowMs: number): Reply | Promise<Reply>
  /** The store stops and starts again. What is not durable is gone; when `unsynced` is kept, the parts are closed first. */
  restart(unsynced: 'kept' | 'lost'): void
  /** A node starts again: of what its parts were, only what is durable is left. */
  restartNode(node: string): void
}

const allCommands: ReadonlySet<CommandKind> = new Set(commandKinds)

/**
 * Puts `subject` together, with nothing in its store.
 * @param stepping how its commands take steps: at once, when absent
 * @param clocks of the nodes on which it runs: the same as its own, when absent
 * @throws TypeError for what is no subject
 */
export function assemble(subject: Subject, seed: number, stepping?: Stepping, clocks?: NodeClocks): Assembled {
  checkSubject(subject)
  const secret = `${seed}`
  const mint = tokenMint(secret)
  const client = { ...builtInClient, ...guardedClient(subject, subject.client ?? {}) }
  if (subject.core === undefined && subject.log === undefined && subject.jobs === undefined) {
    const core = subject.store?.(mint) ?? memoryCore(mint)
    // Each of its commands is durable when it is answered: a restart loses nothing.
    return {
      client,
      // Of the built-in subject all is its own; who brings a client alone has none of these.
      own: new Set(subject.client === undefined ? parts : []),
      mayStep: false,
      isOnNode: () => false,
      commands: allCommands,
      execute: (command, nowMs) => core.execute(command, nowMs),
      restart: () => undefined,
      restartNode: () => undefined,
    }
  }
  const given = { secret, mint, random: randomStream(seed, 'subject') }
  return assembleParts(subject, client, given, { stepping, clocks })
}

/** The commands that `subject` has. */
export function commandsOf(subject: Subject): ReadonlySet<CommandKind> {
  return assemble(subject, 0).commands
}

type Handler = (command: Command, nowMs: number) => Reply | Promise<Reply>

interface Started {
  readonly handlers: Map<CommandKind, Handler>
  readonly parts: readonly { close?(): void }[]
  readonly own: Assembled['own']
}

function assembleParts(
  subject: Subject,
  client: Client,
  given: { readonly secret: string; readonly mint: MintToken; readonly random: Random },
  { stepping, clocks }: { readonly stepping: Stepping | undefined; readonly clocks: NodeClocks | undefined },
): Assembled {
  let clockMs = 0
  const ownClock = {
    nowMs: () => clockMs,
    sleep(durationMs: number) {
      clockMs += durationMs
    },
  }
  const onNodes = subject.runsOn === 'nodes'
  const { wanted, decide, sent, ...taking } = stepping ?? atOnce(ownClock)
  /** Its parts are made just now: no command is under way that could take a step. */
  let isMade = false
  const cells = new Map<string, unknown>()
  const durable = <T>(name: string, initial: () => T): T => {
    if (!cells.has(name)) cells.set(name, initial())
    return cells.get(name) as T
  }
  const ledger = ledgerOf(sent)
  const step: SubjectContext['step'] = (access, command) => {
    if (!isMade) throw outsideOfCommand('a step')
    if (typeof access !== 'function') {
      throw new TypeError(`a step that is of type ${typeof access}: expected a function that makes the access`)
    }
    return taking.step(access, command)
  }
  const sleep: SubjectContext['sleep'] = (durationMs, command) => {
    if (!isMade) throw outsideOfCommand('a sleep')
    if (!Number.isSafeInteger(durationMs) || durationMs < 0) {
      throw new RangeError(`a sleep of ${String(durationMs)} ms: expected a whole number, 0 or more`)
    }
    return taking.sleep(durationMs, command)
  }
  const decided: SubjectContext['decided'] = (answer, command) => {
    if (!isMade) throw outsideOfCommand('`decided`')
    decide(answer, command, ledger.note)
    return answer
  }
  const builtIn = builtInParts(given.mint, new Map())
  const reading =
    (clock: keyof NodeClocks) =>
    (node: string): number => {
      if (!isMade) throw new TypeError(UNTIMED)
      return clocks === undefined ? clockMs : clocks[clock](node)
    }
  const nodeClocks = { nowMs: reading('nowMs'), monotonicMs: reading('monotonicMs') }
  const contextOf = (home: string): SubjectContext =>
    onNodes ? onNode(common(), home, nodeClocks) : onNoNode(common())
  const common = (): Omit<SubjectContext, 'node'> => ({
    ...given,
    durable,
    builtIn,
    get step() {
      wanted()
      return step
    },
    get sleep() {
      wanted()
      return sleep
    },
    get decided() {
      wanted()
      return decided
    },
  })

  /** By node, what is made for it; of a service, there is one for all. */
  const started = new Map<string, Started>()
  const begin = (home: string): Started => {
    isMade = false
    const begun = start(subject, contextOf(home), ledger)
    isMade = true
    started.set(home, begun)
    return begun
  }
  const homeOf = (command: Command): string => (onNodes ? nodeOf(command.session) : SERVICE)
  const first = onNodes ? FIRST_NODE : SERVICE
  const { own, handlers } = begin(first)
  return {
    client,
    own,
    mayStep: true,
    isOnNode: ({ kind }) => onNodes && own.has(commandTable[kind].part),
    commands: new Set(handlers.keys()),
    execute(command, nowMs) {
      const home = homeOf(command)
      const handler = (started.get(home) ?? begin(home)).handlers.get(command.kind)
      if (handler === undefined) throw new CommandLacking(subject.name, command.kind)
      clockMs = nowMs
      return handler(command, nowMs)
    },
    restart(unsynced) {
      if (unsynced === 'kept') {
        for (const { parts } of started.values()) for (const part of parts) close(subject, part)
      }
      started.clear()
      begin(first)
    },
    restartNode(node) {
      started.delete(node)
    },
  }
}

const UNTIMED =
  'the clock of a node, read while its parts are made: expected it in what answers a command, as nothing has a time before'

const SERVICE = 'the service'

/** What is made for it tells which commands there are. */
const FIRST_NODE = 'node-0'

/** Of a task that is not the first, the session is that of its node with a number behind. */
const nodeOf = (session: string): string => session.split('/', 1)[0] as string

/** What the core has granted, for the built-in log under a core that is not. */
interface Ledger {
  readonly spaces: Map<string, StoredSpace>
  readonly note: Note
}

/** Nothing waits in a restart: what is not closed when `close` comes back would go on beside the parts that are made anew. */
function close(subject: Subject, part: { close?(): unknown }): void {
  const late = blaming(subject, 'close', () => {
    const left = part.close?.()
    return isThenable(left) ? left : undefined
  })
  if (late === undefined) return
  leaveUnheard(late)
  throw new SubjectFault(
    'wrong-shape',
    'close',
    `subject "${subject.name}" answered close with a promise: expected a part that is closed at once`,
  )
}

function start(subject: Subject, context: SubjectContext, ledger: Ledger): Started {
  const { builtIn } = context
  const given = made(subject, 'core', subject.core, context)
  const whole = given !== undefined && 'execute' in given ? partsOn(given) : undefined
  const core = whole?.core ?? (given as CorePart | undefined) ?? builtIn.core
  const log =
    subject.log === 'none'
      ? {}
      : (made(subject, 'log', subject.log, context) ?? whole?.log ?? logOf(subject, context, ledger))
  const jobs =
    subject.jobs === 'none' ? {} : (made(subject, 'jobs', subject.jobs, context) ?? whole?.jobs ?? builtIn.jobs)
  const handlers = new Map<CommandKind, Handler>()
  const ownCore = subject.core !== undefined
  const ledgered = ownCore && whole === undefined
  const isOwn: Readonly<Record<Part, boolean>> = {
    core: ownCore,
    log: whole !== undefined || typeof subject.log === 'function',
    jobs: whole !== undefined || typeof subject.jobs === 'function',
  }
  const add = (name: Part, part: object, wrap = (handler: Handler) => handler) => {
    for (const kind of commandsOfPart[name]) {
      const handler = (part as Readonly<Record<string, Handler | undefined>>)[kind]
      if (handler !== undefined) {
        handlers.set(kind, wrap(isOwn[name] ? guarded(subject, handler.bind(part)) : handler))
      }
    }
  }
  add('core', core, ledgered ? (handler) => noted(handler, ledger) : undefined)
  add('log', log)
  add('jobs', jobs)
  return { handlers, parts: [given ?? core, log, jobs], own: new Set(parts.filter((part) => isOwn[part])) }
}

/** The built-in log, under a core that is not: it judges fences by what that core has granted. */
function logOf(subject: Subject, context: SubjectContext, { spaces }: Ledger): LogPart {
  if (subject.core === undefined) return context.builtIn.log
  return partsOn(memoryCore(context.mint, { spaces })).log
}

/** An object as it is written down, and not the instance of a class. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/**
 * What `key` of a part seems to be meant as, a slip of a command or a command of another part: it would not be called, and the
 * built-in one beside it be found correct.
 */
function slipOf(key: string, name: Part): string | undefined {
  const commands: readonly string[] = commandsOfPart[name]
  if (commands.includes(key) || key === 'execute' || key === 'close') return undefined
  const part = parts.find((other) => (commandsOfPart[other] as readonly string[]).includes(key))
  if (part !== undefined) return `${key} in ${part}`
  return nearest(key, commands).find((command) => Math.abs(command.length - key.length) <= 2)
}

/** What `make` gives, if it is a part: a function for each of its commands. A core has at least `acquire`, or one `execute` for all. */
function made<P extends object>(
  subject: Subject,
  name: Part,
  make: ((context: SubjectContext) => P) | undefined,
  context: SubjectContext,
): P | undefined {
  if (make === undefined) return undefined
  const part: unknown = blaming(subject, name, () => make(context))
  const has = (command: string) => typeof Reflect.get(part as object, command) === 'function'
  const wrong = (found: string, expected: string): SubjectFault =>
    new SubjectFault('wrong-shape', name, `${name} of subject "${subject.name}" is ${found}: expected ${expected}`)
  if (typeof part !== 'object' || part === null) throw wrong(String(part), 'an object with a function for each command')
  if (part instanceof Promise) {
    leaveUnheard(part)
    throw wrong('a promise', 'an object, made at once: its commands may be asynchronous')
  }
  for (const key of isPlain(part) ? Object.keys(part) : []) {
    const meant = has(key) && !has('execute') ? slipOf(key, name) : undefined
    if (meant !== undefined) throw wrong(`one with ${key}`, `${meant}, if that is what is meant, or another name`)
  }
  if (name === 'core' && !has('acquire') && !has('execute')) {
    throw wrong(`one with ${Object.keys(part).join(', ') || 'nothing'}`, 'acquire, or one execute for all commands')
  }
  return part as P
}

/** A core's handler whose grants, renewals and releases are written down as the records that they amount to. */
function noted(handler: Handler, { note }: Ledger): Handler {
  return (command, nowMs) => {
    const reply = handler(command, nowMs)
    if (reply instanceof Promise) {
      return reply.then((late) => {
        note(command, late, nowMs)
        return late
      })
    }
    note(command, reply, nowMs)
    return reply
  }
}

/** @param sent which command of the nodes it is: a copy is the same command once more, and changes nothing */
function ledgerOf(sent: Stepping['sent']): Ledger {
  const spaces = new Map<string, StoredSpace>()
  /** The renewals and releases that are in it. */
  const noted = new WeakSet<Command>()
  return {
    spaces,
    note(command, reply, nowMs) {
      if (noted.has(sent(command))) return
      if (reply.kind === 'renewed' || reply.kind === 'released') noted.add(sent(command))
      const space = storedSpace(spaces, spaceOf(command))
      const { lease, log } = space.record
      const next = leaseAfter(lease, command, reply, nowMs)
      if (next !== lease) space.record = { lease: next, log }
    },
  }
}

function leaseAfter(lease: LeaseRecord, command: Command, reply: Reply, nowMs: number): LeaseRecord {
  if (reply.kind === 'granted') {
    const { fence, expiresAtMs } = reply
    if (fence.epoch <= lease.epoch) return lease
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

/** What a core of one's own answers is completed by whoever asks it. */
function partsOn(core: Core | WholeCore): Pick<BuiltInParts, Part> {
  const execute = core.execute.bind(core)
  const handlers = <P extends Part>(part: P) =>
    Object.fromEntries(commandsOfPart[part].map((kind) => [kind, execute])) as unknown as BuiltInParts[P]
  return { core: handlers('core'), log: handlers('log'), jobs: handlers('jobs') }
}

import { insteadOfObject, nearest } from '../input/index.js'
import type { JobFence } from '../jobs/index.js'
import type { Random } from '../kernel/index.js'
import type { Fence, MintToken } from '../lease/index.js'
import type { Checkpoint, LogEvent } from '../log/index.js'
import type { Command, CommandKind, CommandOf, Part, RefusalKind, Reply } from '../protocol/index.js'
import type { Core, Machine, StoredSpace } from '../stores/index.js'
import { type Client, policies } from './client.js'
import type { Watch } from './guard.js'

/** A fence as a subject gives it out: owner and space are known from the command; a core without tokens leaves them out. */
type BriefFence = Pick<Fence, 'epoch'> & Partial<Fence>

/** An event as a subject gives it back: under which epoch and by whom it was written, it need not know. */
type BriefEvent = Pick<LogEvent, 'seq' | 'type' | 'payload'>

/** A reply as a subject may give it: a refusal need not say more than its kind. */
export type Answer =
  | Reply
  | { readonly kind: 'granted'; readonly fence: BriefFence; readonly expiresAtMs: number }
  | { readonly kind: 'taken'; readonly fence: BriefFence & Pick<JobFence, 'job'>; readonly expiresAtMs: number }
  | { readonly kind: 'loaded'; readonly nextSeq: number; readonly checkpoint?: Pick<Checkpoint, 'nextSeq' | 'state'> }
  | { readonly kind: 'events'; readonly events: readonly BriefEvent[]; readonly nextSeq?: number }
  | { readonly kind: RefusalKind }

/** What a part of a subject answers to each of its commands. `nowMs` is its clock; it has no other. */
type Handlers<K extends CommandKind, A = Answer | Promise<Answer>> = {
  readonly [Kind in K]?: (command: Extract<Command, { kind: Kind }>, nowMs: number) => A
}

type KindOf<P extends Part> = CommandOf[P]['kind']

/** Grants, refuses, queues claimants. All but `acquire` may be left out: what needs them is skipped. */
export interface CorePart extends Required<Handlers<'acquire'>>, Handlers<Exclude<KindOf<'core'>, 'acquire'>> {
  /** The store stops in good order: the last chance to write what is not written, at once. Not called when unsynced writes are lost. */
  close?(): void
}

/** Keeps the log: append, checkpoint, replay. */
export interface LogPart extends Handlers<KindOf<'log'>> {
  close?(): void
}

/** Hands out jobs: work that is a lease per job, with a bounded number of attempts. */
export interface JobPart extends Handlers<KindOf<'jobs'>> {
  close?(): void
}

/** All three at once: one function for every command. */
export interface WholeCore {
  execute(command: Command, nowMs: number): Answer | Promise<Answer>
  close?(): void
}

/** A built-in part: it has all of its commands, and answers at once. */
type BuiltInPart<P extends Part> = Required<Handlers<KindOf<P>, Reply>> & { close?(): void }

/** The built-in parts, to wrap: spread one and replace a command. */
export interface BuiltInParts {
  readonly core: BuiltInPart<'core'>
  readonly log: BuiltInPart<'log'>
  readonly jobs: BuiltInPart<'jobs'>
  /** What they keep, by space. Survives a restart of the store. */
  readonly spaces: Map<string, StoredSpace>
  /** The same parts on steps of your own. */
  on(machine: Partial<Machine>): Pick<BuiltInParts, Part>
}

/** The node on which a part runs. */
export interface NodeContext {
  /** `node-3`: that of all its tasks. */
  readonly name: string
  /** What its wall clock shows: it may be skewed, drift, and jump. */
  clockMs(): number
  /** What its monotonic clock shows, for durations: it may drift, but never jumps. */
  monotonicMs(): number
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
  /**
   * Does `access` as one step of the command that asks for it, at a later `nowMs` of the subject's clock: what others do may
   * come in between, and a restart of the store (of a part that runs on nodes: a crash of its node) may cut the command off
   * there. A subject that takes steps does in them all that it waits for, other commands apart. A command takes effect in its
   * last step, unless it says where. Throws a StepUnanswered, on nodes, where the store cannot be reached for long.
   * @param command whose step it is: for a loop of one's own, which carries out what others have asked for
   */
  step<T>(access: (nowMs: number) => T | PromiseLike<T>, command?: Command): Promise<T>
  /**
   * Waits so long, a whole number of ms by the clock of the node or of the service, as a step that touches nothing.
   * @param command as of `step`
   */
  sleep(durationMs: number, command?: Command): Promise<void>
  /** Where a part runs that is made for each node: only of a subject with `runsOn: 'nodes'`. */
  readonly node: NodeContext
  /** Says that the command takes effect here and will be answered so, though it takes more steps. Returns the answer. */
  decided<A extends Answer>(answer: A, command?: Command): A
}

/** Where the parts of a subject run: all commands in one service, or each in a library on the node that asks. */
export const homes = ['service', 'nodes'] as const

/**
 * What is under test, in up to three parts, and jobs. A part that is left out is the built-in one. The functions are called
 * at the start of every run, and again after every restart of the store; on nodes, once for each node, and again after each of
 * its crashes.
 */
export interface Subject {
  readonly name: string
  /**
   * `nodes` for parts that are a library beside a store: each node has its own, whose commands stand still while the node is
   * paused, and end where it crashes. `service`, when absent.
   */
  readonly runsOn?: (typeof homes)[number]
  /** A part with a function per command, or one `execute` for all commands: then it is the log and the jobs as well. */
  readonly core?: (context: SubjectContext) => CorePart | WholeCore
  readonly log?: ((context: SubjectContext) => LogPart) | 'none'
  readonly jobs?: ((context: SubjectContext) => JobPart) | 'none'
  readonly client?: Partial<Client>
  /** What the built-in parts stand on, instead of memory: called once a run, with nothing in it. Only without parts of your own. */
  readonly store?: (mint: MintToken) => Core
  /** Told of every call of a function of one's own. */
  readonly watch?: Watch
}

/**
 * Declares a subject, which may be the instance of a class.
 * @throws TypeError for what is none
 */
export function defineSubject(subject: Subject): Subject {
  refuseNoSubject(subject)
  const { name, runsOn, core, log, jobs, client, store } = subject
  return {
    name,
    ...(runsOn && { runsOn }),
    ...(core && { core: core.bind(subject) }),
    ...(log && { log: log === 'none' ? log : log.bind(subject) }),
    ...(jobs && { jobs: jobs === 'none' ? jobs : jobs.bind(subject) }),
    ...(client && { client }),
    ...(store && { store: store.bind(subject) }),
  }
}

/** Those that were found to be subjects: each is put together many times. */
const checked = new WeakSet<Subject>()

/**
 * Looks at what is to be run as a subject, however it was made.
 * @throws TypeError for what is none
 */
export function checkSubject(subject: Subject): void {
  if (checked.has(subject)) return
  refuseNoSubject(subject)
  checked.add(subject)
}

/** What is misspelt, or no subject at all, would have the built-in parts found correct in its name. */
function refuseNoSubject(subject: Subject): void {
  if (typeof subject !== 'object' || subject === null) {
    throw new TypeError(`a subject that is ${insteadOfObject(subject)}: expected what defineSubject returns`)
  }
  if (subject instanceof Promise) throw new TypeError('a subject that is a promise: expected what it is kept with')
  const { name, runsOn, core, log, jobs, client, store } = subject
  if (typeof name !== 'string' || name.trim() === '') {
    const isModule = name === undefined && 'default' in subject
    throw new TypeError(
      `a subject needs a name${isModule ? ': this is a module, whose default export may be one' : ''}`,
    )
  }
  if (name !== builtInSubject.name && [core, log, jobs, client, store].every((part) => part === undefined)) {
    const found = Object.keys(subject).join(', ')
    throw new TypeError(`subject "${name}" has no part of its own, but ${found}: expected core, log, jobs or client`)
  }
  refuseSlip(name, subject)
  if (runsOn !== undefined) refuseWrongHome(name, subject)
  for (const [part, value] of Object.entries({ core, log, jobs })) {
    if (value === undefined || typeof value === 'function' || (value === 'none' && part !== 'core')) continue
    throw new TypeError(
      `${part} of subject "${name}" is of type ${typeof value}: expected a function that makes the part`,
    )
  }
  if (client !== undefined) refuseWrongClient(name, client)
}

function refuseWrongHome(name: string, { runsOn, core, log, jobs }: Subject): void {
  if (!homes.some((home) => home === runsOn)) {
    throw new TypeError(`runsOn of subject "${name}" is ${JSON.stringify(runsOn)}: expected ${homes.join(' or ')}`)
  }
  if (runsOn === 'nodes' && ![core, log, jobs].some((part) => typeof part === 'function')) {
    throw new TypeError(`subject "${name}" runs on nodes, and has no part that could: expected core, log or jobs`)
  }
}

const functionOrNone = (value: unknown): boolean => typeof value === 'function' || value === 'none'

/** By part, what may stand for it. */
const isPart = {
  core: functionOrNone,
  log: functionOrNone,
  jobs: functionOrNone,
  client: (value: unknown): boolean => typeof value === 'object' && value !== null,
  runsOn: (value: unknown): boolean => homes.some((home) => home === value),
} as const satisfies { readonly [part in keyof Subject]?: (value: unknown) => boolean }

/**
 * A part that is misspelt beside another would be the built-in one. A subject may have fields of its own, and be the instance of a
 * class: only what is nearly the same as a part that is missing, and would do in its place, is a slip.
 */
function refuseSlip(name: string, subject: Subject): void {
  if (Object.getPrototypeOf(subject) !== Object.prototype) return
  const missing = (Object.keys(isPart) as readonly (keyof typeof isPart)[]).filter(
    (part) => subject[part] === undefined,
  )
  for (const [field, value] of Object.entries(subject)) {
    if (['name', 'store', 'watch', ...Object.keys(isPart)].includes(field)) continue
    const meant = missing.find((part) => isSlip(field.toLowerCase(), part) && isPart[part](value))
    if (meant === undefined) continue
    throw new TypeError(`subject "${name}" has a field ${JSON.stringify(field)}: expected ${meant}?`)
  }
}

/** Letters left out, or others, between the first and the last, or one more or less at the end: `now` is no slip of `log`. */
const isSlip = (field: string, part: string): boolean =>
  (field[0] === part[0] && field.at(-1) === part.at(-1) && nearest(field, [part]).length > 0) ||
  field === `${part}s` ||
  part === `${field}s` ||
  field === part

/** A policy that is misspelt would not be asked, and the built-in one be found correct in its place. */
function refuseWrongClient(name: string, client: Partial<Client>): void {
  const known = policies.join(', ')
  const unknown = Object.keys(client).find((policy) => !(policies as readonly string[]).includes(policy))
  const isInstance = Object.getPrototypeOf(client) !== Object.prototype
  if (unknown !== undefined && !isInstance) {
    throw new TypeError(`client.${unknown} of subject "${name}" does not exist: expected one of ${known}`)
  }
  const own = policies.filter((policy) => client[policy] !== undefined)
  if (own.length === 0) throw new TypeError(`client of subject "${name}" has no policy: expected one of ${known}`)
  const wrong = own.find((policy) => typeof client[policy] !== 'function')
  if (wrong !== undefined) throw new TypeError(`client.${wrong} of subject "${name}": expected a function`)
}

/** The built-in lease core, log, jobs and client, in memory. */
export const builtInSubject: Subject = { name: 'built-in' }

/** The built-in subject on another store than memory. Its name is the same: so is what it does. */
export function storedSubject(store: (mint: MintToken) => Core): Subject {
  return { ...builtInSubject, store }
}

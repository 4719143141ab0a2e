import {
  type Command,
  commandKinds,
  commandTable,
  isRefusal,
  parts,
  type RefusalKind,
  type Reply,
  type ReplyKind,
  UNTOLD,
} from '../protocol/index.js'
import { type Client, policies } from './client.js'

/** The subject did what no subject may: the run says nothing about leases, but much about the subject. */
export class SubjectFault extends Error {
  override readonly name = 'SubjectFault'
  readonly fault: 'threw' | 'wrong-shape' | 'mutated' | 'silent' | 'endless'
  readonly command: string

  constructor(fault: SubjectFault['fault'], command: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.fault = fault
    this.command = command
  }
}

/** Told when functions of a subject are called and when they are back: the one that never is, is where the subject hangs. */
export interface Watch {
  /** @param what one of `subjectFunctions`; `atMs` is its clock, which commands alone are given */
  entered(what: string, atMs?: number): void
  left(): void
}

/** Everything that a subject may be called for: its commands, its policies, and the making and closing of its parts. */
export const subjectFunctions: readonly string[] = [
  ...commandKinds,
  ...policies.map((policy) => `client.${policy}`),
  ...parts,
  'close',
]

/** What engines say when something frozen is written to. */
const WRITES_TO_FROZEN = /read.only property|not extensible|Cannot (add|delete|redefine) property/

type Handler = (command: Command, nowMs: number) => Reply | Promise<Reply>

/** `handler`, with its replies checked, filled in where they say less than they might, and its command protected. */
export function guarded({ name, watch }: Watched, handler: Handler): Handler {
  const checked = (command: Command, reply: unknown, nowMs: number): Reply => {
    try {
      return completed(name, command, reply, nowMs)
    } catch (error) {
      throw threw(name, command, error)
    } finally {
      watch?.left()
    }
  }
  const failed = (command: Command, error: unknown): SubjectFault => {
    watch?.left()
    return threw(name, command, error)
  }
  return (command, nowMs) => {
    freeze(command)
    watch?.entered(command.kind, nowMs)
    let reply: unknown
    let isLate: boolean
    try {
      reply = handler(command, nowMs)
      isLate = isThenable(reply)
    } catch (error) {
      throw failed(command, error)
    }
    if (!isLate) return checked(command, reply, nowMs)
    return Promise.resolve(reply).then(
      (late) => checked(command, late, nowMs),
      (error: unknown) => {
        throw failed(command, error)
      },
    )
  }
}

/** What an error says, whatever was thrown. */
function saidBy(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error)
  } catch {
    return 'something that cannot be shown'
  }
}

interface Watched {
  readonly name: string
  readonly watch?: Watch
}

/** Calls `call`, a function of the subject that is not a command, on what it is `given`, which is protected. */
export function blaming<R>(
  { name, watch }: Watched,
  where: string,
  call: (...given: readonly unknown[]) => R,
  given: readonly unknown[] = [],
): R {
  for (const value of given) freeze(value)
  watch?.entered(where)
  try {
    return call(...given)
  } catch (error) {
    if (given.length > 0 && wroteToFrozen(error)) throw mutated(name, where, `what ${where}`, error)
    throw new SubjectFault('threw', where, `subject "${name}" threw in ${where}: ${saidBy(error)}`, { cause: error })
  } finally {
    watch?.left()
  }
}

/** A command is a message: who writes to it would change what others have sent. What a policy is given is not its own either. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const inner of Object.values(value)) freeze(inner)
}

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'

function threw(subject: string, { kind }: Command, error: unknown): SubjectFault {
  if (error instanceof SubjectFault) return error
  const said = saidBy(error)
  if (wroteToFrozen(error)) return mutated(subject, kind, `the ${kind} that it`, error)
  return new SubjectFault('threw', kind, `subject "${subject}" threw on ${kind}: ${said}`, { cause: error })
}

/** Whose promise is refused is at fault already: one that is rejected later is not to end the command as well. */
export function leaveUnheard(promise: PromiseLike<unknown>): void {
  promise.then(undefined, () => undefined)
}

const wroteToFrozen = (error: unknown): boolean => error instanceof TypeError && WRITES_TO_FROZEN.test(saidBy(error))

const mutated = (subject: string, command: string, what: string, error: unknown): SubjectFault =>
  new SubjectFault('mutated', command, `subject "${subject}" wrote to ${what} was given: ${saidBy(error)}`, {
    cause: error,
  })

/** The whole numbers that have to be there, and what may be left out, with what it is then. */
interface Shape {
  readonly numbers?: readonly string[]
  readonly optional?: object
}

type ReplyOf<K extends ReplyKind> = Extract<Reply, { readonly kind: K }>
type NumberIn<R> = { [Field in keyof R]: R[Field] extends number ? Field : never }[keyof R]

/** By kind of reply: an answer has to say what it is about, a refusal nothing but its kind. */
const shapes = {
  granted: { numbers: ['expiresAtMs'] },
  renewed: { numbers: ['expiresAtMs'] },
  released: {},
  valid: { numbers: ['expiresAtMs'] },
  appended: { numbers: ['seq'] },
  checkpointed: { numbers: ['nextSeq'] },
  truncated: { numbers: ['firstSeq'] },
  loaded: { numbers: ['nextSeq'] },
  events: {},
  enqueued: { numbers: ['job'] },
  taken: { numbers: ['expiresAtMs'] },
  idle: {},
  completed: {},
  failed: {},
  'lease-held': { optional: { owner: '', epoch: 0, expiresAtMs: 0, position: 0, keptUntilMs: 0 } },
  queued: { optional: { ahead: '', epoch: 0, position: 0, keptUntilMs: 0 } },
  'stale-owner': { optional: { currentEpoch: UNTOLD, requestedEpoch: UNTOLD } },
  'unknown-epoch': { optional: { currentEpoch: UNTOLD, requestedEpoch: UNTOLD } },
  'split-brain': { optional: { currentOwner: '', requestedOwner: '', epoch: 0 } },
  'invalid-token': { optional: { owner: '', epoch: 0 } },
  'lease-expired': { optional: { epoch: 0, expiresAtMs: 0 } },
  superseded: { optional: { request: UNTOLD, latestRequest: UNTOLD } },
  'ahead-of-log': { optional: { nextSeq: UNTOLD, requestedSeq: UNTOLD } },
  'checkpoint-mismatch': { optional: { checkpointSeq: UNTOLD, requestedSeq: UNTOLD } },
  compacted: { optional: { firstSeq: UNTOLD, requestedSeq: UNTOLD } },
} satisfies {
  readonly [K in ReplyKind]: K extends RefusalKind
    ? { readonly optional: Omit<ReplyOf<K>, 'kind'> }
    : { readonly numbers?: readonly NumberIn<ReplyOf<K>>[] }
}

const isReplyKind = (kind: unknown): kind is ReplyKind => typeof kind === 'string' && Object.hasOwn(shapes, kind)

/**
 * A reply as a subject may give it, filled in where it says less than it might.
 * @throws SubjectFault for what is no reply to this command
 */
export function completed(subject: string, command: Command, reply: unknown, nowMs: number): Reply {
  const wrong = (found: string, expected: string): SubjectFault =>
    new SubjectFault(
      'wrong-shape',
      command.kind,
      `subject "${subject}" answered ${command.kind} with ${found}: expected ${expected}`,
    )
  const answers: readonly ReplyKind[] = commandTable[command.kind].answers
  const expected = `{ kind: '${answers.join("' | '")}', … } or a refusal such as { kind: 'lease-held' }`
  if (!isObject(reply)) throw wrong(shown(reply), expected)
  const { kind } = reply
  if (!isReplyKind(kind)) throw wrong(`kind ${shown(kind)}`, expected)
  if (!isRefusal({ kind }) && !answers.includes(kind)) throw wrong(`kind '${kind}'`, expected)
  const fields = filled(shapes[kind], reply, `${kind} with `, wrong)
  switch (kind) {
    case 'granted':
    case 'taken': {
      const { fence } = reply
      if (!isObject(fence)) {
        throw wrong(
          `${kind} without a fence`,
          kind === 'taken' ? 'fence: { epoch, job, token? }' : 'fence: { epoch, token? }',
        )
      }
      const owner = 'owner' in command ? command.owner : ''
      const space = 'space' in command ? command.space : ''
      const numbers = kind === 'taken' ? ['epoch', 'job'] : ['epoch']
      const whole = filled({ numbers, optional: { space, owner, token: '' } }, fence, `${kind} with fence.`, wrong)
      if ((whole['epoch'] as number) < 1) throw wrong(`${kind} with fence.epoch ${whole['epoch']}`, '1 or more')
      if (whole['space'] !== space) throw wrong(`${kind} with fence.space ${shown(whole['space'])}`, shown(space))
      return { ...fields, grantedAtMs: nowMs, fence: whole } as unknown as Reply
    }
    case 'loaded': {
      const checkpoint = reply['checkpoint'] ?? undefined
      if (checkpoint === undefined) return { ...fields, checkpoint } as unknown as Reply
      if (!isObject(checkpoint)) throw wrong(`checkpoint ${shown(checkpoint)}`, '{ nextSeq, state } or none')
      const { state } = checkpoint
      if (!isJson(state)) throw wrong(`a checkpoint whose state is ${shown(state)}`, 'JSON')
      const whole = filled({ numbers: ['nextSeq'] }, checkpoint, 'checkpoint.', wrong)
      return { ...fields, checkpoint: { ...whole, state } } as unknown as Reply
    }
    case 'events': {
      const { events } = reply
      if (!Array.isArray(events)) throw wrong('events without a list of events', 'events: [{ seq, type, payload }, …]')
      const fromSeq = 'fromSeq' in command ? command.fromSeq : 0
      // By number: what is not there is passed over otherwise.
      for (let index = 0; index < events.length; index++) {
        const event: unknown = events[index]
        if (!isObject(event) || typeof event['type'] !== 'string')
          throw wrong('events without a list of events', 'events: [{ seq, type, payload }, …]')
        const { seq, payload } = event
        if (seq !== fromSeq + index) throw wrong(`an event whose seq is ${shown(seq)}`, String(fromSeq + index))
        if (!isJson(payload)) throw wrong(`an event whose payload is ${shown(payload)}`, 'JSON')
      }
      const nextSeq = 'fromSeq' in command ? command.fromSeq + events.length : events.length
      const whole = filled({ optional: { nextSeq } }, reply, 'events with ', wrong)
      return { ...whole, events } as unknown as Reply
    }
    default:
      return fields as unknown as Reply
  }
}

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null

function isJson(value: unknown): boolean {
  if (typeof value !== 'object') return ['string', 'number', 'boolean'].includes(typeof value)
  try {
    return JSON.stringify(value) !== undefined
  } catch {
    return false
  }
}

/**
 * What `given` says, read by name as it may be the instance of a class: what may be left out is as the shape says, and what
 * is there has the type of that.
 */
function filled(
  { numbers = [], optional = {} }: Shape,
  given: Fields,
  prefix: string,
  wrong: (found: string, expected: string) => SubjectFault,
): Fields {
  const all: Record<string, unknown> = { ...given }
  if ('kind' in given) all['kind'] = given['kind']
  for (const name of numbers) {
    const value = given[name]
    if (!isCount(value)) throw wrong(`${prefix}${name} ${shown(value)}`, 'a whole number of 0 or more')
    all[name] = value
  }
  for (const [name, otherwise] of Object.entries(optional)) {
    const value = given[name] ?? undefined
    const fits = typeof otherwise === 'number' ? isCount(value) : typeof value === typeof otherwise
    if (value !== undefined && !fits)
      throw wrong(
        `${prefix}${name} ${shown(value)}`,
        typeof otherwise === 'number' ? 'a whole number of 0 or more' : 'text',
      )
    all[name] = value ?? otherwise
  }
  return all
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'bigint') return `the bigint ${value}n`
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

/** A client's own policies, with what they answer checked: one that throws, or gives no number, is at fault, not the scenario. */
export function guardedClient(subject: Watched, client: Partial<Client>): Partial<Client> {
  // By name, as it may be the instance of a class.
  const own = policies.filter((policy) => client[policy] !== undefined)
  const entries = own.map((policy) => {
    const command = `client.${policy}`
    const fits = fitting[policy]
    const call = client[policy] as (...given: readonly unknown[]) => unknown
    const checked = (...given: readonly unknown[]): unknown => {
      const result: unknown = blaming(subject, command, (...all) => Reflect.apply(call, client, all), given)
      if (fits.test(result)) return result
      const message = `subject "${subject.name}" answered ${command} with ${shown(result)}: expected ${fits.expected}`
      throw new SubjectFault('wrong-shape', command, message)
    }
    return [policy, checked]
  })
  return Object.fromEntries(entries) as Partial<Client>
}

const time = { test: Number.isSafeInteger, expected: 'a whole number of milliseconds' }

/** What each policy may answer. */
const fitting: Readonly<Record<keyof Client, { test(result: unknown): boolean; readonly expected: string }>> = {
  believesUntilMs: time,
  believes: { test: (result) => typeof result === 'boolean', expected: 'true or false' },
  afterRenewal: time,
  retryAfterMs: {
    test: (result) => result === undefined || (Number.isSafeInteger(result) && (result as number) >= 0),
    expected: 'a whole number of milliseconds, 0 or more, or undefined',
  },
}

import type { Command, Reply } from '../log/index.js'
import type { Client } from './client.js'

/** The subject did what no subject may: the run says nothing about leases, but much about the subject. */
export class SubjectFault extends Error {
  override readonly name = 'SubjectFault'
  readonly fault: 'threw' | 'wrong-shape' | 'mutated' | 'silent' | 'endless'
  readonly command: string

  constructor(fault: SubjectFault['fault'], command: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
    this.command = command
  }
}

/** What engines say when something frozen is written to. */
const WRITES_TO_FROZEN = /read.only property|not extensible|Cannot (add|delete|redefine) property/

type Handler = (command: Command, nowMs: number) => Reply | Promise<Reply>

/** `handler`, with its replies checked, filled in where they say less than they might, and its command protected. */
export function guarded(subject: string, handler: Handler): Handler {
  return (command, nowMs) => {
    freeze(command)
    let reply: unknown
    try {
      reply = handler(command, nowMs)
    } catch (error) {
      throw threw(subject, command, error)
    }
    if (!isThenable(reply)) return completed(subject, command, reply)
    return Promise.resolve(reply).then(
      (late) => completed(subject, command, late),
      (error: unknown) => {
        throw threw(subject, command, error)
      },
    )
  }
}

/** A command is a message: who writes to it would change what others have sent. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const inner of Object.values(value)) freeze(inner)
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'

function threw(subject: string, { kind }: Command, error: unknown): SubjectFault {
  if (error instanceof SubjectFault) return error
  const said = error instanceof Error ? error.message : String(error)
  if (error instanceof TypeError && WRITES_TO_FROZEN.test(said)) {
    return new SubjectFault('mutated', kind, `subject "${subject}" wrote to the ${kind} that it was given: ${said}`, {
      cause: error,
    })
  }
  return new SubjectFault('threw', kind, `subject "${subject}" threw on ${kind}: ${said}`, { cause: error })
}

/** By kind of reply, the whole numbers it has to have, and what may be left out, with what it is then. */
const shapes: Readonly<Record<string, { readonly numbers: readonly string[]; readonly optional?: object }>> = {
  granted: { numbers: ['expiresAtMs'] },
  renewed: { numbers: ['expiresAtMs'] },
  released: { numbers: [] },
  valid: { numbers: ['expiresAtMs'] },
  appended: { numbers: ['seq'] },
  checkpointed: { numbers: ['nextSeq'] },
  truncated: { numbers: ['firstSeq'] },
  loaded: { numbers: ['nextSeq'], optional: { checkpoint: undefined } },
  events: { numbers: ['nextSeq'] },
  enqueued: { numbers: ['job'] },
  taken: { numbers: ['expiresAtMs'] },
  idle: { numbers: [] },
  completed: { numbers: [] },
  failed: { numbers: [] },
  'lease-held': { numbers: [], optional: { owner: '', epoch: 0, expiresAtMs: 0, position: 0, keptUntilMs: 0 } },
  queued: { numbers: [], optional: { ahead: '', epoch: 0, position: 0, keptUntilMs: 0 } },
  'stale-owner': { numbers: [], optional: { currentEpoch: 0, requestedEpoch: 0 } },
  'unknown-epoch': { numbers: [], optional: { currentEpoch: 0, requestedEpoch: 0 } },
  'split-brain': { numbers: [], optional: { currentOwner: '', requestedOwner: '', epoch: 0 } },
  'invalid-token': { numbers: [], optional: { owner: '', epoch: 0 } },
  'lease-expired': { numbers: [], optional: { epoch: 0, expiresAtMs: 0 } },
  superseded: { numbers: [], optional: { request: 0, latestRequest: 0 } },
  'ahead-of-log': { numbers: [], optional: { nextSeq: 0, requestedSeq: 0 } },
  'checkpoint-mismatch': { numbers: [], optional: { checkpointSeq: 0, requestedSeq: 0 } },
  compacted: { numbers: [], optional: { firstSeq: 0, requestedSeq: 0 } },
}

/** By command, what it may be answered with when it is not refused. */
const answers: Readonly<Record<Command['kind'], readonly string[]>> = {
  acquire: ['granted'],
  claim: ['granted'],
  renew: ['renewed'],
  release: ['released'],
  validate: ['valid'],
  append: ['appended'],
  checkpoint: ['checkpointed'],
  truncate: ['truncated'],
  load: ['loaded'],
  read: ['events'],
  enqueue: ['enqueued'],
  take: ['taken', 'idle'],
  complete: ['completed'],
  fail: ['failed'],
}

const allAnswers: ReadonlySet<string> = new Set(Object.values(answers).flat())

function completed(subject: string, command: Command, reply: unknown): Reply {
  const wrong = (found: string, expected: string): SubjectFault =>
    new SubjectFault(
      'wrong-shape',
      command.kind,
      `subject "${subject}" answered ${command.kind} with ${found}: expected ${expected}`,
    )
  const expected = `{ kind: '${answers[command.kind].join("' | '")}', … } or a refusal such as { kind: 'lease-held' }`
  if (typeof reply !== 'object' || reply === null) throw wrong(shown(reply), expected)
  const { kind } = reply as { readonly kind?: unknown }
  const shape = typeof kind === 'string' && Object.hasOwn(shapes, kind) ? shapes[kind] : undefined
  if (shape === undefined) throw wrong(`kind ${shown(kind)}`, expected)
  if (allAnswers.has(kind as string) && !answers[command.kind].includes(kind as string)) {
    throw wrong(`kind '${kind}'`, expected)
  }
  const fields = reply as Readonly<Record<string, unknown>>
  for (const name of shape.numbers) {
    if (!Number.isSafeInteger(fields[name]))
      throw wrong(`${kind} with ${name} ${shown(fields[name])}`, 'a whole number')
  }
  if (kind === 'events' && !Array.isArray(fields.events)) throw wrong('events without a list of events', 'events: []')
  if (kind !== 'granted' && kind !== 'taken')
    return (shape.optional === undefined ? reply : { ...shape.optional, ...reply }) as Reply

  const fence = fields.fence as Readonly<Record<string, unknown>> | undefined
  const what = kind === 'taken' ? 'fence: { epoch, job, token? }' : 'fence: { epoch, token? }'
  if (typeof fence !== 'object' || fence === null) throw wrong(`${kind} without a fence`, what)
  for (const name of kind === 'taken' ? ['epoch', 'job'] : ['epoch']) {
    if (!Number.isSafeInteger(fence[name]))
      throw wrong(`${kind} with fence.${name} ${shown(fence[name])}`, 'a whole number')
  }
  const owner = 'owner' in command ? command.owner : ''
  const space = 'space' in command ? command.space : ''
  return { grantedAtMs: 0, ...reply, fence: { space, owner, token: '', ...fence } } as Reply
}

const shown = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value))

/** `client`, with what it answers checked: a policy that throws, or gives no number, is at fault, not the scenario. */
export function guardedClient(subject: string, client: Client): Client {
  const checked = <A extends unknown[], R>(
    policy: keyof Client,
    call: (...given: A) => R,
    fits: (result: R) => boolean,
  ) => {
    return (...given: A): R => {
      const command = `client.${policy}`
      let result: R
      try {
        result = call(...given)
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error)
        throw new SubjectFault('threw', command, `subject "${subject}" threw in ${command}: ${said}`, { cause: error })
      }
      if (fits(result)) return result
      const expected = policy === 'believes' ? 'true or false' : 'a whole number of milliseconds'
      throw new SubjectFault(
        'wrong-shape',
        command,
        `subject "${subject}" answered ${command} with ${shown(result)}: expected ${expected}`,
      )
    }
  }
  return {
    believesUntilMs: checked('believesUntilMs', client.believesUntilMs, Number.isSafeInteger),
    believes: checked('believes', client.believes, (result) => typeof result === 'boolean'),
    afterRenewal: checked('afterRenewal', client.afterRenewal, Number.isSafeInteger),
    retryAfterMs: checked(
      'retryAfterMs',
      client.retryAfterMs,
      (result) => result === undefined || (Number.isSafeInteger(result) && result >= 0),
    ),
  }
}

import type { Random } from './random.js'

/** What a generator yields: the effect it waits for has been handed to the kernel already. */
export interface Suspended {
  readonly suspended: true
}

/** A reply, by its `kind`. The kernel adds three kinds of its own: `elapsed`, `timeout` and `notified`. */
export interface Tagged {
  readonly kind: string
}

/** The sleep is over. */
export interface Elapsed {
  readonly kind: 'elapsed'
}

/** No reply in time. The step may have happened or not: the caller cannot know. */
export interface Timeout {
  readonly kind: 'timeout'
}

/** The signal that was waited for has been given. */
export interface Notified {
  readonly kind: 'notified'
}

/** What a process is resumed with. */
export type Outcome<R extends Tagged> = R | Elapsed | Timeout | Notified

/** The life of a process: a generator that yields effects and is resumed with their outcomes. */
export type Body<R extends Tagged> = Generator<Suspended, void, Outcome<R>>

/** Whether a process can run it: what is written in JavaScript may be a promise, or nothing. */
export function isBody(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'next' in body && !(Symbol.asyncIterator in body)
}

/** What is told of the rest. */
export function noBody(body: unknown): TypeError {
  return new TypeError(`a process is ${foundIn(body)}: expected a generator, as in *node(node, parameters) { … }`)
}

function foundIn(body: unknown): string {
  if (typeof body !== 'object' || body === null) return body === undefined ? 'nothing' : String(body)
  if ('then' in body) return 'a promise'
  return Symbol.asyncIterator in body ? 'an async generator' : 'an object that is no generator'
}

/** What is told of what was yielded while nothing is waited for. */
export function noEffect(value: unknown): TypeError {
  if (typeof value !== 'object' || value === null) {
    const found = value === undefined ? 'nothing to wait for' : describe(value)
    return new TypeError(
      `a process yielded ${found}: expected what waits, as in \`yield node.sleep(…)\`; what does not wait, as \`node.pause(…)\`, is not yielded`,
    )
  }
  if ('suspended' in value) {
    return new TypeError('a process yielded the same command twice: expected a new one for each `yield`')
  }
  if ('then' in value) {
    return new TypeError(
      'a process yielded a promise, and a node cannot await: expected a command of the node, as in `yield node.sleep(…)`',
    )
  }
  const todo = isBody(value) ? '`yield*`, which runs what another generator does' : '`yield node.sleep(…)`'
  return new TypeError(`a process yielded ${isBody(value) ? 'a generator' : 'an object'}: expected ${todo}`)
}

const describe = (value: unknown): string => (typeof value === 'function' ? 'a function' : String(value))

const SUSPENDED: Suspended = { suspended: true }

/** What a process asks of the node it runs on. */
export interface ProcessPort<Q, R extends Tagged> {
  readonly index: number
  readonly name: string
  readonly random: Random
  readonly nowMs: number
  readonly monotonicMs: number
  nextRequest(): number
  sleep(process: Process<Q, R>, durationMs: number): void
  send(process: Process<Q, R>): void
  waitFor(process: Process<Q, R>, signal: Signal, timeoutMs: number | undefined): void
  notify(signal: Signal): void
  spawn(main: Main<Q, R>): void
}

/** What a process runs. Called anew after every restart, with nothing left of the memory before. */
export type Main<Q, R extends Tagged> = (process: Process<Q, R>) => Body<R>

/** Where one task of a node waits until another task of the same node gives the word. */
export class Signal {}

/** Where a process stands between two resumptions. */
export type Waiting = 'running' | 'sleep' | 'call' | 'signal' | 'ended'

/**
 * One task of a node. Its public methods hand an effect to the kernel and return what must be yielded at once:
 * `const outcome = yield process.call(request, 200)`.
 *
 * One effect at a time. The kernel refuses a second one, which is how a forgotten `yield` shows.
 */
export class Process<Q, R extends Tagged> {
  readonly node: number
  /** Which of the node's tasks, from 0. The number of a task that has ended is given out again. */
  readonly task: number
  /** Names the one who asks, across restarts of the node: `node-3`, or `node-3/1` for its second task. */
  readonly session: string
  /** The node's own stream of random numbers. */
  readonly random: Random
  readonly #port: ProcessPort<Q, R>

  /** Kernel's: the slot that pending events name, the generator, and what it waits for. */
  slot = -1
  body: Body<R> | undefined
  waiting: Waiting = 'running'
  waitingOn: Signal | undefined
  /** Kernel's: order key of the event that will resume it; an event with another key is stale. */
  pendingOrder = -1
  pendingAtMs = Number.POSITIVE_INFINITY
  /** Kernel's: the call in flight. */
  request: Q | undefined
  attempt = 0
  callNumber = 0
  timeoutMs = 0
  deadlineMs = 0
  /** Kernel's: since when it waits, and for how long by the node's monotonic clock. */
  waitsFromMs = 0
  waitsForMs = 0
  reply: R | undefined
  /** Kernel's: how often the request was sent, and whether it is to be sent again when there is no reply to it. */
  sendings = 0
  again: ((sendings: number) => boolean) | undefined
  /** Kernel's: what it has sent last, to tell what is sent once more. */
  lastSent: Q | undefined

  /** Outcome of the last call, once it is known: what decides whether the next request is a retry. */
  lastOutcome: R | Timeout | undefined

  constructor(port: ProcessPort<Q, R>, task: number) {
    this.#port = port
    this.node = port.index
    this.task = task
    this.random = port.random
    this.session = task === 0 ? port.name : `${port.name}/${task}`
  }

  /** The node's wall clock, with its skew and drift. It jumps when somebody sets it. */
  get nowMs(): number {
    return this.#port.nowMs
  }

  /** The node's monotonic clock, with its drift: for durations. It never jumps. */
  get monotonicMs(): number {
    return this.#port.monotonicMs
  }

  get nodeName(): string {
    return this.#port.name
  }

  /** A number for a new request: grows with every request of the node, and on through its restarts. */
  nextRequest(): number {
    return this.#port.nextRequest()
  }

  /** Waits `durationMs` of the node's own clock. */
  sleep(durationMs: number): Suspended {
    this.#port.sleep(this, durationMs)
    return SUSPENDED
  }

  /** Sends `request` and waits for its reply, or for `timeoutMs` to pass. `attempt` is 0 for a request not sent before. */
  call(request: Q, timeoutMs: number, attempt = 0): Suspended {
    this.request = request
    this.attempt = attempt
    this.timeoutMs = timeoutMs
    this.sendings = 1
    this.again = undefined
    this.#port.send(this)
    return SUSPENDED
  }

  /**
   * Has the request that was just sent be sent again each time that no reply came in the same time, for as long as `again`
   * says so of how often it was sent. What is yielded then comes back with a reply, or with the last timeout.
   */
  insist(again: (sendings: number) => boolean): void {
    if (this.waiting !== 'call') throw new TypeError('nothing to insist on: no request is on its way')
    this.again = again
  }

  /** Waits until another task of the node notifies `signal`, or for `timeoutMs` to pass. */
  wait(signal: Signal, timeoutMs?: number): Suspended {
    this.#port.waitFor(this, signal, timeoutMs)
    return SUSPENDED
  }

  /** Resumes every process that waits for `signal`, at this virtual instant. */
  notify(signal: Signal): void {
    this.#port.notify(signal)
  }

  /** Starts another task of this node. It ends when it returns, or when the node crashes. */
  spawn(main: Main<Q, R>): void {
    this.#port.spawn(main)
  }
}

import { NodeClock } from './clock.js'
import { type Access, CommandsUnderway, type Home, isCut, type Stepwise } from './commands-underway.js'
import { EventLimitReached, StepFailed } from './errors.js'
import { EventQueue } from './event-queue.js'
import { checkFault, type Fault } from './fault.js'
import { checkNetwork, type Legs, Link, legsOf, type Network, NONE } from './network.js'
import { Node, type Scheduler } from './node.js'
import type { KernelObserver } from './observer.js'
import {
  isBody,
  type Main,
  noBody,
  noEffect,
  type Outcome,
  Process,
  type Signal,
  type Tagged,
  type Timeout,
  type Waiting,
} from './process.js'
import type { Random } from './random.js'
import { RunLimit } from './run-limit.js'
import { StoreCondition } from './store-condition.js'
import { insertionOrder, type TieBreak } from './tie-break.js'
import { World, type WorldPort } from './world.js'

/** The subject's step for one request, at the virtual time at which the request arrived; `of` is what its further steps are asked for by. */
export type Serve<Q, R extends Tagged> = (
  request: Q,
  node: number,
  atMs: number,
  of: Underway<Q, R> | undefined,
) => R | Promise<R>

export interface KernelOptions<Q, R extends Tagged> {
  /** The stream called `name`: where all chance comes from. */
  readonly random: (name: string) => Random
  readonly network: Network
  readonly serve: Serve<Q, R>
  readonly observer: KernelObserver<Q, R>
  readonly tieBreak?: TieBreak
  /** The store of the subject stops and starts again: what was not synced is lost, or was written in time. */
  readonly restartStore?: (unsynced: 'kept' | 'lost') => void
  /** Lets commands of the subject be carried out in steps. Without it each runs alone, from its arrival to its answer. */
  readonly steps?: {
    /** The longest that a step takes. */
    readonly maxMs: number
    /** Waits until the code of the subject has gone on as far as it can. */
    readonly turn: () => Promise<void>
    /** What is wrong with an answer that is another than the one that was decided on; undefined when nothing is. */
    readonly answeredOtherwise: (request: Q, decided: R, answer: R) => Error | undefined
    /**
     * Whether it is carried out on the node that asks, and not by a service: then no message is sent but for its steps, it
     * waits while the node is paused, and goes no further when that crashes.
     */
    readonly isOnNode: (request: Q) => boolean
    /** How long a command on a node waits for the answer to a step. */
    readonly timeoutMs: number
    /** A request comes to something else, as a step of its command had no answer. */
    readonly again: (request: Q) => void
    /** The same request, under another number: of one on a node that is sent again. */
    readonly renumbered: (request: Q, number: number) => Q
  }
  /** A node has lost its memory, and what is carried out there. */
  readonly nodeCrashed?: (node: number) => void
  /** Most events a run may take, and most steps in a row without one: what tells a run that never ends from a long one. */
  readonly maxEvents: number
}

/** What a pending event does when its time comes: the low four bits of its payload; the rest says to whom. */
const WAKE = 0
const REPLY = 1
const TIMEOUT = 2
const ARRIVAL = 3
const FAULT = 4
const RESUME = 5
const RESTART = 6
const NOTIFIED = 7
const STEP = 8
const STEP_FAILS = 9

/** How many bits say what a pending event does. */
const KIND_BITS = 4
const KIND_MASK = (1 << KIND_BITS) - 1

const ELAPSED_OUTCOME = { kind: 'elapsed' } as const
const TIMEOUT_OUTCOME: Timeout = { kind: 'timeout' }
const NOTIFIED_OUTCOME = { kind: 'notified' } as const

const NOT_PENDING = -1

/** Added to the order key of a fault: at one instant the world acts first, so that a window includes its first moment. */
const WORLD_FIRST = -0x10_0000_0000_0000

/** A request on its way to the subject. Pooled: a run of any length makes only as many as are ever in flight at once. */
class Flight<Q, R extends Tagged> {
  request: Q | undefined
  process: Process<Q, R> | undefined
  node: Node<Q, R> | undefined
  callNumber = 0
  /** It has met a slow store, and waits there. */
  waited = false
}

/** A command of the subject that takes its time. */
export interface Underway<Q, R extends Tagged> extends Stepwise {
  /** The pooled request; it is somebody else's once the command is answered or cut off. */
  readonly flight: number
  readonly process: Process<Q, R>
  readonly request: Q
  readonly callNumber: number
  /** When it reached the subject. */
  readonly sinceMs: number
  /** What it has come to, where that was said before it is answered, and how often something was. */
  decided: R | undefined
  decisions: number
}

/**
 * Discrete events on virtual time.
 *
 * A run is: take the soonest event, let what it concerns take one step, and note what that schedules. A process is
 * resumed by exactly one event at a time. When its call sets out, the kernel already knows whether the request can be
 * back in time; only the event that will come first, reply or timeout, is scheduled, so that no dead timers pile up.
 * An event is live only if its process still waits for its order key; crash, restart and a faster copy need not search
 * the queue for what they made void.
 *
 * A step of the subject may answer with a promise. The run then waits for it, with no other operation in flight, and
 * goes on at the same virtual time: the order of events is that of a subject that answers at once. A command that asks for
 * further steps is the exception: each is an event of its own.
 */
export class Kernel<Q, R extends Tagged> implements Scheduler<Q, R> {
  nowMs = 0
  steps = 0

  readonly #options: KernelOptions<Q, R>
  readonly #observer: KernelObserver<Q, R>
  readonly #serve: Serve<Q, R>
  readonly #tieBreak: TieBreak
  readonly #legs: Legs
  readonly #queue = new EventQueue()
  readonly #nodes: Node<Q, R>[] = []
  /** Live processes by slot, and beside each the node it runs on. */
  readonly #slots: (Process<Q, R> | undefined)[] = []
  readonly #homes: Node<Q, R>[] = []
  readonly #freeSlots: number[] = []
  readonly #flights: Flight<Q, R>[] = []
  readonly #freeFlights: number[] = []
  readonly #faults: (Fault | undefined)[] = []
  readonly #freeFaults: number[] = []
  readonly #store = new StoreCondition()
  readonly #commands: CommandsUnderway<Underway<Q, R>, R> | undefined
  /** Where commands are carried out that are not on their node. */
  readonly #service: Home = { life: 0 }
  /** What an observer threw of what a command had decided on: on its way it may pass through the subject's own code. */
  #failure: { readonly error: unknown } | undefined
  readonly #world: World<Q, R>
  #sequence = 0
  /** Counted apart: a fault more must not change how the ties of all else are broken. */
  #strikes = 0
  #calls = 0
  #stopped = false
  readonly #limit: RunLimit

  /** @throws RangeError for a network that cannot be */
  constructor(options: KernelOptions<Q, R>) {
    checkNetwork(options.network)
    this.#options = options
    this.#limit = new RunLimit(options.maxEvents)
    this.#legs = legsOf(options.network)
    this.#observer = options.observer
    this.#serve = options.serve
    this.#tieBreak = options.tieBreak ?? insertionOrder
    this.#commands = this.#commandsBy(options.steps)
    const port: WorldPort<Q, R> = {
      nowMs: () => this.nowMs,
      node: (index) => this.#node(index),
      call: (what, { index }, atMs) => this.#schedule(atMs, what === 'resume' ? RESUME : RESTART, index, NOT_PENDING),
      complete: (process, kind) => this.#complete(process, this.nowMs, kind),
      drift: (node, ppm) => this.#drift(node, ppm),
      start: (node) => this.spawn(node, node.main),
      end: (node, process) => this.#end(node, process),
      release: (node) => this.#release(node),
      crashed: (node) => this.#crashed(node),
      restartStore: (unsynced) => this.#restartStore(unsynced),
    }
    this.#world = new World(port, options.observer, this.#store)
  }

  /** Adds a node that starts at virtual time 0 with its clock `skewMs` ahead (behind when negative). */
  addNode(name: string, main: Main<Q, R>, skewMs = 0): number {
    if (!Number.isSafeInteger(skewMs)) throw new RangeError(`a clock ${skewMs} ms ahead: expected a whole number`)
    const { random } = this.#options
    const index = this.#nodes.length
    const parts = {
      clock: new NodeClock(skewMs),
      link: new Link(this.#legs, () => random(`link ${name}`)),
      random: random(`node ${name}`),
    }
    const node = new Node(this, { index, name, main }, parts)
    this.#nodes.push(node)
    this.spawn(node, main)
    return index
  }

  /**
   * Has the world do `fault` at its time, or now when that has passed. At one instant what was planned comes before what
   * came up `underway`, so that a plan means the same whether it is known from the start or made while the run goes on.
   * @throws RangeError for a fault that cannot be, and for one of a node that there is not
   */
  inject(fault: Fault, origin: 'planned' | 'underway' = 'planned'): void {
    checkFault(fault)
    if (fault.kind === 'partition') for (const node of fault.nodes) this.#node(node)
    else if ('node' in fault) this.#node(fault.node)
    const index = this.#freeFaults.pop() ?? this.#faults.length
    this.#faults[index] = fault
    const order = (origin === 'planned' ? WORLD_FIRST : WORLD_FIRST / 2) + this.#strikes++
    this.#queue.push(Math.max(fault.atMs, this.nowMs), order, (index << KIND_BITS) | FAULT)
  }

  /** Takes no more events: the run ends after this one. */
  stop(): void {
    this.#stopped = true
  }

  /** Runs until nothing is due any more at or before `untilMs`. A promise only where the subject answers with one. */
  run(untilMs: number): Promise<void> | undefined {
    const answer = this.#drive(untilMs)
    return answer === undefined ? undefined : this.#driveAwaiting(answer, untilMs)
  }

  sleep(node: Node<Q, R>, process: Process<Q, R>, durationMs: number): void {
    if (!(durationMs >= 0) || !Number.isInteger(durationMs)) {
      throw new RangeError(`cannot sleep ${durationMs} ms: expected a whole number, 0 or more`)
    }
    this.#suspend(process, 'sleep')
    process.waitsFromMs = this.nowMs
    process.waitsForMs = durationMs
    this.#complete(process, this.nowMs + node.clock.toVirtual(durationMs), WAKE)
  }

  send(node: Node<Q, R>, process: Process<Q, R>): void {
    const { timeoutMs } = process
    if (!(timeoutMs > 0) || !Number.isInteger(timeoutMs)) {
      throw new RangeError(`cannot wait ${timeoutMs} ms for a reply: expected a whole number above 0`)
    }
    this.#suspend(process, 'call')
    const request = this.#renumbered(process)
    process.callNumber = ++this.#calls
    process.waitsFromMs = this.nowMs
    process.waitsForMs = timeoutMs
    process.deadlineMs = this.nowMs + node.clock.toVirtual(timeoutMs)
    process.lastOutcome = undefined
    process.reply = undefined
    this.#observer.sent(this.nowMs, process, request, process.attempt)

    if (this.#isOnNode(request)) {
      this.#fly(node, process, request, 0)
      return
    }
    const delayMs = node.link.transmit('request', this.nowMs)
    if (delayMs === NONE) this.#observer.lost(this.nowMs, process, request, 'request')
    else this.#fly(node, process, request, delayMs)
    if (delayMs === NONE || this.nowMs + delayMs > process.deadlineMs) {
      this.#complete(process, process.deadlineMs, TIMEOUT)
    }

    const copyDelayMs = node.link.transmitCopy('request', this.nowMs)
    if (copyDelayMs !== NONE) {
      this.#observer.duplicated(this.nowMs, process, request, 'request')
      this.#fly(node, process, request, copyDelayMs)
    }
  }

  /** What the process asks: a library on its node that is asked once more is asked for something else, as far as it can know. */
  #renumbered(process: Process<Q, R>): Q {
    const { steps } = this.#options
    const request = process.request as Q
    if (steps === undefined || request !== process.lastSent || !steps.isOnNode(request)) {
      process.lastSent = request
      return request
    }
    process.request = steps.renumbered(request, process.nextRequest())
    process.lastSent = process.request
    return process.request
  }

  waitFor(node: Node<Q, R>, process: Process<Q, R>, signal: Signal, timeoutMs: number | undefined): void {
    if (timeoutMs !== undefined && (!(timeoutMs >= 0) || !Number.isInteger(timeoutMs))) {
      throw new RangeError(`cannot wait ${timeoutMs} ms for a signal: expected a whole number, 0 or more`)
    }
    this.#suspend(process, 'signal')
    process.waitingOn = signal
    if (timeoutMs === undefined) return
    process.waitsFromMs = this.nowMs
    process.waitsForMs = timeoutMs
    this.#complete(process, this.nowMs + node.clock.toVirtual(timeoutMs), TIMEOUT)
  }

  notify(node: Node<Q, R>, signal: Signal): void {
    for (const process of node.processes) {
      if (process.waitingOn !== signal) continue
      process.waitingOn = undefined
      this.#complete(process, this.nowMs, NOTIFIED)
    }
  }

  spawn(node: Node<Q, R>, main: Main<Q, R>): void {
    const process = new Process<Q, R>(node, node.freeTask())
    process.slot = this.#freeSlots.pop() ?? this.#slots.length
    this.#slots[process.slot] = process
    this.#homes[process.slot] = node
    node.processes.push(process)
    process.body = main(process)
    if (!isBody(process.body)) {
      throw this.#failed('scenario', node.name, noBody(process.body))
    }
    this.#suspend(process, 'sleep')
    this.#complete(process, this.nowMs, WAKE)
  }

  /** Handles events until none is due, or until the subject owes an answer, which it returns. */
  #drive(untilMs: number): Promise<void> | undefined {
    const queue = this.#queue
    const limit = this.#limit
    while (!this.#stopped && queue.take(untilMs)) {
      if (this.steps >= limit.nextLookAfter) this.#look(untilMs)
      this.nowMs = queue.atMs
      this.steps += 1
      const kind = queue.payload & KIND_MASK
      const index = queue.payload >> KIND_BITS
      if (kind === ARRIVAL) {
        const answer = this.#arrive(index)
        if (answer !== undefined) return answer
      } else if (kind === STEP) {
        const left = this.#commands && this.#takeStep(this.#commands, index)
        if (left !== undefined) return left
      } else if (kind === STEP_FAILS) {
        const left = this.#commands && this.#failStep(this.#commands, index)
        if (left !== undefined) return left
      } else if (kind === FAULT) this.#strike(index)
      else if (kind === RESUME) this.#world.resume(this.#node(index))
      else if (kind === RESTART) this.#world.restart(this.#node(index))
      else this.#wake(index, kind, queue.order)
    }
    if (this.#stopped) return undefined
    this.#look(untilMs)
    this.nowMs = Math.max(this.nowMs, untilMs)
    return undefined
  }

  /** @throws EventLimitReached when the run has come to its limit */
  #look(untilMs: number): void {
    const { steps, nowMs: atMs } = this
    const { maxEvents } = this.#options
    const endless = this.#limit.look({ steps, events: this.#observer.length, atMs, processes: this.#slots.length })
    if (endless === undefined) return
    const longest = this.#commands?.longest
    const inSteps = longest && { node: longest.process.nodeName, steps: longest.taken }
    throw new EventLimitReached({ maxEvents, atMs, steps, untilMs, inSteps, ...endless })
  }

  async #driveAwaiting(first: Promise<void>, untilMs: number): Promise<void> {
    let answer: Promise<void> | undefined = first
    while (answer !== undefined) {
      await answer
      answer = this.#drive(untilMs)
    }
  }

  /** A process's event is due: resume it, unless it waits for another by now, or its node is paused. */
  #wake(slot: number, kind: number, order: number): void {
    const process = this.#slots[slot]
    if (process === undefined || process.pendingOrder !== order) return
    const node = this.#homes[slot] as Node<Q, R>
    if (node.paused) {
      node.held.push({ process, kind, order })
      return
    }
    if (kind === REPLY) {
      const reply = process.reply as R
      this.#observer.delivered(this.nowMs, process, process.request as Q, reply)
      process.lastOutcome = reply
      this.#step(node, process, reply)
    } else if (kind === WAKE) this.#step(node, process, ELAPSED_OUTCOME)
    else if (kind === NOTIFIED) this.#step(node, process, NOTIFIED_OUTCOME)
    else {
      if (process.waiting === 'call') {
        this.#observer.timedOut(this.nowMs, process, process.request as Q)
        process.lastOutcome = TIMEOUT_OUTCOME
        if (process.again !== undefined && this.#resend(node, process, process.again)) return
      }
      process.waitingOn = undefined
      this.#step(node, process, TIMEOUT_OUTCOME)
    }
  }

  #step(node: Node<Q, R>, process: Process<Q, R>, outcome: Outcome<R>): void {
    process.pendingOrder = NOT_PENDING
    process.pendingAtMs = Number.POSITIVE_INFINITY
    process.waiting = 'running'
    let step: IteratorResult<unknown> | undefined
    try {
      step = process.body?.next(outcome)
    } catch (error) {
      throw error instanceof StepFailed ? error : this.#failed('scenario', node.name, error)
    }
    if (step?.done === true) {
      // The compiler cannot see that the body's own calls change what the process waits for.
      const left = process.waiting as Waiting
      if (left !== 'running') {
        throw this.#failed(
          'scenario',
          node.name,
          new TypeError(`a process ended while it waits for a ${left}: is a \`yield\` missing before its last effect?`),
        )
      }
      this.#end(node, process)
    } else if ((process.waiting as Waiting) === 'running') {
      throw this.#failed('scenario', node.name, noEffect(step?.value))
    }
  }

  /** Sends an unanswered request again without a word to the process, if it is still worth it; false when it is not. */
  #resend(node: Node<Q, R>, process: Process<Q, R>, again: (sendings: number) => boolean): boolean {
    try {
      if (!again(process.sendings)) return false
    } catch (error) {
      throw this.#failed('scenario', node.name, error)
    }
    process.sendings += 1
    process.attempt += 1
    process.pendingOrder = NOT_PENDING
    process.pendingAtMs = Number.POSITIVE_INFINITY
    process.waiting = 'running'
    this.send(node, process)
    return true
  }

  /** @param who on whose behalf it was done */
  #failed(culprit: 'scenario' | 'subject', who: string, cause: unknown): unknown {
    if (this.#failure !== undefined) return this.#failure.error
    return new StepFailed(culprit, who, this.nowMs, cause, this.steps)
  }

  #suspend(process: Process<Q, R>, waiting: 'sleep' | 'call' | 'signal'): void {
    if (process.waiting !== 'running') {
      throw new TypeError(
        `a process asked for a ${waiting} while it waits for a ${process.waiting}: is a \`yield\` missing?`,
      )
    }
    process.waiting = waiting
  }

  /** The process will be resumed at `atMs`, and by nothing that was scheduled for it before. */
  #complete(process: Process<Q, R>, atMs: number, kind: number): void {
    process.pendingAtMs = atMs
    process.pendingOrder = this.#schedule(atMs, kind, process.slot, process.slot)
  }

  #schedule(atMs: number, kind: number, index: number, process: number): number {
    const order = this.#tieBreak(this.#sequence++, process)
    this.#queue.push(atMs, order, (index << KIND_BITS) | kind)
    return order
  }

  #fly(node: Node<Q, R>, process: Process<Q, R>, request: Q, delayMs: number): void {
    const index = this.#freeFlights.pop() ?? this.#flights.push(new Flight()) - 1
    const flight = this.#flights[index] as Flight<Q, R>
    flight.request = request
    flight.process = process
    flight.node = node
    flight.callNumber = process.callNumber
    flight.waited = false
    this.#schedule(this.nowMs + delayMs, ARRIVAL, index, process.slot)
  }

  #arrive(index: number): Promise<void> | undefined {
    const flight = this.#flights[index] as Flight<Q, R>
    const request = flight.request as Q
    const node = flight.node as Node<Q, R>
    const isOnNode = this.#isOnNode(request)
    if (isOnNode) {
      if (this.#isOnNoNode(index, flight)) return undefined
    } else if (this.nowMs < this.#store.wellFromMs && this.#detain(index, flight)) return undefined
    let reply: R | Promise<R>
    const of = this.#commands && this.#arrived(index, flight, isOnNode ? node : this.#service)
    try {
      reply = this.#serve(request, node.index, this.nowMs, of)
    } catch (error) {
      throw this.#failed('subject', node.name, error)
    }
    if (reply instanceof Promise) {
      if (this.#commands !== undefined && of !== undefined) return this.#begin(this.#commands, of, reply)
      return reply.then(
        (late) => this.#answer(index, late, undefined),
        (error: unknown) => {
          throw this.#failed('subject', node.name, error)
        },
      )
    }
    if (of !== undefined) of.isOver = true
    this.#answer(index, reply, of)
    return undefined
  }

  #arrived(index: number, { process, request, callNumber }: Flight<Q, R>, home: Home): Underway<Q, R> {
    return {
      flight: index,
      process: process as Process<Q, R>,
      request: request as Q,
      callNumber,
      sinceMs: this.nowMs,
      home,
      life: home.life,
      taken: 0,
      isOver: false,
      unanswered: 0,
      decided: undefined,
      decisions: 0,
    }
  }

  #commandsBy(options: KernelOptions<Q, R>['steps']): CommandsUnderway<Underway<Q, R>, R> | undefined {
    if (options === undefined) return undefined
    return new CommandsUnderway({
      turn: options.turn,
      schedule: (index, { process, home }, sleepMs) => {
        const { link, clock } = this.#nodes[process.node] as Node<Q, R>
        const isOnNode = home !== this.#service
        if (sleepMs !== undefined) {
          const waitMs = isOnNode ? clock.toVirtual(sleepMs) : sleepMs
          this.#schedule(this.nowMs + waitMs, STEP, index, process.slot)
          return
        }
        const slowedByMs = isOnNode ? link.slowedByMs(this.nowMs) : 0
        const stepMs = link.stepMs(options.maxMs) + slowedByMs + this.#store.delayMs(this.nowMs)
        this.#schedule(this.nowMs + stepMs, STEP, index, process.slot)
      },
      taken: ({ process, request, taken }) => this.#observer.stepped(this.nowMs, process, request, taken),
      answer: (of, reply) => this.#answer(of.flight, reply, of),
      givenUp: (of) => {
        this.#observer.threw(this.nowMs, of.process, of.request, of.taken)
        this.#leave(of)
      },
      failed: ({ process }, error) => this.#failed('subject', process.nodeName, error),
    })
  }

  #isOnNode(request: Q): boolean {
    return this.#commands !== undefined && this.#options.steps?.isOnNode(request) === true
  }

  /** A command that is to be begun on a node that is paused waits; on one that has crashed since, there is nobody to begin it. */
  #isOnNoNode(index: number, flight: Flight<Q, R>): boolean {
    const node = flight.node as Node<Q, R>
    if (flight.process?.waiting === 'ended') {
      this.#land(index)
      return true
    }
    if (node.paused) node.heldWork.push((index << KIND_BITS) | ARRIVAL)
    return node.paused
  }

  /**
   * A step is due. One of a command on a node waits while that is paused, and for a store that cannot be reached; for too long,
   * and it is not made. One that has decided something may be made, and have no answer.
   */
  #takeStep(commands: CommandsUnderway<Underway<Q, R>, R>, index: number): Promise<void> | undefined {
    const { of, sleepMs } = commands.pending(index)
    if (of.home === this.#service || isCut(of)) return commands.take(index, this.nowMs)
    const { link, paused, heldWork } = this.#nodes[of.process.node] as Node<Q, R>
    if (paused) {
      heldWork.push((index << KIND_BITS) | STEP)
      return undefined
    }
    if (sleepMs !== undefined) return commands.take(index, this.nowMs)
    const failsAtMs = this.nowMs + (this.#options.steps?.timeoutMs ?? 0)
    const reachableFromMs = Math.max(this.#store.downUntilMs, link.cutOffUntilMs(this.nowMs))
    if (this.nowMs < reachableFromMs) {
      const isInTime = reachableFromMs <= failsAtMs
      this.#schedule(isInTime ? reachableFromMs : failsAtMs, isInTime ? STEP : STEP_FAILS, index, of.process.slot)
      return undefined
    }
    const { decisions } = of
    return commands.take(index, this.nowMs, () => {
      if (of.decisions === decisions || !link.losesReplies(this.nowMs)) return true
      this.#schedule(failsAtMs, STEP_FAILS, index, of.process.slot)
      return false
    })
  }

  /** A step has had no answer in time. */
  #failStep(commands: CommandsUnderway<Underway<Q, R>, R>, index: number): Promise<void> | undefined {
    const { of } = commands.pending(index)
    const { process, request, taken } = of
    const { paused, heldWork } = this.#nodes[process.node] as Node<Q, R>
    if (paused && !isCut(of)) {
      heldWork.push((index << KIND_BITS) | STEP_FAILS)
      return undefined
    }
    if (!isCut(of)) this.#observer.unanswered(this.nowMs, process, request, taken)
    return commands.fail(index)
  }

  /** What has waited on a node is due now. */
  #release(node: Node<Q, R>): void {
    for (const work of node.heldWork) this.#schedule(this.nowMs, work & KIND_MASK, work >> KIND_BITS, NOT_PENDING)
    node.heldWork.length = 0
  }

  #crashed(node: Node<Q, R>): void {
    this.#cut(node)
    this.#options.nodeCrashed?.(node.index)
  }

  /** Whether any command has taken a step so far. */
  get isStepping(): boolean {
    return this.#commands?.isStepping === true
  }

  /** Calls `access` as the next step of a command. Never settles if the store, or the node that carries it out, stops before. */
  step<T>(access: Access<T>, of: Underway<Q, R>, sleepMs?: number): Promise<T> {
    if (this.#commands === undefined) throw new TypeError('a step of a command: expected a kernel with `steps`')
    return this.#commands.step(of, access, sleepMs)
  }

  /** A command takes effect now: what it does before it answers comes after that. Once it is over, it decides nothing. */
  decide(of: Underway<Q, R>, reply: R): void {
    if (of.isOver || isCut(of)) return
    of.decisions += 1
    if (of.decided !== undefined) {
      const otherwise = this.#options.steps?.answeredOtherwise(of.request, of.decided, reply)
      if (otherwise === undefined) return
      // Who has had no answer may try once more, and come to something else.
      if (of.unanswered === 0) throw otherwise
      this.#options.steps?.again(of.request)
    }
    of.decided = reply
    try {
      this.#observer.executed(this.nowMs, of.process, of.request, reply, of.sinceMs)
    } catch (error) {
      this.#failure ??= { error }
      throw error
    }
  }

  /** Whoever waits for a command under way will have a timeout, unless the answer comes first. */
  async #begin(commands: CommandsUnderway<Underway<Q, R>, R>, of: Underway<Q, R>, reply: Promise<R>): Promise<void> {
    if ((await commands.begin(of, reply)) === 'underway') this.#expectNothing(of.process, of.callNumber)
  }

  /** What meets a store that is down is lost; what meets a slow one waits, once. False when it is served all the same. */
  #detain(index: number, flight: Flight<Q, R>): boolean {
    const process = flight.process as Process<Q, R>
    if (this.#store.isDown(this.nowMs)) {
      this.#observer.lost(this.nowMs, process, flight.request as Q, 'request')
      this.#expectNothing(process, flight.callNumber)
      this.#land(index)
      return true
    }
    if (flight.waited) return false
    flight.waited = true
    const atMs = this.nowMs + this.#store.delayMs(this.nowMs)
    if (atMs > process.deadlineMs) this.#expectNothing(process, flight.callNumber)
    this.#schedule(atMs, ARRIVAL, index, process.slot)
    return true
  }

  /** No reply to this call can be in time any more, as far as this message goes. */
  #expectNothing(process: Process<Q, R>, callNumber: number): void {
    if (process.waiting !== 'call' || process.callNumber !== callNumber || process.pendingOrder !== NOT_PENDING) return
    this.#complete(process, Math.max(this.nowMs, process.deadlineMs), TIMEOUT)
  }

  #land(index: number): void {
    const flight = this.#flights[index] as Flight<Q, R>
    flight.request = undefined
    flight.process = undefined
    this.#freeFlights.push(index)
  }

  /** The subject has taken its step: send the reply back, unless nobody will be waiting for it. */
  #answer(index: number, reply: R, of: Underway<Q, R> | undefined): void {
    const flight = this.#flights[index] as Flight<Q, R>
    const request = flight.request as Q
    const process = flight.process as Process<Q, R>
    const callNumber = flight.callNumber
    this.#land(index)
    if (of?.decided === undefined) {
      this.#observer.executed(this.nowMs, process, request, reply, of?.sinceMs ?? this.nowMs)
    } else {
      const otherwise = this.#options.steps?.answeredOtherwise(request, of.decided, reply)
      if (otherwise !== undefined && of.unanswered === 0) throw this.#failed('subject', process.nodeName, otherwise)
      if (otherwise !== undefined) {
        this.#options.steps?.again(request)
        this.#observer.executed(this.nowMs, process, request, reply, of.sinceMs)
      }
    }

    const atMs = this.#isOnNode(request)
      ? this.nowMs
      : this.#sendBack((flight.node as Node<Q, R>).link, process, request)
    if (atMs > process.deadlineMs) {
      this.#expectNothing(process, callNumber)
      return
    }
    if (process.waiting !== 'call' || process.callNumber !== callNumber) return
    if (process.reply !== undefined && atMs >= process.pendingAtMs) return
    process.reply = reply
    this.#complete(process, atMs, REPLY)
  }

  /** When the reply is back; Infinity when it never is. */
  #sendBack(link: Link, process: Process<Q, R>, request: Q): number {
    const delayMs = link.transmit('reply', this.nowMs)
    if (delayMs === NONE) this.#observer.lost(this.nowMs, process, request, 'reply')
    const atMs = delayMs === NONE ? Number.POSITIVE_INFINITY : this.nowMs + delayMs
    const copyDelayMs = link.transmitCopy('reply', this.nowMs)
    if (copyDelayMs === NONE) return atMs
    this.#observer.duplicated(this.nowMs, process, request, 'reply')
    return Math.min(atMs, this.nowMs + copyDelayMs)
  }

  #end(node: Node<Q, R>, process: Process<Q, R>): void {
    process.waiting = 'ended'
    process.waitingOn = undefined
    process.pendingOrder = NOT_PENDING
    process.body = undefined
    this.#slots[process.slot] = undefined
    this.#freeSlots.push(process.slot)
    node.processes.splice(node.processes.indexOf(process), 1)
  }

  /**
   * What a process waits for by its node's clock comes sooner or later when that changes its pace. A reply that was too late
   * for its call stays so.
   */
  #drift(node: Node<Q, R>, ppm: number): void {
    const { nowMs } = this
    const { clock } = node
    const waiting = node.processes.filter((process) => {
      const dueAtMs = this.#dueAtMs(process)
      return dueAtMs > nowMs && dueAtMs < Number.POSITIVE_INFINITY
    })
    for (const process of waiting) {
      const waitedMs = clock.readMonotonic(nowMs) - clock.readMonotonic(process.waitsFromMs)
      process.waitsForMs = Math.max(0, process.waitsForMs - waitedMs)
      process.waitsFromMs = nowMs
    }
    clock.drift(nowMs, ppm)
    for (const process of waiting) this.#waitUntil(process, nowMs + clock.toVirtual(process.waitsForMs))
  }

  /** When what a process waits for by its clock is over, as its clock goes now. */
  #dueAtMs(process: Process<Q, R>): number {
    return process.waiting === 'call' ? process.deadlineMs : process.pendingAtMs
  }

  #waitUntil(process: Process<Q, R>, atMs: number): void {
    if (process.waiting !== 'call') {
      this.#complete(process, atMs, process.waiting === 'sleep' ? WAKE : TIMEOUT)
      return
    }
    process.deadlineMs = atMs
    const isReplyInTime = process.reply !== undefined && process.pendingAtMs <= atMs
    if (isReplyInTime) return
    process.reply = undefined
    this.#complete(process, atMs, TIMEOUT)
  }

  #strike(index: number): void {
    const fault = this.#faults[index] as Fault
    this.#faults[index] = undefined
    this.#freeFaults.push(index)
    this.#world.strike(fault)
  }

  #restartStore(unsynced: 'kept' | 'lost'): void {
    this.#cut(this.#service)
    try {
      this.#options.restartStore?.(unsynced)
    } catch (error) {
      throw this.#failed('subject', 'the store', error)
    }
  }

  /** The commands that are under way at `home` are not carried on. */
  #cut(home: Home): void {
    for (const of of this.#commands?.cut(home) ?? []) {
      this.#observer.lost(this.nowMs, of.process, of.request, 'reply', of.taken)
      this.#leave(of)
    }
  }

  /** Nobody will answer the command. */
  #leave({ flight, process, callNumber }: Underway<Q, R>): void {
    this.#expectNothing(process, callNumber)
    this.#land(flight)
  }

  /** The clocks of a node, as they are now. */
  clocks(node: number): Pick<Node<Q, R>, 'nowMs' | 'monotonicMs'> {
    return this.#node(node)
  }

  #node(index: number): Node<Q, R> {
    const node = this.#nodes[index]
    if (node === undefined) throw new RangeError(`there is no node ${index}: expected 0 to ${this.#nodes.length - 1}`)
    return node
  }
}

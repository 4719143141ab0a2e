import { NodeClock } from './clock.js'
import { EventQueue } from './event-queue.js'
import type { Fault } from './fault.js'
import { Link, NONE, type Network } from './network.js'
import type { KernelObserver } from './observer.js'
import {
  type Main,
  type Outcome,
  Process,
  type ProcessPort,
  type Signal,
  type Tagged,
  type Timeout,
} from './process.js'
import { type Random, randomStream } from './random.js'
import { insertionOrder, type TieBreak } from './tie-break.js'

/** The subject's step for one request, at the virtual time at which the request arrived. */
export type Serve<Q, R> = (request: Q, node: number, atMs: number) => R | Promise<R>

export interface KernelOptions<Q, R> {
  readonly seed: number
  readonly network: Network
  readonly serve: Serve<Q, R>
  readonly observer: KernelObserver<Q, R>
  readonly tieBreak?: TieBreak
  /** Most steps a run may take: what tells a run that never ends from a long one. */
  readonly maxSteps: number
}

/** The run took more steps than it may. */
export class StepLimitReached extends Error {
  override readonly name = 'StepLimitReached'
  readonly maxSteps: number
  readonly atMs: number

  constructor(maxSteps: number, atMs: number) {
    super(`more than ${maxSteps} steps by virtual time ${atMs} ms`)
    this.maxSteps = maxSteps
    this.atMs = atMs
  }
}

/** Something under the kernel threw: a process of the scenario, or the subject. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed'
  readonly culprit: 'scenario' | 'subject'
  readonly node: string
  readonly atMs: number

  constructor(culprit: 'scenario' | 'subject', node: string, atMs: number, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.culprit = culprit
    this.node = node
    this.atMs = atMs
  }
}

/** What a pending event does when its time comes: the low three bits of its payload; the rest says to whom. */
const WAKE = 0
const REPLY = 1
const TIMEOUT = 2
const ARRIVAL = 3
const FAULT = 4
const RESUME = 5
const RESTART = 6
const NOTIFIED = 7

const ELAPSED_OUTCOME = { kind: 'elapsed' } as const
const TIMEOUT_OUTCOME: Timeout = { kind: 'timeout' }
const NOTIFIED_OUTCOME = { kind: 'notified' } as const

const NOT_PENDING = -1

/** A contender: up, paused or down, with a clock, a link and a stream of its own. */
class Node<Q, R extends Tagged> {
  readonly name: string
  readonly main: Main<Q, R>
  readonly clock: NodeClock
  readonly link: Link
  readonly random: Random
  readonly processes = new Set<Process<Q, R>>()
  /** Events that came while the node was paused, by payload and order key. */
  readonly held: { payload: number; order: number }[] = []
  down = false
  pausedUntilMs = 0
  downUntilMs = Number.POSITIVE_INFINITY
  requests = 0

  constructor(name: string, main: Main<Q, R>, clock: NodeClock, link: Link, random: Random) {
    this.name = name
    this.main = main
    this.clock = clock
    this.link = link
    this.random = random
  }

  /** The lowest number that no task of the node has just now, so that there are only as many as tasks at one time. */
  freeTask(): number {
    let task = 0
    while (this.#has(task)) task += 1
    return task
  }

  #has(task: number): boolean {
    for (const process of this.processes) if (process.task === task) return true
    return false
  }
}

/** A request on its way to the subject. Pooled: a run of any length makes only as many as are ever in flight at once. */
class Flight<Q, R extends Tagged> {
  request: Q | undefined
  process: Process<Q, R> | undefined
  callNumber = 0
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
 * goes on at the same virtual time: the order of events is that of a subject that answers at once.
 */
export class Kernel<Q, R extends Tagged> implements ProcessPort<Q, R> {
  nowMs = 0
  steps = 0

  readonly #options: KernelOptions<Q, R>
  readonly #observer: KernelObserver<Q, R>
  readonly #serve: Serve<Q, R>
  readonly #tieBreak: TieBreak
  readonly #queue = new EventQueue()
  readonly #nodes: Node<Q, R>[] = []
  readonly #slots: (Process<Q, R> | undefined)[] = []
  readonly #freeSlots: number[] = []
  readonly #flights: Flight<Q, R>[] = []
  readonly #freeFlights: number[] = []
  readonly #faults: (Fault | undefined)[] = []
  readonly #freeFaults: number[] = []
  #sequence = 0
  #calls = 0
  #stepping = 0

  constructor(options: KernelOptions<Q, R>) {
    this.#options = options
    this.#observer = options.observer
    this.#serve = options.serve
    this.#tieBreak = options.tieBreak ?? insertionOrder
  }

  /** Adds a node that starts at virtual time 0 with its clock `skewMs` ahead (behind when negative). */
  addNode(name: string, main: Main<Q, R>, skewMs = 0): number {
    const { seed, network } = this.#options
    const index = this.#nodes.length
    const link = new Link(network, seed, name)
    this.#nodes.push(new Node(name, main, new NodeClock(skewMs), link, randomStream(seed, `node ${name}`)))
    this.spawn(index, main)
    return index
  }

  /** Has the world do `fault` at its time, or now when that has passed. */
  inject(fault: Fault): void {
    const index = this.#freeFaults.pop() ?? this.#faults.length
    this.#faults[index] = fault
    this.#schedule(Math.max(fault.atMs, this.nowMs), FAULT, index, NOT_PENDING)
  }

  /** Runs until nothing is due any more at or before `untilMs`. A promise only where the subject answers with one. */
  run(untilMs: number): void | Promise<void> {
    const answer = this.#drive(untilMs)
    if (answer !== undefined) return this.#driveAwaiting(answer, untilMs)
  }

  localMs(node: number): number {
    return this.#node(node).clock.read(this.nowMs)
  }

  randomOf(node: number): Random {
    return this.#node(node).random
  }

  nodeName(node: number): string {
    return this.#node(node).name
  }

  nextRequest(node: number): number {
    return ++this.#node(node).requests
  }

  sleep(process: Process<Q, R>, durationMs: number): void {
    if (!(durationMs >= 0)) throw new RangeError(`cannot sleep ${durationMs} ms: expected 0 or more`)
    this.#suspend(process, 'sleep')
    this.#complete(process, this.nowMs + this.#node(process.node).clock.toVirtual(durationMs), WAKE)
  }

  send(process: Process<Q, R>, timeoutMs: number): void {
    if (!(timeoutMs > 0)) throw new RangeError(`cannot wait ${timeoutMs} ms for a reply: expected more than 0`)
    this.#suspend(process, 'call')
    const node = this.#node(process.node)
    const request = process.request as Q
    process.callNumber = ++this.#calls
    process.deadlineMs = this.nowMs + node.clock.toVirtual(timeoutMs)
    process.lastOutcome = undefined
    this.#observer.sent(this.nowMs, process, request, process.attempt)

    const delayMs = node.link.transmit('request', this.nowMs)
    if (delayMs === NONE) this.#observer.lost(this.nowMs, process, request, 'request')
    else this.#fly(process, request, delayMs)
    if (delayMs === NONE || this.nowMs + delayMs > process.deadlineMs) {
      this.#complete(process, process.deadlineMs, TIMEOUT)
    }

    const copyDelayMs = node.link.transmitCopy('request', this.nowMs)
    if (copyDelayMs !== NONE) {
      this.#observer.duplicated(this.nowMs, process, request, 'request')
      this.#fly(process, request, copyDelayMs)
    }
  }

  waitFor(process: Process<Q, R>, signal: Signal, timeoutMs: number | undefined): void {
    this.#suspend(process, 'signal')
    process.waitingOn = signal
    signal.waiters.push(process)
    if (timeoutMs === undefined) return
    this.#complete(process, this.nowMs + this.#node(process.node).clock.toVirtual(timeoutMs), TIMEOUT)
  }

  notify(signal: Signal): void {
    const waiters = signal.waiters
    signal.waiters = []
    for (const waiter of waiters) {
      if (waiter.waitingOn !== signal || !(waiter instanceof Process)) continue
      waiter.waitingOn = undefined
      this.#complete(waiter, this.nowMs, NOTIFIED)
    }
  }

  spawn(nodeIndex: number, main: Main<Q, R>): void {
    const node = this.#node(nodeIndex)
    const process = new Process<Q, R>(this, nodeIndex, node.freeTask())
    process.slot = this.#freeSlots.pop() ?? this.#slots.length
    this.#slots[process.slot] = process
    node.processes.add(process)
    process.body = main(process)
    this.#suspend(process, 'sleep')
    this.#complete(process, this.nowMs, WAKE)
  }

  /** Handles events until none is due, or until the subject owes an answer, which it returns. */
  #drive(untilMs: number): Promise<void> | undefined {
    const queue = this.#queue
    const maxSteps = this.#options.maxSteps
    while (queue.take(untilMs)) {
      this.nowMs = queue.atMs
      if (++this.steps > maxSteps) throw new StepLimitReached(maxSteps, this.nowMs)
      const kind = queue.payload & 7
      const index = queue.payload >> 3
      if (kind === ARRIVAL) {
        const answer = this.#arrive(index)
        if (answer !== undefined) return answer
      } else if (kind === FAULT) this.#strike(index)
      else if (kind === RESUME) this.#resumeNode(index)
      else if (kind === RESTART) this.#restartNode(index)
      else this.#wake(index, kind, queue.order)
    }
    this.nowMs = Math.max(this.nowMs, untilMs)
    return undefined
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
    const node = this.#node(process.node)
    if (node.pausedUntilMs > this.nowMs) {
      node.held.push({ payload: (slot << 3) | kind, order })
      return
    }
    if (kind === REPLY) {
      const reply = process.reply as R
      this.#observer.delivered(this.nowMs, process, process.request as Q, reply)
      process.lastOutcome = reply
      this.#step(process, reply)
    } else if (kind === WAKE) this.#step(process, ELAPSED_OUTCOME)
    else if (kind === NOTIFIED) this.#step(process, NOTIFIED_OUTCOME)
    else {
      if (process.waiting === 'call') {
        this.#observer.timedOut(this.nowMs, process, process.request as Q)
        process.lastOutcome = TIMEOUT_OUTCOME
      }
      process.waitingOn = undefined
      this.#step(process, TIMEOUT_OUTCOME)
    }
  }

  #step(process: Process<Q, R>, outcome: Outcome<R>): void {
    process.pendingOrder = NOT_PENDING
    process.pendingAtMs = Number.POSITIVE_INFINITY
    process.waiting = 'running'
    this.#stepping = process.node
    let done: boolean | undefined
    try {
      done = process.body?.next(outcome).done
    } catch (error) {
      throw error instanceof StepFailed ? error : this.#failed('scenario', error)
    }
    if (done === true) this.#end(process)
    else if ((process.waiting as string) === 'running') {
      throw this.#failed('scenario', new TypeError('a process yielded without an effect: expected `yield node.sleep(…)`'))
    }
  }

  #failed(culprit: 'scenario' | 'subject', cause: unknown): StepFailed {
    return new StepFailed(culprit, this.#node(this.#stepping).name, this.nowMs, cause)
  }

  #suspend(process: Process<Q, R>, waiting: 'sleep' | 'call' | 'signal'): void {
    if (process.waiting !== 'running') {
      throw new TypeError(`a process asked for a ${waiting} while it waits for a ${process.waiting}: is a \`yield\` missing?`)
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
    this.#queue.push(atMs, order, (index << 3) | kind)
    return order
  }

  #fly(process: Process<Q, R>, request: Q, delayMs: number): void {
    const index = this.#freeFlights.pop() ?? this.#flights.push(new Flight()) - 1
    const flight = this.#flights[index] as Flight<Q, R>
    flight.request = request
    flight.process = process
    flight.callNumber = process.callNumber
    this.#schedule(this.nowMs + delayMs, ARRIVAL, index, process.slot)
  }

  #arrive(index: number): Promise<void> | undefined {
    const flight = this.#flights[index] as Flight<Q, R>
    const request = flight.request as Q
    const { node } = flight.process as Process<Q, R>
    this.#stepping = node
    let reply: R | Promise<R>
    try {
      reply = this.#serve(request, node, this.nowMs)
    } catch (error) {
      throw this.#failed('subject', error)
    }
    if (reply instanceof Promise) {
      return reply.then(
        (late) => this.#answer(index, late),
        (error: unknown) => {
          throw this.#failed('subject', error)
        },
      )
    }
    this.#answer(index, reply)
    return undefined
  }

  /** The subject has taken its step: send the reply back, unless nobody will be waiting for it. */
  #answer(index: number, reply: R): void {
    const flight = this.#flights[index] as Flight<Q, R>
    const request = flight.request as Q
    const process = flight.process as Process<Q, R>
    const callNumber = flight.callNumber
    flight.request = undefined
    flight.process = undefined
    this.#freeFlights.push(index)
    this.#observer.executed(this.nowMs, process, request, reply)

    const { link } = this.#node(process.node)
    const delayMs = link.transmit('reply', this.nowMs)
    if (delayMs === NONE) this.#observer.lost(this.nowMs, process, request, 'reply')
    let atMs = delayMs === NONE ? Number.POSITIVE_INFINITY : this.nowMs + delayMs
    const copyDelayMs = link.transmitCopy('reply', this.nowMs)
    if (copyDelayMs !== NONE) {
      this.#observer.duplicated(this.nowMs, process, request, 'reply')
      atMs = Math.min(atMs, this.nowMs + copyDelayMs)
    }

    if (process.waiting !== 'call' || process.callNumber !== callNumber) return
    if (atMs <= process.deadlineMs) {
      if (atMs >= process.pendingAtMs) return
      process.reply = reply
      this.#complete(process, atMs, REPLY)
    } else if (process.pendingOrder === NOT_PENDING) this.#complete(process, process.deadlineMs, TIMEOUT)
  }

  #end(process: Process<Q, R>): void {
    process.waiting = 'ended'
    process.waitingOn = undefined
    process.pendingOrder = NOT_PENDING
    process.body = undefined
    this.#slots[process.slot] = undefined
    this.#freeSlots.push(process.slot)
    this.#node(process.node).processes.delete(process)
  }

  #strike(index: number): void {
    const fault = this.#faults[index] as Fault
    this.#faults[index] = undefined
    this.#freeFaults.push(index)
    if (fault.kind === 'partition') {
      const untilMs = this.nowMs + fault.durationMs
      for (const cut of fault.nodes) {
        this.#node(cut).link.cut(untilMs)
        this.#observer.partitioned(this.nowMs, cut, untilMs)
      }
      return
    }
    const node = this.#node(fault.node)
    switch (fault.kind) {
      case 'pause':
        return this.#pauseNode(node, fault.node, this.nowMs + fault.durationMs)
      case 'crash':
        return this.#crashNode(node, fault.node, fault.restartAfterMs)
      case 'restart':
        return this.#restartNode(fault.node, true)
      case 'skew':
        node.clock.jump(this.nowMs, fault.byMs)
        return this.#observer.skewed(this.nowMs, fault.node, fault.byMs)
      case 'drift':
        node.clock.drift(this.nowMs, fault.ppm)
        return this.#observer.drifted(this.nowMs, fault.node, fault.ppm)
      default:
        node.link.strike({ ...fault, atMs: this.nowMs })
        return this.#observer.struck(this.nowMs, fault.node, fault.leg, this.nowMs + fault.durationMs)
    }
  }

  #pauseNode(node: Node<Q, R>, index: number, untilMs: number): void {
    if (node.down || untilMs <= node.pausedUntilMs) return
    node.pausedUntilMs = untilMs
    this.#observer.paused(this.nowMs, index, untilMs)
    this.#schedule(untilMs, RESUME, index, NOT_PENDING)
  }

  /** Puts back what came meanwhile, under the order keys it came with. */
  #resumeNode(index: number): void {
    const node = this.#node(index)
    if (node.down || node.pausedUntilMs !== this.nowMs) return
    this.#observer.resumed(this.nowMs, index)
    for (const { payload, order } of node.held) this.#queue.push(this.nowMs, order, payload)
    node.held.length = 0
  }

  #crashNode(node: Node<Q, R>, index: number, restartAfterMs: number | undefined): void {
    if (node.down) return
    node.down = true
    node.pausedUntilMs = 0
    node.held.length = 0
    this.#observer.crashed(this.nowMs, index)
    for (const process of [...node.processes]) this.#end(process)
    node.downUntilMs = restartAfterMs === undefined ? Number.POSITIVE_INFINITY : this.nowMs + restartAfterMs
    if (restartAfterMs !== undefined) this.#schedule(node.downUntilMs, RESTART, index, NOT_PENDING)
  }

  #restartNode(index: number, now = false): void {
    const node = this.#node(index)
    if (!node.down || (!now && node.downUntilMs !== this.nowMs)) return
    node.down = false
    this.#observer.restarted(this.nowMs, index)
    this.spawn(index, node.main)
  }

  #node(index: number): Node<Q, R> {
    const node = this.#nodes[index]
    if (node === undefined) throw new RangeError(`there is no node ${index}: expected 0 to ${this.#nodes.length - 1}`)
    return node
  }
}

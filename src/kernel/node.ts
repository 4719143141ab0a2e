import type { NodeClock } from './clock.js'
import type { Link } from './network.js'
import type { Main, Process, ProcessPort, Signal, Tagged } from './process.js'
import type { Random } from './random.js'

/** What a node asks of the kernel on behalf of its processes. */
export interface Scheduler<Q, R extends Tagged> {
  readonly nowMs: number
  sleep(node: Node<Q, R>, process: Process<Q, R>, durationMs: number): void
  send(node: Node<Q, R>, process: Process<Q, R>): void
  waitFor(node: Node<Q, R>, process: Process<Q, R>, signal: Signal, timeoutMs: number | undefined): void
  notify(node: Node<Q, R>, signal: Signal): void
  spawn(node: Node<Q, R>, main: Main<Q, R>): void
}

/** A contender: up, paused or down, with a clock, a link and a stream of its own. */
export class Node<Q, R extends Tagged> implements ProcessPort<Q, R> {
  readonly index: number
  readonly name: string
  readonly main: Main<Q, R>
  readonly clock: NodeClock
  readonly link: Link
  readonly random: Random
  readonly processes: Process<Q, R>[] = []
  /** What came while the node was paused, in the order in which it came: for whom, of what kind, and its order key. */
  readonly held: { process: Process<Q, R>; kind: number; order: number }[] = []
  /** What is to be carried out on the node, and came due while it was paused: payloads of events. */
  readonly heldWork: number[] = []
  /** Counts its crashes: commands that are carried out on it end with it. */
  life = 0
  down = false
  paused = false
  pausedUntilMs = 0
  downUntilMs = Number.POSITIVE_INFINITY

  readonly #scheduler: Scheduler<Q, R>
  #requests = 0

  constructor(
    scheduler: Scheduler<Q, R>,
    identity: { readonly index: number; readonly name: string; readonly main: Main<Q, R> },
    parts: { readonly clock: NodeClock; readonly link: Link; readonly random: Random },
  ) {
    this.#scheduler = scheduler
    this.index = identity.index
    this.name = identity.name
    this.main = identity.main
    this.clock = parts.clock
    this.link = parts.link
    this.random = parts.random
  }

  get nowMs(): number {
    return this.clock.read(this.#scheduler.nowMs)
  }

  get monotonicMs(): number {
    return this.clock.readMonotonic(this.#scheduler.nowMs)
  }

  nextRequest(): number {
    this.#requests += 1
    return this.#requests
  }

  sleep(process: Process<Q, R>, durationMs: number): void {
    this.#scheduler.sleep(this, process, durationMs)
  }

  send(process: Process<Q, R>): void {
    this.#scheduler.send(this, process)
  }

  waitFor(process: Process<Q, R>, signal: Signal, timeoutMs: number | undefined): void {
    this.#scheduler.waitFor(this, process, signal, timeoutMs)
  }

  notify(signal: Signal): void {
    this.#scheduler.notify(this, signal)
  }

  spawn(main: Main<Q, R>): void {
    this.#scheduler.spawn(this, main)
  }

  /** The lowest number that no task of the node has just now, so that there are only as many as tasks at one time. */
  freeTask(): number {
    let task = 0
    while (this.processes.some((process) => process.task === task)) task += 1
    return task
  }
}

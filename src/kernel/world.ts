import type { Fault } from './fault.js'
import type { Node } from './node.js'
import type { KernelObserver } from './observer.js'
import type { Process, Tagged } from './process.js'
import type { StoreCondition } from './store-condition.js'

/** What the world asks of the kernel. */
export interface WorldPort<Q, R extends Tagged> {
  nowMs(): number
  /** @throws RangeError when there is none */
  node(index: number): Node<Q, R>
  /** Has `resume` or `restart` be called for this node at `atMs`. */
  call(what: 'resume' | 'restart', node: Node<Q, R>, atMs: number): void
  /** Resumes a process now, with an event of this kind. */
  complete(process: Process<Q, R>, kind: number): void
  /** From now on the node's clock counts at another pace, and so does what its processes wait for. */
  drift(node: Node<Q, R>, ppm: number): void
  start(node: Node<Q, R>): void
  end(node: Node<Q, R>, process: Process<Q, R>): void
  /** What was to be carried out on the node goes on. */
  release(node: Node<Q, R>): void
  /** What is carried out on the node ends. */
  crashed(node: Node<Q, R>): void
  restartStore(unsynced: 'kept' | 'lost'): void
}

/** What faults do: to nodes, their clocks and links, and to the store. */
export class World<Q, R extends Tagged> {
  readonly #port: WorldPort<Q, R>
  readonly #observer: KernelObserver<Q, R>
  readonly #store: StoreCondition

  constructor(port: WorldPort<Q, R>, observer: KernelObserver<Q, R>, store: StoreCondition) {
    this.#port = port
    this.#observer = observer
    this.#store = store
  }

  /** Does `fault` now, whenever it was planned for. */
  strike(fault: Fault): void {
    const nowMs = this.#port.nowMs()
    switch (fault.kind) {
      case 'store-restart':
        this.#store.stop(nowMs + fault.durationMs)
        this.#port.restartStore(fault.unsynced)
        this.#observer.storeRestarted(nowMs, this.#store.downUntilMs, fault.unsynced)
        return
      case 'slow-store':
        this.#store.slow(nowMs, nowMs + fault.durationMs, fault.delayMs)
        this.#observer.storeSlowed(nowMs, nowMs + fault.durationMs)
        return
      case 'partition':
        for (const index of fault.nodes) {
          this.#port.node(index).link.cut(nowMs + fault.durationMs)
          this.#observer.partitioned(nowMs, index, nowMs + fault.durationMs)
        }
        return
      default:
        this.#strikeNode(this.#port.node(fault.node), fault, nowMs)
    }
  }

  #strikeNode(
    node: Node<Q, R>,
    fault: Exclude<Fault, { kind: 'partition' | 'store-restart' | 'slow-store' }>,
    nowMs: number,
  ): void {
    switch (fault.kind) {
      case 'pause':
        this.#pause(node, nowMs, nowMs + fault.durationMs)
        return
      case 'crash':
        this.#crash(node, nowMs, fault.restartAfterMs)
        return
      case 'restart':
        this.#restart(node, nowMs)
        return
      case 'skew':
        node.clock.jump(fault.byMs)
        this.#observer.skewed(nowMs, node.index, fault.byMs)
        return
      case 'drift':
        this.#port.drift(node, fault.ppm)
        this.#observer.drifted(nowMs, node.index, fault.ppm)
        return
      default:
        node.link.strike({ ...fault, atMs: nowMs })
        this.#observer.struck(nowMs, fault)
    }
  }

  #pause(node: Node<Q, R>, nowMs: number, untilMs: number): void {
    if (node.down || untilMs <= node.pausedUntilMs) return
    node.paused = true
    node.pausedUntilMs = untilMs
    this.#observer.paused(nowMs, node.index, untilMs)
    this.#port.call('resume', node, untilMs)
  }

  /** A pause is over, unless a longer one has begun since. What came meanwhile happens now, in the order in which it came. */
  resume(node: Node<Q, R>): void {
    const nowMs = this.#port.nowMs()
    if (!node.paused || node.pausedUntilMs !== nowMs) return
    node.paused = false
    this.#observer.resumed(nowMs, node.index)
    for (const { process, kind, order } of node.held) {
      if (process.pendingOrder === order) this.#port.complete(process, kind)
    }
    node.held.length = 0
    this.#port.release(node)
  }

  #crash(node: Node<Q, R>, nowMs: number, restartAfterMs: number | undefined): void {
    if (node.down) return
    node.down = true
    node.paused = false
    node.pausedUntilMs = 0
    node.held.length = 0
    this.#observer.crashed(nowMs, node.index)
    for (const process of [...node.processes]) this.#port.end(node, process)
    this.#port.crashed(node)
    this.#port.release(node)
    node.downUntilMs = restartAfterMs === undefined ? Number.POSITIVE_INFINITY : nowMs + restartAfterMs
    if (restartAfterMs !== undefined) this.#port.call('restart', node, node.downUntilMs)
  }

  /** A node that was restarted by hand, and crashed again since, comes back at its new time. */
  restart(node: Node<Q, R>): void {
    const nowMs = this.#port.nowMs()
    if (node.downUntilMs === nowMs) this.#restart(node, nowMs)
  }

  #restart(node: Node<Q, R>, nowMs: number): void {
    if (!node.down) return
    node.down = false
    this.#observer.restarted(nowMs, node.index)
    this.#port.start(node)
  }
}

import type { Worker, WorkerOptions } from 'node:worker_threads'
import type { Death, Hang } from './hang.js'
import { startThread } from './thread.js'
import { type Inside, type Shares, Whereabouts } from './whereabouts.js'

/** How often it is looked whether a thread still moves. */
const LOOK_EVERY_MS = 250

/** As often as the subject may be called just before it is looked. */
const A_FEW = 10

/** Asks a thread for a sign of life, and is one. */
export const PING = { kind: 'ping' } as const
export const PONG = { kind: 'pong' } as const

export interface Watch {
  readonly patienceMs: number
  /** Whether what the thread does now may take as long as it likes. */
  excused(whereabouts: Whereabouts): boolean
  /**
   * Called more than once, if it is watched still.
   * @param inside whose code it is that hangs
   */
  hangs(hang: Hang, whereabouts: Whereabouts, inside: Inside): void
  died(death: Death, whereabouts: Whereabouts): void
}

/**
 * A thread that may hang. If it has not moved for as long as there is patience it is asked for a sign of life: if it gives one
 * it waits for a promise, and if it does not it is in a loop.
 */
export class WatchedThread<Spec extends object> {
  readonly worker: Worker
  readonly whereabouts = new Whereabouts()
  readonly #watch: Watch
  readonly #looking: NodeJS.Timeout
  #moves = 0
  #calls = 0
  #quietSinceMs = 0
  #asked = false

  constructor(name: string, spec: Spec, watch: Watch, options: WorkerOptions = {}) {
    const { whereabouts } = this
    const workerData: Shares<Spec> = { ...spec, memory: whereabouts.memory }
    this.worker = startThread(name, { ...options, workerData })
    this.#watch = watch
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS)
    this.worker.on('message', ({ kind }: { readonly kind: string }) => {
      if (kind === PONG.kind && this.#asked && !this.#hasMoved()) watch.hangs('silent', whereabouts, this.#culprit())
    })
    this.worker.on('error', (error: unknown) => {
      const found = error instanceof Error ? error.message : String(error)
      watch.died({ happened: 'failed by itself', found }, whereabouts)
    })
    this.worker.on('exit', (code) =>
      watch.died({ happened: 'ended the process', found: `process.exit(${code})` }, whereabouts),
    )
  }

  /** From here on it is to move. */
  begin(): void {
    this.#moves = this.whereabouts.moves
    this.#calls = this.whereabouts.calls
    this.#quietSinceMs = performance.now()
    this.#asked = false
  }

  /** From here on it may hang. */
  unwatch(): void {
    clearInterval(this.#looking)
  }

  #look(): void {
    const { patienceMs, excused, hangs } = this.#watch
    if (excused(this.whereabouts) || this.#hasMoved()) {
      this.begin()
      return
    }
    const quietMs = performance.now() - this.#quietSinceMs
    if (quietMs < patienceMs) return
    if (!this.#asked) {
      this.#asked = true
      this.worker.postMessage(PING)
    } else if (quietMs >= patienceMs + 2 * LOOK_EVERY_MS) hangs('endless', this.whereabouts, this.#culprit())
  }

  #hasMoved(): boolean {
    return this.whereabouts.moves !== this.#moves
  }

  /** Whoever calls the subject again and again is the one that loops. */
  #culprit(): Inside {
    const { inside, calls } = this.whereabouts
    return inside === 'subject' && calls > this.#calls + A_FEW ? 'scenario' : inside
  }
}

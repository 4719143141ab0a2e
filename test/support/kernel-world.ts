import { setImmediate } from 'node:timers/promises'
import {
  type Fault,
  Kernel,
  type KernelObserver,
  type Main,
  type Network,
  type Process,
  randomStream,
  type Serve,
  type TieBreak,
} from '../../src/kernel/index.js'

export interface Answer {
  readonly kind: 'answer'
  readonly to: string
}

/** What a node of the test world does. */
export type Life = Main<string, Answer>

export interface WorldOptions {
  readonly seed?: number
  readonly network?: Network
  readonly faults?: readonly Fault[]
  readonly maxEvents?: number
  readonly tieBreak?: TieBreak
  readonly serve?: Serve<string, Answer>
  readonly restartStore?: (unsynced: 'kept' | 'lost') => void
  /** The longest that a step of the subject takes; without it, its commands take none. */
  readonly maxStepMs?: number
  readonly isOnNode?: (request: string) => boolean
}

/** Five milliseconds there, five back. */
export const steady: Network = { requestDelayMs: [5, 5], replyDelayMs: [5, 5] }

/** Delays and losses that are drawn. */
export const rough: Network = {
  requestDelayMs: [1, 30],
  replyDelayMs: [1, 30],
  requestLossPerMille: 100,
  replyLossPerMille: 100,
  requestDuplicatePerMille: 100,
  replyDuplicatePerMille: 100,
}

export const answer = (request: string): Answer => ({ kind: 'answer', to: request })

const renumbered = (request: string, number: number): string => `${request.split('#')[0]}#${number}`

const answeredOtherwise = (request: string, decided: Answer, { to }: Answer) =>
  decided.to === to ? undefined : new TypeError(`of ${request} ${decided.to} was decided, and ${to} answered`)

/** A kernel whose subject answers everything, and a log of all that happened: `15 a step x`. */
export class TestWorld {
  readonly log: string[] = []
  readonly kernel: Kernel<string, Answer>
  readonly #names: string[] = []
  readonly #faults: readonly Fault[]

  constructor(options: WorldOptions = {}) {
    const {
      seed = 1,
      network = steady,
      faults = [],
      maxEvents = 10_000,
      tieBreak,
      serve,
      restartStore,
      maxStepMs,
      isOnNode = () => false,
    } = options
    this.#faults = faults
    this.kernel = new Kernel<string, Answer>({
      random: (name) => randomStream(seed, name),
      network,
      observer: this.#observer(),
      maxEvents,
      serve: serve ?? answer,
      ...(tieBreak === undefined ? {} : { tieBreak }),
      ...(restartStore === undefined ? {} : { restartStore }),
      ...(maxStepMs === undefined
        ? {}
        : {
            steps: {
              maxMs: maxStepMs,
              turn: () => setImmediate(),
              answeredOtherwise,
              isOnNode,
              renumbered,
              again: () => undefined,
              timeoutMs: 20,
            },
          }),
    })
  }

  node(name: string, life: Life, skewMs = 0): number {
    this.#names.push(name)
    return this.kernel.addNode(name, life, skewMs)
  }

  /** Runs to `untilMs` and gives the log. */
  run(untilMs: number): readonly string[] {
    if (this.start(untilMs) !== undefined) throw new Error('the subject answers with promises: await start()')
    return this.log
  }

  start(untilMs: number): Promise<void> | undefined {
    for (const fault of this.#faults) this.kernel.inject(fault)
    return this.kernel.run(untilMs)
  }

  /** Writes a line of a process into the log, at the time that its node's clock shows. */
  note(process: Process<string, Answer>, what: string): void {
    this.log.push(`${process.nowMs} ${process.nodeName} ${what}`)
  }

  #observer(): KernelObserver<string, Answer> {
    const say = (atMs: number, node: number, what: string) => this.log.push(`${atMs} ${this.#names[node]} ${what}`)
    const { log } = this
    return {
      get length() {
        return log.length
      },
      sent: (atMs, { node }, request, attempt) => say(atMs, node, `sends ${request}${attempt > 0 ? ' again' : ''}`),
      stepped: (atMs, { node }, request, step) => say(atMs, node, `takes step ${step} of ${request}`),
      unanswered: (atMs, { node }, request, step) => say(atMs, node, `has no answer after step ${step} of ${request}`),
      threw: (atMs, { node }, request, step) => say(atMs, node, `threw in ${request} after step ${step}`),
      executed: (atMs, { node }, request) => say(atMs, node, `step ${request}`),
      delivered: (atMs, { node }, request) => say(atMs, node, `has ${request}`),
      timedOut: (atMs, { node }, request) => say(atMs, node, `gives up ${request}`),
      lost: (atMs, { node }, request, leg, step = 0) =>
        say(atMs, node, `loses ${leg} ${request}${step > 0 ? ` after step ${step}` : ''}`),
      duplicated: (atMs, { node }, request, leg) => say(atMs, node, `doubles ${leg} ${request}`),
      paused: (atMs, node, untilMs) => say(atMs, node, `paused until ${untilMs}`),
      resumed: (atMs, node) => say(atMs, node, 'resumed'),
      crashed: (atMs, node) => say(atMs, node, 'crashed'),
      restarted: (atMs, node) => say(atMs, node, 'restarted'),
      skewed: (atMs, node, byMs) => say(atMs, node, `skewed ${byMs}`),
      drifted: (atMs, node, ppm) => say(atMs, node, `drifts ${ppm}`),
      partitioned: (atMs, node, untilMs) => say(atMs, node, `cut until ${untilMs}`),
      storeRestarted: (atMs, untilMs, unsynced) => this.log.push(`${atMs} store ${unsynced} until ${untilMs}`),
      storeSlowed: (atMs, untilMs) => this.log.push(`${atMs} store slow until ${untilMs}`),
      struck: (atMs, { node, leg, durationMs }) => say(atMs, node, `${leg}s struck until ${atMs + durationMs}`),
    }
  }
}

/** A node that asks once, `afterMs` after its start. */
export const asksOnce = (request = 'x', { afterMs = 0, timeoutMs = 50 } = {}): Life =>
  function* (process) {
    if (afterMs > 0) yield process.sleep(afterMs)
    yield process.call(request, timeoutMs)
  }

/** A node that asks again and again, and rests in between as long as its own stream says. */
export const asksForEver = (timeoutMs = 40): Life =>
  function* (process) {
    for (let call = 0; ; call++) {
      yield process.call(`${process.nodeName}${call}`, timeoutMs)
      yield process.sleep(process.random.int(0, 20))
    }
  }

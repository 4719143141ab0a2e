import type { Chunk, Failure } from '../../explore/index.js'
import { InputError } from '../../input/index.js'
import { StoreError } from '../../stores/index.js'
import { SubjectFault } from '../../subject/index.js'
import { type Death, type Hang, SubjectHangs, threadDied } from './hang.js'
import { PING, WatchedThread } from './watched-thread.js'
import type { Inside, Whereabouts } from './whereabouts.js'
import type { FromWorker, ToWorker, Work, WorkerSpec } from './work.js'

/** How long a thread may take to close its store: one that is in a loop never does. */
const CLOSE_WITHIN_MS = 1_000
/** Longer than any store waits for somebody's lock. To end a thread within a native driver may end the whole process. */
const ANSWER_WITHIN_MS = 15_000

export interface Task {
  readonly work: Work
  readonly settle: { readonly resolve: (result: never) => void; readonly reject: (error: Error) => void }
}

/** What a lane asks of its pool, and tells it. */
interface LanePool {
  /** The name of the subject. */
  readonly subject: string
  readonly patienceMs: number
  /** What waits to be done. */
  next(): Task | undefined
  /** The thread was ended, as its subject hangs: there may be others. */
  lost(error: SubjectHangs): void
  /** Nothing more can be run. */
  failed(reason: Error): void
}

/** One thread of a pool. */
export class Lane {
  readonly #pool: LanePool
  readonly #thread: WatchedThread<WorkerSpec>
  /** It has loaded the subject: only from then on is it the subject that may hang. */
  #ready = false
  #gone = false
  #task: Task | undefined
  /** What has failed of its task so far. */
  #found: Failure[] = []

  constructor(spec: WorkerSpec, pool: LanePool) {
    this.#pool = pool
    this.#thread = new WatchedThread('worker', spec, {
      patienceMs: pool.patienceMs,
      // A store that is slow is not the subject's fault, and one that is gone says so in time.
      excused: ({ isInStore }) => isInStore || this.#task === undefined,
      hangs: (hang, whereabouts, inside) => this.#hangs(hang, whereabouts, inside),
      died: (death) => this.#died(death),
    })
    this.#thread.worker.on('message', (message: FromWorker) => this.#hear(message))
  }

  get isIdle(): boolean {
    return this.#ready && this.#task === undefined
  }

  /** Its thread has ended, or is about to. */
  get isGone(): boolean {
    return this.#gone
  }

  /** Takes what waits, if it is idle. */
  take(): void {
    const next = this.isIdle ? this.#pool.next() : undefined
    if (next === undefined) return
    this.#task = next
    this.#found = []
    this.#thread.begin()
    this.#send(next.work)
  }

  /** Its chunk ends with the seed that it is at. */
  stop(): void {
    this.#thread.whereabouts.askToEnd()
  }

  stopShrinking(): void {
    this.#send({ kind: 'stop-shrinking' })
  }

  /** By then, what the thread has left unhandled has ended it. */
  async signOfLife(): Promise<void> {
    // What goes on of a subject, and never gives the thread its turn, is not waited for.
    if (this.#ready && !this.#gone) await this.#answer(PING, 'pong', CLOSE_WITHIN_MS)
  }

  /** From here on its end is no news. */
  leave(): void {
    this.#gone = true
    this.#thread.unwatch()
  }

  closeStore(): Promise<void> {
    return this.#answer(
      { kind: 'close' },
      'closed',
      this.#thread.whereabouts.isInStore ? ANSWER_WITHIN_MS : CLOSE_WITHIN_MS,
    )
  }

  async terminate(): Promise<void> {
    await this.#thread.worker.terminate()
  }

  #send(message: ToWorker): void {
    this.#thread.worker.postMessage(message)
  }

  /** Asks, and waits for the answer, or until there will be none, but no longer than that. */
  #answer(question: ToWorker, answer: FromWorker['kind'], withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const late = setTimeout(resolve, withinMs)
      const heard = () => {
        clearTimeout(late)
        resolve()
      }
      const { worker } = this.#thread
      worker.on('message', ({ kind }: FromWorker) => kind === answer && heard())
      worker.on('exit', heard)
      this.#send(question)
    })
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case 'pong':
      case 'closed':
        return
      case 'found':
        this.#found.push(message.failure)
        return
      case 'ready':
        this.#ready = true
        break
      case 'done':
        this.#free()?.resolve(message.result as never)
        break
      case 'failed':
        this.#free()?.reject(new Error(message.message))
        break
      case 'input-failed':
        this.#free()?.reject(new InputError(message.problem))
        break
      case 'subject-failed':
        this.#free()?.reject(new SubjectFault(message.fault, message.command, message.message))
        break
      case 'store-failed':
        this.#fail(new StoreError(message.problem))
    }
    this.take()
  }

  #free(): Task['settle'] | undefined {
    const task = this.#task
    this.#task = undefined
    return task?.settle
  }

  #fail(reason: Error): void {
    this.#free()?.reject(reason)
    this.#pool.failed(reason)
  }

  #hangs(hang: Hang, { asked }: Whereabouts, inside: Inside): void {
    if (this.#task === undefined) return
    const error = new SubjectHangs(hang, asked, {
      chunk: seedsOf(this.#task.work),
      found: this.#found,
      inScenario: inside === 'scenario',
    })
    this.#free()?.reject(error)
    this.#ready = false
    this.leave()
    void this.terminate()
    this.#pool.lost(error)
  }

  #died(death: Death): void {
    if (this.#gone) return
    this.leave()
    this.#fail(threadDied(`subject "${this.#pool.subject}"`, death))
  }
}

/** The seeds at which a worker was. */
function seedsOf(work: Work): Chunk | undefined {
  if (work.kind === 'assemble') return undefined
  if (work.kind === 'explore') return work.chunk
  const { seed } = work.kind === 'tell' ? work.found : work.failure
  return { from: seed, seeds: 1, maxFailures: 1 }
}

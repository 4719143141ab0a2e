import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Chunk, ChunkResult, Failure, SwarmOptions, Telling } from '../../explore/index.js'
import { InputError, type InputProblem } from '../../input/index.js'
import { packageRoot } from '../../package.js'
import type { CommandKind } from '../../protocol/index.js'
import { StoreError, type StoreProblem } from '../../stores/index.js'
import { SubjectFault, subjectFunctions } from '../../subject/index.js'
import { type SharedStore, workerNamespaces } from '../options/store.js'
import { type Hang, hangText, LOOK_EVERY_MS, NO_TIME, threadDied, Vigil } from './vigil.js'

/** What a worker needs to know: all of it can be copied. */
export interface WorkerSpec {
  readonly directory: string
  readonly configFile?: string
  readonly scenarios: readonly string[]
  readonly subjectFile?: string
  /** The namespace is this worker's own. */
  readonly store?: SharedStore
  readonly options: SwarmOptions & { readonly invariants?: readonly string[]; readonly maxEvents: number }
  /**
   * Written by the worker at every command: a count, the virtual time, and which it is, or what else of the subject was called
   * since, by its number in `subjectFunctions`. Then, whether it waits for the store at this moment; written by the pool, whether
   * nothing is explored any more; and whether it is in code of a scenario of the user's own.
   */
  readonly lastSeen: SharedArrayBuffer
}

/** What a worker may be busy with. */
export type Work =
  /** Make the parts of the subject once, and say which commands it has: that, too, may never come to an end. */
  | { readonly kind: 'assemble' }
  /** Of the scenarios of the pool, those that the subject can be asked. */
  | { readonly kind: 'explore'; readonly chunk: Chunk; readonly scenarios: readonly string[] }
  | { readonly kind: 'tell'; readonly found: Failure; readonly shrink: boolean }
  | { readonly kind: 'again'; readonly failure: Failure }

export type WorkResult = readonly CommandKind[] | ChunkResult | Telling | Failure | undefined

export type ToWorker = Work | { readonly kind: 'stop-shrinking' | 'ping' | 'close' }

export type FromWorker =
  | { readonly kind: 'ready' | 'pong' | 'closed' }
  /** A failure of the chunk under way: told of at once, and once more in its result. */
  | { readonly kind: 'found'; readonly failure: Failure }
  | { readonly kind: 'done'; readonly result: WorkResult }
  | { readonly kind: 'failed'; readonly message: string }
  /** A scenario, or something else that is the user's own. */
  | { readonly kind: 'input-failed'; readonly problem: InputProblem }
  | {
      readonly kind: 'subject-failed'
      readonly fault: SubjectFault['fault']
      readonly command: string
      readonly message: string
    }
  | { readonly kind: 'store-failed'; readonly problem: StoreProblem }

/** A subject that never answers, or never comes back from a command. */
export class SubjectHangs extends Error {
  override readonly name = 'SubjectHangs'
  readonly fault: Hang
  readonly command: string
  /** Undefined for what is given no time. */
  readonly atMs: number | undefined
  /** The seeds at which it was; undefined before the first. */
  readonly chunk: Chunk | undefined
  /** What had failed in these seeds before. */
  readonly found: readonly Failure[]
  /** It is a scenario of the user's own that hangs, and not the subject. */
  readonly inScenario: boolean

  constructor(
    fault: Hang,
    command: string,
    atMs: number,
    { chunk, found, inScenario }: Pick<SubjectHangs, 'chunk' | 'found' | 'inScenario'>,
  ) {
    super(hangText(fault, command, atMs))
    this.fault = fault
    this.command = command
    this.atMs = atMs === NO_TIME ? undefined : atMs
    this.chunk = chunk
    this.found = found
    this.inScenario = inScenario
  }
}

interface Task {
  readonly work: Work
  readonly settle: { readonly resolve: (result: never) => void; readonly reject: (error: Error) => void }
}

interface Lane {
  readonly worker: Worker
  /** It has loaded the subject: only from then on is it the subject that may hang. */
  ready: boolean
  /** Its thread was ended. */
  gone: boolean
  readonly lastSeen: Int32Array
  task: Task | undefined
  /** What has failed of its task so far. */
  found: Failure[]
  readonly vigil: Vigil
  /** Called at its next sign of life, or when there will be none. */
  heard: (() => void) | undefined
}

export interface Pool {
  /**
   * The commands that the subject has.
   * @throws SubjectHangs
   * @throws SubjectFault
   */
  assemble(): Promise<readonly CommandKind[]>
  /** @throws SubjectHangs */
  explore(chunk: Chunk, scenarios: readonly string[]): Promise<ChunkResult>
  /**
   * Tells of a failure, and makes it small before if `shrink` says so. What is still being explored is given up.
   * @throws SubjectHangs
   */
  tell(found: Failure, shrink: boolean): Promise<Telling>
  /**
   * What the plan of `failure` shows now.
   * @throws SubjectHangs
   */
  again(failure: Failure): Promise<Failure | undefined>
  /** Nothing more is explored: chunks end with the seed that each is at. */
  stop(): void
  /** Once all is done: what the subject has begun, and what fails of it by itself, is waited for. */
  quiet(): Promise<void>
  /** What is being made small is told as it was found. */
  stopShrinking(): void
  close(): Promise<void>
}

/**
 * Worker threads that explore. A thread whose subject has been asked something and has not come back for `patienceMs` is
 * ended: nothing else stops a loop.
 */
export function openPool(
  spec: Omit<WorkerSpec, 'lastSeen'>,
  { subject, workers, patienceMs }: { readonly subject: string; readonly workers: number; readonly patienceMs: number },
): Pool {
  const file = join(packageRoot(), 'dist', 'worker.js')
  if (!existsSync(file)) throw new Error(`${file} is missing: the package is not built`)
  const waiting: Task[] = []
  /** Why nothing more can be run: it is closed, or a thread has died. */
  let ended: Error | undefined

  const end = (reason: Error): void => {
    ended = reason
    for (const { settle } of waiting.splice(0)) settle.reject(reason)
  }
  const take = (lane: Lane): void => {
    const next = lane.ready && lane.task === undefined ? waiting.shift() : undefined
    if (next === undefined) return
    lane.task = next
    lane.found = []
    lane.vigil.begin(lane.lastSeen[0] as number)
    lane.worker.postMessage(next.work satisfies ToWorker)
  }
  const free = (lane: Lane): Task['settle'] | undefined => {
    const { task } = lane
    lane.task = undefined
    return task?.settle
  }
  const hangs = (lane: Lane, fault: Hang): void => {
    const work = lane.task?.work
    if (work === undefined) return
    const command = subjectFunctions[lane.lastSeen[2] as number] ?? 'a command'
    const error = new SubjectHangs(fault, command, lane.lastSeen[1] as number, {
      chunk: seedsOf(work),
      found: lane.found,
      inScenario: Atomics.load(lane.lastSeen, 5) === 1,
    })
    free(lane)?.reject(error)
    lane.ready = false
    void lane.worker.terminate()
    lane.gone = true
    lane.heard?.()
    if (lanes.every(({ gone }) => gone)) end(error)
  }

  const lanes = Array.from({ length: workers }, (_, number): Lane => {
    const lastSeen = new SharedArrayBuffer(24)
    const store = spec.store && {
      ...spec.store,
      namespace: workerNamespaces(spec.store.namespace, workers)[number] as string,
    }
    const workerData: WorkerSpec = { ...spec, lastSeen, ...(store === undefined ? {} : { store }) }
    const worker = new Worker(file, { workerData })
    const lane: Lane = {
      worker,
      ready: false,
      gone: false,
      lastSeen: new Int32Array(lastSeen),
      task: undefined,
      found: [],
      heard: undefined,
      vigil: new Vigil(patienceMs, () => worker.postMessage({ kind: 'ping' } satisfies ToWorker)),
    }
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') lane.ready = true
      else if (message.kind === 'pong') {
        lane.heard?.()
        const hang = lane.task === undefined ? undefined : lane.vigil.heard(lane.lastSeen[0] as number)
        if (hang !== undefined) hangs(lane, hang)
      } else if (message.kind === 'found') lane.found.push(message.failure)
      else if (message.kind === 'failed') free(lane)?.reject(new Error(message.message))
      else if (message.kind === 'input-failed') free(lane)?.reject(new InputError(message.problem))
      else if (message.kind === 'subject-failed')
        free(lane)?.reject(new SubjectFault(message.fault, message.command, message.message))
      else if (message.kind === 'store-failed') fail(new StoreError(message.problem))
      else if (message.kind === 'done') free(lane)?.resolve(message.result as never)
      if (message.kind !== 'pong' && message.kind !== 'found' && message.kind !== 'closed') take(lane)
    })
    const fail = (reason: Error): void => {
      lane.heard?.()
      free(lane)?.reject(reason)
      end(reason)
    }
    const died = (happened: string, found: string): void => {
      if (lane.gone) return
      lane.gone = true
      fail(threadDied(`subject "${subject}"`, happened, found))
    }
    worker.on('error', (error: unknown) =>
      died('failed by itself', error instanceof Error ? error.message : String(error)),
    )
    worker.on('exit', (code) => died('ended the process', `process.exit(${code})`))
    return lane
  })

  const look = setInterval(() => {
    for (const lane of lanes) {
      if (lane.task === undefined) continue
      const count = lane.lastSeen[0] as number
      // A store that is slow is not the subject's fault, and one that is gone says so in time.
      if (isInStore(lane)) lane.vigil.begin(count)
      const hang = lane.vigil.look(count)
      if (hang !== undefined) hangs(lane, hang)
    }
  }, LOOK_EVERY_MS)

  const ask = <T>(work: Work): Promise<T> => {
    if (ended !== undefined) return Promise.reject(ended)
    return new Promise<T>((resolve, reject) => {
      waiting.push({ work, settle: { resolve, reject } })
      const idle = lanes.find((lane) => lane.ready && lane.task === undefined)
      if (idle !== undefined) take(idle)
    })
  }

  const stop = (): void => {
    for (const { lastSeen } of lanes) Atomics.store(lastSeen, 4, 1)
  }

  return {
    stop,
    assemble: () => ask({ kind: 'assemble' }),
    explore: (chunk, scenarios) => ask({ kind: 'explore', chunk, scenarios }),
    tell(found, shrink) {
      waiting.length = 0
      stop()
      return ask({ kind: 'tell', found, shrink })
    },
    again: (failure) => ask({ kind: 'again', failure }),
    async quiet() {
      await Promise.all(lanes.map(signOfLife))
      if (ended !== undefined) throw ended
    },
    stopShrinking() {
      for (const { worker } of lanes) worker.postMessage({ kind: 'stop-shrinking' } satisfies ToWorker)
    },
    async close() {
      ended ??= new Error('the pool is closed')
      for (const lane of lanes) lane.gone = true
      clearInterval(look)
      if (spec.store !== undefined) await Promise.all(lanes.map(closed))
      await Promise.all(lanes.map(({ worker }) => worker.terminate()))
    },
  }
}

/** The seeds at which a worker was. */
function seedsOf(work: Work): Chunk | undefined {
  if (work.kind === 'assemble') return undefined
  if (work.kind === 'explore') return work.chunk
  const { seed } = work.kind === 'tell' ? work.found : work.failure
  return { from: seed, seeds: 1, maxFailures: 1 }
}

const isInStore = ({ lastSeen }: Lane): boolean => Atomics.load(lastSeen, 3) === 1

/** By then, what a thread has left unhandled has ended it. */
function signOfLife(lane: Lane): Promise<void> {
  return new Promise((resolve) => {
    if (lane.gone || !lane.ready) return resolve()
    // What goes on of a subject, and never gives the thread its turn, is not waited for.
    const late = setTimeout(resolve, CLOSE_WITHIN_MS)
    lane.heard = () => {
      clearTimeout(late)
      resolve()
    }
    lane.worker.postMessage({ kind: 'ping' } satisfies ToWorker)
  })
}

/** How long a thread may take to close its store: one that is in a loop never does. */
const CLOSE_WITHIN_MS = 1_000
/** Longer than any store waits for somebody's lock. To end a thread within a native driver may end the whole process. */
const ANSWER_WITHIN_MS = 15_000

/** Asks a thread to close its store, and waits until it has. */
function closed(lane: Lane): Promise<void> {
  const { worker } = lane
  return new Promise((resolve) => {
    const late = setTimeout(resolve, isInStore(lane) ? ANSWER_WITHIN_MS : CLOSE_WITHIN_MS)
    worker.on('message', ({ kind }: FromWorker) => {
      if (kind !== 'closed') return
      clearTimeout(late)
      resolve()
    })
    worker.postMessage({ kind: 'close' } satisfies ToWorker)
  })
}

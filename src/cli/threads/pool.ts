import type { Chunk, ChunkResult, Failure, Telling } from '../../explore/index.js'
import { workerNamespaces } from '../options/store.js'
import { Lane, type Task } from './lane.js'
import type { Made, Work, WorkerSpec } from './work.js'

export interface Pool {
  /**
   * What the subject has.
   * @throws SubjectHangs
   * @throws SubjectFault
   */
  assemble(): Promise<Made>
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
  spec: WorkerSpec,
  { subject, workers, patienceMs }: { readonly subject: string; readonly workers: number; readonly patienceMs: number },
): Pool {
  const waiting: Task[] = []
  /** Why nothing more can be run: it is closed, or a thread has died. */
  let ended: Error | undefined
  const end = (reason: Error): void => {
    ended = reason
    for (const { settle } of waiting.splice(0)) settle.reject(reason)
  }
  const lanes: readonly Lane[] = workerSpecs(spec, workers).map(
    (own) =>
      new Lane(own, {
        subject,
        patienceMs,
        next: () => waiting.shift(),
        lost: (error) => {
          if (lanes.every(({ isGone }) => isGone)) end(error)
        },
        failed: end,
      }),
  )
  const ask = <T>(work: Work): Promise<T> => {
    if (ended !== undefined) return Promise.reject(ended)
    return new Promise<T>((resolve, reject) => {
      waiting.push({ work, settle: { resolve, reject } })
      lanes.find(({ isIdle }) => isIdle)?.take()
    })
  }
  const stop = (): void => {
    for (const lane of lanes) lane.stop()
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
      await Promise.all(lanes.map((lane) => lane.signOfLife()))
      if (ended !== undefined) throw ended
    },
    stopShrinking() {
      for (const lane of lanes) lane.stopShrinking()
    },
    async close() {
      ended ??= new Error('the pool is closed')
      for (const lane of lanes) lane.leave()
      if (spec.store !== undefined) await Promise.all(lanes.map((lane) => lane.closeStore()))
      await Promise.all(lanes.map((lane) => lane.terminate()))
    },
  }
}

/** What each worker needs to know: on a store, it has a namespace of its own. */
function workerSpecs(spec: WorkerSpec, workers: number): readonly WorkerSpec[] {
  const { store } = spec
  if (store === undefined) return Array.from({ length: workers }, () => spec)
  return workerNamespaces(store.namespace, workers).map((namespace) => ({ ...spec, store: { ...store, namespace } }))
}

import type { Chunk, ChunkResult, Failure, SwarmOptions, Telling } from '../../explore/index.js'
import type { InputProblem } from '../../input/index.js'
import type { CommandKind, Part } from '../../protocol/index.js'
import type { StoreProblem } from '../../stores/index.js'
import type { SubjectFault } from '../../subject/index.js'
import type { SharedStore } from '../options/store.js'
import type { PING, PONG } from './watched-thread.js'

/** What a worker needs to know: all of it can be copied. */
export interface WorkerSpec {
  readonly directory: string
  readonly configFile?: string
  readonly scenarios: readonly string[]
  readonly subjectFile?: string
  /** The namespace is this worker's own. */
  readonly store?: SharedStore
  readonly options: SwarmOptions & { readonly invariants?: readonly string[]; readonly maxEvents: number }
}

/** What a worker may be busy with. */
export type Work =
  /** Make the parts of the subject once, and say what it has: that, too, may never come to an end. */
  | { readonly kind: 'assemble' }
  /** Of the scenarios of the pool, those that the subject can be asked. */
  | { readonly kind: 'explore'; readonly chunk: Chunk; readonly scenarios: readonly string[] }
  | { readonly kind: 'tell'; readonly found: Failure; readonly shrink: boolean }
  | { readonly kind: 'again'; readonly failure: Failure }

/** What a subject has: its commands, and the parts that are its own. */
export interface Made {
  readonly commands: readonly CommandKind[]
  readonly own: readonly Part[]
}

export type WorkResult = Made | ChunkResult | Telling | Failure | undefined

export type ToWorker = Work | typeof PING | { readonly kind: 'stop-shrinking' | 'close' }

export type FromWorker =
  | typeof PONG
  | { readonly kind: 'ready' | 'closed' }
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

/** What is wrong with a store, for the person who has to mend it. Never holds a password. */
export interface StoreProblem {
  /** What is wrong, in one sentence. */
  readonly what: string
  /** The file in which it is named, and the place there. */
  readonly file?: string
  readonly at?: string
  /** The store and its place. */
  readonly store: string
  readonly found?: string
  readonly expected?: string
  readonly todo?: string
  /** It no longer has what it had acknowledged: to wait is of no use. */
  readonly lost?: true
  /** It was closed by who had opened it: to ask again is of no use either. */
  readonly closed?: true
}

/** A store that cannot be used: not there, not ours, damaged, full. Says nothing of the lease core that stands on it. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly problem: StoreProblem

  constructor(problem: StoreProblem, options?: { readonly cause?: unknown }) {
    super(problem.what, options)
    this.problem = problem
  }
}

/** What a store answers once it has been closed. */
export const storeClosed = (store: string, what = 'the store is closed'): StoreError =>
  new StoreError({ what, store, todo: 'open it again', closed: true })

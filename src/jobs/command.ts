import type { Fence, Requester } from '../lease/index.js'

/** Puts one more job at the end of a space's queue. */
export interface Enqueue extends Requester {
  readonly kind: 'enqueue'
  readonly space: string
}

/** Asks for the lease of the job that has been ready longest. */
export interface Take extends Requester {
  readonly kind: 'take'
  readonly space: string
  readonly owner: string
  readonly ttlMs: number
  /** A job that was taken so often without being completed is dead: nobody gets it any more. */
  readonly maxAttempts: number
  /** What the requester's wall clock showed. A core judges time by its own clock. */
  readonly clockMs: number
}

/** Says that the job is done: its effect counts from here on, once. */
export interface Complete extends Requester {
  readonly kind: 'complete'
  readonly fence: JobFence
}

/** Gives the job back undone. */
export interface Fail extends Requester {
  readonly kind: 'fail'
  readonly fence: JobFence
}

/** The fence of one taking of one job: its epoch counts how often the job was taken. */
export interface JobFence extends Fence {
  /** Number of the job within its space, from 0. */
  readonly job: number
}

/** Everything that a queue of jobs may be asked for. */
export type JobCommand = Enqueue | Take | Complete | Fail

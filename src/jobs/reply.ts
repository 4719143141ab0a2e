import type { Refusal } from '../lease/index.js'
import type { JobFence } from './command.js'

export interface Enqueued {
  readonly kind: 'enqueued'
  readonly job: number
}

/** The job is the requester's until `expiresAtMs`, by the core's clock. */
export interface Taken {
  readonly kind: 'taken'
  readonly fence: JobFence
  readonly expiresAtMs: number
}

/** No job is ready. */
export interface Idle {
  readonly kind: 'idle'
}

export interface Completed {
  readonly kind: 'completed'
}

export interface Failed {
  readonly kind: 'failed'
}

export type JobReply = Enqueued | Taken | Idle | Completed | Failed | Refusal

import type { StoreProblem } from '../stores/store-error.js'
import type { EngineName, ScenarioId } from './names.js'
import type { FabricFlaws } from './settings.js'

/** What a worker process is told at its start. Not by argument: those can be read by everybody on the machine. */
export interface WorkerSpec {
  readonly engine: EngineName
  readonly url: string
  /** The place, for people. */
  readonly shown: string
  readonly scenario: ScenarioId
  readonly appSchema: string
  readonly engineSchema: string
  /** By which sessions of this run are known. */
  readonly runId: string
  readonly softLimitMs: number | undefined
  readonly leaseMs: number
  readonly pollMs: number
  readonly flaws: FabricFlaws
}

/** What a job carries. */
export interface Payload {
  readonly job: string
  readonly task: TaskName
  readonly tenant: string
  /** For the probe of row-level security: whose row to ask for. */
  readonly asks?: string
}

export type TaskName = 'poison' | 'crash' | 'rls-probe' | 'heedful' | 'spin' | 'sentinel' | 'privilege-probe' | 'zombie'

/** One try of something that must be refused. */
export interface ProbeResult {
  readonly probe: string
  /** Null when it was not refused. */
  readonly sqlstate: string | null
  readonly message: string
}

/** What a worker process says. */
export type WorkerMessage =
  /** `database` is the digest of its identity, as the worker's own session has read it. */
  | { readonly kind: 'ready'; readonly worker: string; readonly database: string }
  | ({ readonly kind: 'started' } & OfAttempt)
  | ({ readonly kind: 'ended' } & OfAttempt)
  | ({ readonly kind: 'timed-out' } & OfAttempt)
  | ({ readonly kind: 'barrier' } & OfAttempt)
  | ({ readonly kind: 'holding' } & OfEpoch)
  | ({ readonly kind: 'written' } & OfEpoch)
  | ({ readonly kind: 'refused' } & OfEpoch)
  | { readonly kind: 'rows'; readonly job: string; readonly rows: number; readonly bypass: boolean }
  | { readonly kind: 'probed'; readonly job: string; readonly results: readonly ProbeResult[] }
  /** It ends for this reason. `code` is a SQLSTATE, or that of an error of the system. */
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly problem: StoreProblem }

interface OfAttempt {
  readonly job: string
  readonly attempt: number
}

interface OfEpoch {
  readonly job: string
  readonly epoch: number
}

/** What the process around a worker gives it. */
export interface WorkerHost {
  readonly tell: (told: WorkerMessage) => Promise<void>
  /** Resolves when the parent lets this job go on. */
  readonly proceed: (job: string) => Promise<void>
  /** Whether the process that started this one has gone. Can be asked without awaiting anything. */
  readonly orphaned: () => boolean
}

import type { QueryConfig } from '../stores/postgres/index.js'
import type { Payload } from './messages.js'
import type { EngineName, ScenarioId } from './names.js'
import type { JobTable } from './tables.js'

/** A job as a worker gets it. */
export interface TakenJob {
  readonly payload: Payload
  /** 1 for the first. */
  readonly attempt: number
  /** As the engine calls it. */
  readonly engineJob: string
}

export interface EngineWorker {
  /** As the engine calls this worker, or as we do when it has no name for it. */
  readonly worker: string
  /** Rejects when it can go on no longer. */
  readonly ended: Promise<void>
}

export interface EnqueueOptions {
  readonly scenario: ScenarioId
  readonly maxAttempts: number
}

/** All that the fabric asks of a job-queue engine. Every statement is one for all jobs, and names all schemas it uses. */
export interface Engine {
  readonly name: EngineName
  /** Of its package. */
  readonly version: string
  /** Makes its tables, by the user who makes the run, and lets nobody else who uses the same engine there notice. */
  install(url: string, schema: string, appSchema: string): Promise<void>
  /** One row `{ migration }`: how far its tables have been brought, as they say themselves. */
  migration(schema: string): string
  jobs(schema: string): JobTable
  /** What a worker's role needs of them. */
  grants(schema: string, role: string): string
  enqueue(schema: string, payloads: readonly Payload[], options: EnqueueOptions): QueryConfig
  /** Jobs that are retried later are so sooner: `scale` times their delay from now. */
  hasten(schema: string, scale: number): string
  /** Makes jobs available again whose worker is lost. */
  unlock(schema: string, appSchema: string, worker: string): QueryConfig
  /** Moves jobs that have used up their attempts, however they ended, to the dead letters. */
  reap(schema: string, appSchema: string, scenarios: readonly ScenarioId[]): string
  /** One row `{ unfinished }`: jobs of a scenario that are still there to be run, or are running. */
  backlog(schema: string, scenario: ScenarioId): string
  /** Runs in the worker process: takes one job after another, acknowledges it when `handle` has settled. */
  work(options: WorkOptions): Promise<EngineWorker>
}

export interface WorkOptions {
  readonly url: string
  readonly schema: string
  readonly scenario: ScenarioId
  readonly pollMs: number
  readonly handle: (job: TakenJob) => Promise<void>
}

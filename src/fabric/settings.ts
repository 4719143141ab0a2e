import type { ScenarioId } from './names.js'

/** How the fabric is set up, and by what it is judged. All of it stands in the evidence. */
export const settings = {
  /** 3 retries after the first attempt. */
  maxAttempts: 4,
  /** More than one would hold back jobs that another worker could run. */
  prefetch: 1,
  workersPerScenario: 2,
  /** What a job may take: a hundred times what an honest one of these takes, so that a busy machine stops none. */
  softLimitMs: 300,
  /** So long after the soft limit that who heeds that is never killed. */
  hardLimitMs: 1_200,
  /** How long a worker owns a job without renewal. A worker that is stopped for longer is a zombie. */
  leaseMs: 100,
  /** What no sentinel job may wait: both limits, a restart, and time for the jobs before it, on a busy machine. */
  waitBoundMs: (jobs: number): number => 3_000 + 20 * jobs,
  /** Idle workers ask so often; the harness as often shortens the delays of retries. */
  pollMs: 40,
  /** A worker's own connection, and two of its engine: one for jobs, one that listens. */
  connectionsPerWorker: 3,
  /** Its own, and one that makes the engine's tables. */
  connectionsOfHarness: 2,
} as const

/** The engine waits e, e^2, e^3 … seconds before retries: with this a poisoned job is dead after 0.3 s instead of 30. */
export const DEFAULT_RETRY_DELAY_SCALE = 0.01
export const DEFAULT_N = 10
/** How long nothing may happen before a scenario is given up: machines may be very busy. */
export const DEFAULT_PATIENCE_MS = 15_000

/** So long, and as long as the longest wait for a retry, in which nothing has to happen: exp(3) s, unless scaled down. */
export const patienceFor = (retryDelayScale: number): number =>
  DEFAULT_PATIENCE_MS + Math.ceil(1_000 * Math.exp(settings.maxAttempts - 1) * retryDelayScale)

/**
 * How long nobody may try a dead job again before S1 believes it: as long as the engine would have a fifth attempt wait, and
 * ten looks of an idle worker, so that one that is late on a busy machine is still seen.
 */
export const quietMsFor = (retryDelayScale: number): number =>
  Math.ceil(1_000 * Math.exp(settings.maxAttempts) * retryDelayScale) + 10 * settings.pollMs

export const workersOf = (id: ScenarioId): number => (id === 'S3' || id === 'S5' ? 1 : settings.workersPerScenario)

/** As many again for those of killed workers, which the server has not noticed yet. */
export const connectionLimit = (id: ScenarioId): number => 2 * workersOf(id) * settings.connectionsPerWorker

/** Those of the harness and of the workers. Postgres itself holds the roles to it. */
export const connectionsAtMost = (ids: readonly ScenarioId[]): number =>
  ids.reduce<number>((sum, id) => sum + connectionLimit(id), settings.connectionsOfHarness)

/** With fewer, some worker could not start. */
export const connectionsNeeded = (ids: readonly ScenarioId[]): number =>
  ids.reduce<number>((sum, id) => sum + workersOf(id) * settings.connectionsPerWorker, settings.connectionsOfHarness)

/** One thing that is set up wrongly, for one scenario's workers: shows that this scenario can fail. For tests. */
export interface FabricFlaws {
  readonly S1?: 'one retry too few' | 'effect before failure' | 'dead letters tried again'
  readonly S2?: 'early acknowledgement' | 'no idempotency key'
  readonly S3?: 'role with BYPASSRLS'
  readonly S4?: 'no time limit' | 'no reaper' | 'limits longer than the bound'
  readonly S5?: RoleFlaw
  readonly S6?: 'no fence'
  /** Of every worker: what no scenario is about, and a gate has to see. */
  readonly fabric?: 'a connection elsewhere'
}

/** Rights that a worker's role must not have. */
export type RoleFlaw =
  | 'role that owns a table'
  | 'role that owns a table, whose row-level security holds for its owner'
  | 'role with BYPASSRLS'
  | 'role with CREATEROLE'
  | 'role that administers an administrative role'
  | 'superuser'

export const isFlawed = <Id extends ScenarioId>(flaws: FabricFlaws, id: Id, flaw: NonNullable<FabricFlaws[Id]>) =>
  flaws[id] === flaw

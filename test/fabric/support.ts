import { join } from 'node:path'
import pg from 'pg'
import { countsOf } from '../../src/fabric/compare.js'
import type { Evidence, Marker } from '../../src/fabric/evidence.js'
import { scenarioIds, titles } from '../../src/fabric/names.js'
import { tenantsOf } from '../../src/fabric/place.js'
import { probeNames } from '../../src/fabric/privileges.js'
import type { Configuration, Fabric, Verdict } from '../../src/fabric/schema.js'
import { sealed } from '../../src/fabric/seal.js'
import {
  connectionsAtMost,
  DEFAULT_PATIENCE_MS,
  DEFAULT_RETRY_DELAY_SCALE,
  quietMsFor,
  settings,
} from '../../src/fabric/settings.js'
import { type VerifyOptions, verify } from '../../src/fabric/verify.js'
import { packageRoot } from '../../src/package.js'
import { processesNamed } from '../../src/stores/processes/processes.js'

const tenants = tenantsOf('c0ffee')
const N = 2

/** What a run of two jobs for each scenario has to show when all is well: written by hand, not by a run. */
export function soundEvidence(): Evidence {
  const verdicts = scenarioIds.map(soundVerdict)
  const markers = scenarioIds.flatMap((id) => soundMarkers[id].map((marker) => ({ scenario: id, ...marker })))
  const failures = { S1: 'poison', S2: 'crash-before-acknowledging', S4: 'runaway', S6: 'zombie' } as const
  const comparison = Object.entries(failures).map(([scenario, failure]) => {
    const counts = countsOf(verdicts.find((verdict) => verdict.scenario === scenario)!)!
    return { scenario: scenario as keyof typeof failures, failure, predicted: counts, observed: counts }
  })
  return sealed({ configuration, verdicts, fabric, comparison, markers, damage: [] })
}

const configuration: Configuration = {
  run_id: 'contention_verify_abc_1_0a0b0c',
  scenarios: [...scenarioIds],
  n: N,
  candidate_commit: 'c0ffee',
  run_url: null,
  tenants,
  engine: { name: 'graphile', version: '0.17' },
  broker: { scheme: 'postgres', sha256: 'a'.repeat(64) },
  result_backend: { scheme: 'postgres', sha256: 'a'.repeat(64) },
  server_version: '18.4',
  acknowledgement: { late: true, on_failure_or_timeout: true, reject_on_worker_lost: true },
  prefetch: 1,
  max_attempts: 4,
  retry_delay_scale: 0.01,
  soft_limit_ms: settings.softLimitMs,
  hard_limit_ms: settings.hardLimitMs,
  lease_ms: settings.leaseMs,
  connections_at_most: connectionsAtMost(scenarioIds),
  model: 'compared',
}

const fabric: Fabric = {
  database: { sha256: 'd'.repeat(64), server_version: '18.4' },
  engine_migration: 19,
  tables: { jobs: true, attempts: true, dead_letters: true, results: true },
  seen_by: 'procfs',
  harness: { connections_seen: true, sessions_known: true },
  workers: { started: 13, looked_at: 13, of_this_database: 13, with_session: 13 },
  connections_elsewhere: [],
  connections_unaccounted: 0,
}

const line = (event: string, details: Marker['details']) => ({ event, details })

/** What happens to each of two jobs, told one after the other. */
const soundMarkers: Readonly<Record<Verdict['scenario'], readonly Omit<Marker, 'scenario'>[]>> = {
  S1: [
    line('dead-lettered', { job: 'S1-poison-00000', attempts: 4 }),
    line('dead-lettered', { job: 'S1-poison-00001', attempts: 4 }),
    line('watched', { for_ms: quietMsFor(DEFAULT_RETRY_DELAY_SCALE), retried: 0 }),
  ],
  S2: ['barrier-seen', 'kill-issued', 'worker-exited', 'worker-restarted', 'redelivered'].flatMap((event) =>
    [0, 1].map((job) => {
      const pid = ['worker-restarted', 'redelivered'].includes(event) ? 20 + job : 10 + job
      const signal = ['kill-issued', 'worker-exited'].includes(event) ? { signal: 'SIGKILL' } : {}
      const attempt = event === 'redelivered' ? { attempt: 2 } : {}
      return line(event, { job: `job-${job}`, pid, ...signal, ...attempt })
    }),
  ),
  S3: [line('probed', { job: 'S3-probe-00000', rows: 0 }), line('probed', { job: 'S3-probe-00001', rows: 1 })],
  S4: [
    line('runaway-started', { job: 'S4-spin-00000', pid: 31 }),
    line('runaway-started', { job: 'S4-heedful-00000', pid: 30 }),
    line('sentinels-enqueued', { sentinels: N }),
    line('soft-limit', { job: 'S4-heedful-00000', pid: 30 }),
    line('hard-limit', { job: 'S4-spin-00000', pid: 31 }),
    line('worker-exited', { job: 'S4-spin-00000', pid: 31, signal: 'SIGKILL' }),
    line('worker-restarted', { job: 'S4-spin-00000', pid: 32 }),
    line('sentinels-completed', { sentinels: N }),
  ],
  S5: probeNames.map((probe) => line('probed', { probe, sqlstate: '42501' })),
  S6: ['S6-zombie-00000', 'S6-zombie-00001'].flatMap((job) =>
    ['stopped', 'lease-lapsed', 'taken-over', 'woken', 'refused'].map((event) =>
      line(event, { job, ...(event !== 'lease-lapsed' && { pid: event === 'taken-over' ? 41 : 40 }) }),
    ),
  ),
}

const killed = (...pids: readonly number[]) => pids.map((pid) => ({ pid, exit_code: null, signal: 'SIGKILL' }))

const held = (taken: number, completed: number, failed: number, lost: number) => ({
  ...{ taken, completed, failed, lost },
  ...{ completed_early: 0, most_held_by_one_worker: 1, most_run_by_one_worker: 1 },
})

const account = { barrier: 1, kill: 1, exit: 1, restart: 1, redelivery: 1, signal: 'SIGKILL', exit_code: null }

const nothing = {
  jobs: N,
  attempts: 0,
  attempts_per_job: {},
  barrier_rows: 0,
  dead_letter_rows: 0,
  dead_letter_attempts: {},
  side_effect_rows: 0,
  duplicates: 0,
  redeliveries: 0,
  refused_writes: 0,
  unfinished: 0,
  longest_wait_ms: 5,
  attempts_after_dead_letter: 0,
  holds: held(0, 0, 0, 0),
  sentinels: null,
  database: { sha256: 'd'.repeat(64) },
  role: { superuser: false, bypass_rls: false, create_role: false },
}

const sound: Readonly<Record<Verdict['scenario'], Pick<Verdict, 'db_truth' | 'worker_observed'>>> = {
  S1: {
    db_truth: {
      ...nothing,
      attempts: 8,
      attempts_per_job: { 4: N },
      dead_letter_rows: N,
      dead_letter_attempts: { 4: N },
      holds: held(8, 0, 8, 0),
    },
    worker_observed: {
      quiet_ms: quietMsFor(DEFAULT_RETRY_DELAY_SCALE),
      watched_ms: quietMsFor(DEFAULT_RETRY_DELAY_SCALE) + 7,
      retried_while_watched: 0,
      worker_exits: killed(1, 2),
    },
  },
  S2: {
    db_truth: {
      ...nothing,
      attempts: 4,
      attempts_per_job: { 2: N },
      barrier_rows: N,
      side_effect_rows: N,
      redeliveries: N,
      holds: held(4, 2, 0, 2),
    },
    worker_observed: {
      barriers_seen: N,
      kills_issued: N,
      exits_seen: N,
      restarts: N,
      redeliveries_seen: N,
      signals: { SIGKILL: N },
      per_job: { 'job-0': { ...account }, 'job-1': { ...account } },
      exit_codes: { null: N },
      worker_exits: killed(10, 11, 20, 21),
    },
  },
  S3: {
    db_truth: { ...nothing, attempts: 2, attempts_per_job: { 1: 2 }, holds: held(2, 2, 0, 0) },
    worker_observed: {
      under_foreign_tenant: { rows: 0, bypass: false },
      under_own_tenant: { rows: 1, bypass: false },
      worker_exits: killed(1),
    },
  },
  S4: {
    db_truth: {
      ...nothing,
      jobs: N + 2,
      attempts: N + 2,
      attempts_per_job: { 1: N + 2 },
      dead_letter_rows: 2,
      dead_letter_attempts: { 1: 2 },
      side_effect_rows: N,
      holds: held(4, 2, 1, 1),
      sentinels: {
        completed: N,
        enqueued_behind_runaway: N,
        completed_beside_runaway: 1,
        wait_bound_ms: settings.waitBoundMs(N),
        waited_longer: 0,
        longest_wait_ms: 312,
        wait_ms: { 'S4-sentinel-00000': 298, 'S4-sentinel-00001': 312 },
      },
    },
    worker_observed: {
      soft_stops: 1,
      hard_stops: 1,
      signals: { SIGKILL: 1 },
      worker_exits: killed(30, 31, 32),
    },
  },
  S5: {
    db_truth: { ...nothing, jobs: 1, attempts: 1, attempts_per_job: { 1: 1 }, holds: held(1, 1, 0, 0) },
    worker_observed: {
      probes: probeNames.map((probe) => ({ probe, sqlstate: '42501', message: 'permission denied' })),
      worker_exits: killed(1),
    },
  },
  S6: {
    db_truth: {
      ...nothing,
      attempts: 4,
      attempts_per_job: { 2: N },
      side_effect_rows: N,
      redeliveries: N,
      refused_writes: N,
      holds: held(4, 2, 0, 2),
    },
    worker_observed: { stopped: N, lapsed: N, taken_over: N, woken: N, refused: N, worker_exits: killed(40, 41) },
  },
}

function soundVerdict(scenario: Verdict['scenario']): Verdict {
  const { candidate_commit, run_url } = configuration
  const about = { scenario, title: titles[scenario], n: N, tenants, candidate_commit, run_url }
  const { db_truth, worker_observed } = sound[scenario]
  const markers: Record<string, number> = {}
  for (const { event } of soundMarkers[scenario]) markers[event] = (markers[event] ?? 0) + 1
  return { ...about, db_truth, worker_observed: { ...worker_observed, markers }, passed: true, reasons: [] }
}

/** The worker as it is shipped; the tests of this project are run after a build. */
export const program = join(packageRoot(), 'dist', 'fabric-worker.js')

/** A run of everything, unless told otherwise. */
export function runOf(options: Partial<VerifyOptions>): Promise<Evidence> {
  return verify({
    databaseUrl: undefined,
    allowRemote: false,
    engine: 'graphile',
    scenarios: scenarioIds,
    n: N,
    retryDelayScale: DEFAULT_RETRY_DELAY_SCALE,
    commit: 'c0ffee',
    runUrl: null,
    program,
    patienceMs: DEFAULT_PATIENCE_MS,
    signal: new AbortController().signal,
    ...options,
  })
}

export const failedScenarios = ({ verdicts }: Evidence): readonly string[] =>
  verdicts.filter(({ passed }) => !passed).map(({ scenario }) => scenario)

/** What runs have made in a database, and not removed: schemas, roles. */
export async function leftIn(url: string): Promise<readonly string[]> {
  return query(
    url,
    `SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE 'contention%'
     UNION ALL SELECT rolname FROM pg_roles WHERE rolname LIKE 'contention%'`,
  )
}

/** The column `name` of what a query gives. */
export async function query(url: string, sql: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = (await client.query<{ name: string }>(sql)) as { rows?: { name: string }[] }
    return (rows ?? []).map(({ name }) => name)
  } finally {
    await client.end()
  }
}

/** The workers of a run that are running: by its process. */
export const workersOfProcess = (pid: number): readonly number[] =>
  processesNamed(program)
    .filter(({ command }) => command.includes(`_${pid}_`))
    .map((worker) => worker.pid)

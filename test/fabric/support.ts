import { join } from 'node:path'
import pg from 'pg'
import { countsOf } from '../../src/fabric/compare.js'
import type { Evidence } from '../../src/fabric/evidence.js'
import { scenarioIds, titles } from '../../src/fabric/names.js'
import { tenantsOf } from '../../src/fabric/place.js'
import { probeNames } from '../../src/fabric/privileges.js'
import type { Configuration, Verdict } from '../../src/fabric/schema.js'
import { DEFAULT_PATIENCE_MS, DEFAULT_RETRY_DELAY_SCALE, settings } from '../../src/fabric/settings.js'
import { type VerifyOptions, verify } from '../../src/fabric/verify.js'
import { packageRoot } from '../../src/package.js'
import { processesNamed } from '../../src/stores/postgres/index.js'

const tenants = tenantsOf('c0ffee')
const N = 2

/** What a run of two jobs for each scenario has to show when all is well: written by hand, not by a run. */
export function soundEvidence(): Evidence {
  const verdicts = scenarioIds.map(soundVerdict)
  const markers = ['barrier-seen', 'kill-issued', 'worker-exited', 'worker-restarted', 'redelivered'].flatMap((event) =>
    [0, 1].map((job) => {
      const pid = ['worker-restarted', 'redelivered'].includes(event) ? 20 + job : 10 + job
      const signal = ['kill-issued', 'worker-exited'].includes(event) ? { signal: 'SIGKILL' } : {}
      return { scenario: 'S2' as const, event, details: { job: `job-${job}`, pid, ...signal } }
    }),
  )
  const failures = { S1: 'poison', S2: 'crash-before-acknowledging', S4: 'runaway', S6: 'zombie' } as const
  const comparison = Object.entries(failures).map(([scenario, failure]) => {
    const counts = countsOf(verdicts.find((verdict) => verdict.scenario === scenario)!)!
    return { scenario: scenario as keyof typeof failures, failure, predicted: counts, observed: counts }
  })
  return { configuration, verdicts, comparison, markers, damage: [] }
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
  soft_limit_ms: 300,
  hard_limit_ms: 900,
  lease_ms: 100,
  connections_at_most: 62,
  model: 'compared',
}

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
    },
    worker_observed: { attempts_after_dead: 0, markers: {} },
  },
  S2: {
    db_truth: {
      ...nothing,
      attempts: 4,
      attempts_per_job: { 2: N },
      barrier_rows: N,
      side_effect_rows: N,
      redeliveries: N,
    },
    worker_observed: {
      barriers_seen: N,
      kills_issued: N,
      exits_seen: N,
      restarts: N,
      redeliveries_seen: N,
      signals: { SIGKILL: N },
      per_job: { 'job-0': { ...account }, 'job-1': { ...account } },
      markers: { 'barrier-seen': N, 'kill-issued': N, 'worker-exited': N, 'worker-restarted': N, redelivered: N },
    },
  },
  S3: {
    db_truth: { ...nothing, attempts: 2, attempts_per_job: { 1: 2 } },
    worker_observed: {
      under_foreign_tenant: { rows: 0, bypass: false },
      under_own_tenant: { rows: 1, bypass: false },
      markers: {},
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
    },
    worker_observed: {
      soft_stops: 1,
      hard_stops: 1,
      signals: { SIGKILL: 1 },
      wait_bound_ms: settings.waitBoundMs(N),
      markers: {},
    },
  },
  S5: {
    db_truth: { ...nothing, jobs: 1, attempts: 1, attempts_per_job: { 1: 1 } },
    worker_observed: {
      probes: probeNames.map((probe) => ({ probe, sqlstate: '42501', message: 'permission denied' })),
      markers: {},
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
    },
    worker_observed: { stopped: N, lapsed: N, taken_over: N, woken: N, refused: N, markers: {} },
  },
}

function soundVerdict(scenario: Verdict['scenario']): Verdict {
  const { candidate_commit, run_url } = configuration
  const about = { scenario, title: titles[scenario], n: N, tenants, candidate_commit, run_url }
  return { ...about, ...sound[scenario], passed: true, reasons: [] }
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

import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, endsConnection } from '../stores/postgres/index.js'
import { compare, type Predict } from './compare.js'
import type { Shared } from './context.js'
import { clearRuns, type Database, dropRun, type Left, leftOf, openDatabase, prepareFabric } from './database.js'
import type { Engine } from './engine.js'
import { loadEngine, refuseMissingFor } from './engines/index.js'
import { block, type Configuration, type Evidence, type Marker, markerLine, type Verdict } from './evidence.js'
import { Interrupted } from './failure.js'
import { type EngineName, namesOf, runIdOf, type ScenarioId } from './names.js'
import { dsnEvidence, tenantsOf } from './place.js'
import { runScenarios } from './run.js'
import { sealed } from './seal.js'
import { connectionsAtMost, type FabricFlaws, isFlawed, settings } from './settings.js'
import { Witness } from './witness.js'
import { clearLostWorkers } from './workers.js'

export interface VerifyOptions {
  /** Without one, a server of our own is started. */
  readonly databaseUrl: string | undefined
  readonly allowRemote: boolean
  readonly engine: EngineName
  readonly scenarios: readonly ScenarioId[]
  readonly n: number
  readonly retryDelayScale: number
  readonly commit: string
  readonly runUrl: string | null
  /** The built file that runs a worker. */
  readonly program: string
  /** How long nothing may happen before a scenario is given up. */
  readonly patienceMs: number
  readonly signal: AbortSignal
  /** What a model says that will be counted. Without one nothing is compared, and nothing is said to agree. */
  readonly predict?: Predict
  readonly flaws?: FabricFlaws
  /** Evidence as it comes about, line by line. */
  readonly onEvidence?: (text: string) => void
  readonly onVerdict?: (verdict: Verdict, tookMs: number) => void
  /** What a person may want to know. */
  readonly onNote?: (note: string) => void
  /** What could not be removed at the end, and why. */
  readonly onLeft?: (what: string) => void
}

/** Starts workers, breaks them, and returns what the database and the harness have seen. Leaves nothing behind. */
export async function verify(options: VerifyOptions): Promise<Evidence> {
  const runId = runIdOf(Date.now(), process.pid, randomBytes(3).toString('hex'))
  refuseMissingFor(options.engine, { startsServer: options.databaseUrl === undefined })
  const engine = await loadEngine(options.engine)
  clearLostWorkers(options.program)
  const database = await openDatabase(options, runId)
  try {
    const cleared = await clearRuns(database.connection, Date.now())
    for (const id of cleared) options.onNote?.(`cleared what ${id} had left`)
    return await verifyOn(database, engine, runId, options)
  } finally {
    await leaveNothing(database, runId, options)
    await database.close()
  }
}

async function verifyOn(database: Database, engine: Engine, runId: string, options: VerifyOptions): Promise<Evidence> {
  const { n, scenarios: ids, flaws = {}, program, patienceMs, signal } = options
  const markers: Marker[] = []
  const emit = (text: string) => options.onEvidence?.(text)
  const configuration = configurationOf(database, engine, runId, options)
  emit(block('configuration', configuration))
  const names = namesOf(runId)
  const urls = await prepareFabric(database, engine, names, runId, ids, flaws)
  const witness = await Witness.of(runId, database)
  if (signal.aborted) throw new Interrupted()
  const shared: Shared = {
    ...{ runId, names, database, engine, scenarios: ids, n, flaws, program, patienceMs, signal, witness },
    retryDelayScale: options.retryDelayScale,
    tenants: configuration.tenants,
    mark: (marker) => {
      markers.push(marker)
      emit(markerLine(marker))
    },
  }
  const { candidate_commit, run_url } = configuration
  const verdicts: Verdict[] = []
  await runScenarios(ids, urls, shared, {
    onEnd: (run) => {
      const verdict = { ...run.verdict, candidate_commit, run_url }
      verdicts.push(verdict)
      emit(block(verdict.scenario, verdict))
      options.onVerdict?.(verdict, run.tookMs)
    },
  })
  verdicts.sort((a, b) => (a.scenario < b.scenario ? -1 : 1))
  const fabric = await witness.tell(engine, names).catch((error: Error) => {
    options.onNote?.(`what the fabric is connected to cannot be read: ${error.message}`)
    return undefined
  })
  if (fabric !== undefined) emit(block('fabric', fabric))
  const comparison = options.predict === undefined ? undefined : await compare(verdicts, options.predict)
  if (comparison !== undefined) emit(block('comparison', comparison))
  const evidence = sealed({ configuration, verdicts, fabric, comparison, markers, damage: [] })
  emit(block('seal', evidence.seal))
  return evidence
}

function configurationOf(
  { place, serverVersion }: Database,
  { name, version }: Engine,
  runId: string,
  { n, scenarios: ids, retryDelayScale, commit, runUrl, predict, flaws = {} }: VerifyOptions,
): Configuration {
  // Jobs and what becomes of them are in one database.
  const dsn = dsnEvidence(place.given)
  return {
    run_id: runId,
    scenarios: [...ids],
    n,
    candidate_commit: commit,
    run_url: runUrl,
    tenants: tenantsOf(commit),
    engine: { name, version },
    broker: dsn,
    result_backend: dsn,
    server_version: serverVersion,
    acknowledgement: {
      late: !isFlawed(flaws, 'S2', 'early acknowledgement'),
      on_failure_or_timeout: true,
      reject_on_worker_lost: true,
    },
    prefetch: settings.prefetch,
    max_attempts: settings.maxAttempts,
    retry_delay_scale: retryDelayScale,
    soft_limit_ms: settings.softLimitMs,
    hard_limit_ms: settings.hardLimitMs,
    lease_ms: settings.leaseMs,
    connections_at_most: connectionsAtMost(ids),
    model: predict === undefined ? 'not compared' : 'compared',
  }
}

/** On a server of our own everything goes with it. */
async function leaveNothing({ server, connection }: Database, runId: string, { onLeft }: VerifyOptions): Promise<void> {
  if (server !== undefined) return
  await removeRun(connection, runId).catch(async (error: Error) => {
    const left = await leftOf(connection, runId).catch(() => undefined)
    onLeft?.(leftText(runId, error, left))
  })
}

/** A server that has crashed is back in a moment, on a slow disk or a busy machine in several. */
const CLEAN_WITHIN_MS = 30_000
const CLEAN_EVERY_MS = 250

async function removeRun(connection: Connection, runId: string): Promise<void> {
  for (const untilMs = Date.now() + CLEAN_WITHIN_MS; ; await sleep(CLEAN_EVERY_MS)) {
    try {
      return await dropRun(connection, runId)
    } catch (error) {
      const { cause } = error as Error
      if (cause === undefined || !endsConnection(cause) || Date.now() > untilMs) throw error
    }
  }
}

/** What is left, and what clears it: by hand, or by itself when the reason has gone. */
function leftText(runId: string, { message }: Error, left: Left | undefined): string {
  const named = left === undefined ? `what is named ${runId}_…, as far as it was made` : namesLeft(left)
  return [
    `could not remove what ${runId} has made: ${message}`,
    `  left:     ${named}`,
    ...(left === undefined ? [] : [`  to do:    psql "$DATABASE_URL" ${clearing(left)}`]),
    `${left === undefined ? '  to do:    ' : '            or '}npx contention verify on that database again: it clears what is older than ten seconds`,
  ].join('\n')
}

const namesLeft = ({ schemas, roles }: Left): string =>
  [schemas.map((name) => `schema ${name}`), roles.map((name) => `role ${name}`)].flat().join(', ') || 'nothing any more'

function clearing({ schemas, roles }: Left): string {
  const statements = [
    ...schemas.map((name) => `DROP SCHEMA ${name} CASCADE`),
    ...roles.flatMap((name) => [`DROP OWNED BY ${name}`, `DROP ROLE ${name}`]),
  ]
  return statements.map((statement) => `-c '${statement}'`).join(' ')
}

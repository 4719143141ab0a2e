import { EventEmitter } from 'node:events'
import type * as Graphile from 'graphile-worker'
import { importDriver } from '../../stores/driver.js'
import { connect } from '../../stores/postgres/index.js'
import type { Engine, TakenJob, WorkOptions } from '../engine.js'
import type { Payload } from '../messages.js'
import { settings } from '../settings.js'
import { installedVersion } from './installed.js'

/**
 * Graphile Worker 0.17. Its retries wait exp(attempts) seconds, whatever one asks for; attempts are counted when a job is
 * taken, and a job whose worker is lost stays locked for four hours: so the fabric hastens, unlocks and reaps.
 */
export async function graphile(): Promise<Engine> {
  const { module } = await importDriver('the fabric', ['graphile-worker'])
  const library = (module['default'] ?? module) as typeof Graphile
  return {
    name: 'graphile',
    version: installedVersion('graphile-worker', /^0\.17\./, '0.17'),
    install: (url, schema, appSchema) => installQuietly(library, url, schema, appSchema),
    migration: (schema) => `SELECT max(id)::int AS migration FROM ${schema}.migrations`,
    // Completed jobs are removed while they are locked, dead ones by the fabric when they no longer are.
    jobs: (schema) => ({
      table: `${schema}._private_jobs`,
      payload: 'payload',
      held: (row) => `${row}.locked_at IS NOT NULL`,
      completed: "TG_OP = 'DELETE'",
    }),
    // Its tables have row-level security on and no policy: without one a worker finds no job, and no error either. A worker
    // that may not read the known crontabs tries for ever, though it has none, and makes a connection anew for every try.
    grants: (schema, role) => `
      GRANT USAGE ON SCHEMA ${schema} TO ${role};
      GRANT SELECT ON ${schema}.migrations TO ${role};
      GRANT SELECT ON ${schema}._private_known_crontabs TO ${role};
      GRANT SELECT, UPDATE, DELETE ON ${schema}._private_jobs TO ${role};
      GRANT SELECT, UPDATE ON ${schema}._private_job_queues TO ${role};
      GRANT SELECT, INSERT ON ${schema}._private_tasks TO ${role};
      CREATE POLICY ${role} ON ${schema}._private_jobs TO ${role} USING (true) WITH CHECK (true);
      CREATE POLICY ${role} ON ${schema}._private_job_queues TO ${role} USING (true) WITH CHECK (true);
      CREATE POLICY ${role} ON ${schema}._private_tasks TO ${role} USING (true) WITH CHECK (true);`,
    enqueue: (schema, payloads, { scenario, maxAttempts }) => ({
      text: `SELECT count(*) FROM ${schema}.add_jobs(array(
          SELECT ROW($1, payload, NULL, NULL, $2::int, NULL, NULL, NULL)::${schema}.job_spec
          FROM json_array_elements($3::json) WITH ORDINALITY AS given(payload, place) ORDER BY place))`,
      values: [scenario, maxAttempts, JSON.stringify(payloads)],
    }),
    hasten: (schema, scale) => `
      UPDATE ${schema}._private_jobs SET run_at = now() + exp(least(attempts, 10)) * ${scale} * interval '1 second'
      WHERE locked_at IS NULL AND attempts > 0 AND attempts < max_attempts
        AND run_at > now() + exp(least(attempts, 10)) * ${scale} * interval '1 second'`,
    unlock: (schema, _appSchema, worker) => ({
      text: `SELECT ${schema}.force_unlock_workers(ARRAY[$1]),
        pg_notify('jobs:insert', '{"r":' || random()::text || ',"count":1}')`,
      values: [worker],
    }),
    reap: (schema, appSchema, scenarios) => `
      WITH dead AS (
        DELETE FROM ${schema}._private_jobs AS jobs USING ${schema}._private_tasks AS tasks
        WHERE tasks.id = jobs.task_id AND attempts >= max_attempts AND locked_at IS NULL
          AND identifier IN (${scenarios.map((id) => `'${id}'`).join(', ')})
        RETURNING identifier, payload ->> 'job' AS job, attempts, last_error)
      INSERT INTO ${appSchema}.dead_letter (scenario, job, attempts, reason)
      SELECT identifier, job, attempts, coalesce(last_error, 'its worker was lost') FROM dead`,
    backlog: (schema, scenario) => `
      SELECT count(*)::int AS unfinished FROM ${schema}._private_jobs AS jobs
      JOIN ${schema}._private_tasks AS tasks ON tasks.id = jobs.task_id
      WHERE identifier = '${scenario}'`,
    work: (options) => work(library, options),
  }
}

/**
 * Makes its tables without a word to others. A migration notifies every worker of the database, whatever its schema, and most
 * of them are breaking: those of somebody else would shut down. So where it is made, `pg_notify` is another function.
 */
async function installQuietly(library: typeof Graphile, url: string, schema: string, appSchema: string): Promise<void> {
  const at = { schema: '', config: { connectionString: url }, shown: '' }
  const connection = await connect(at, false, async () => undefined)
  const silence = `CREATE FUNCTION ${appSchema}.pg_notify(text, text) RETURNS void LANGUAGE sql AS ''`
  await connection.run(silence).finally(() => connection.close())
  const quietUrl = new URL(url)
  const options = quietUrl.searchParams.get('options') ?? ''
  quietUrl.searchParams.set('options', `${options} -c search_path=${appSchema},pg_catalog`.trim())
  await library.runMigrations({ connectionString: quietUrl.href, schema, maxPoolSize: 1, logger: silent(library) })
}

async function work(library: typeof Graphile, options: WorkOptions) {
  const { url, schema, scenario, pollMs, handle } = options
  const events = new EventEmitter() as Graphile.WorkerEvents
  let worker = ''
  events.on('pool:create', ({ workerPool }) => {
    worker = workerPool.id
  })
  const connected = allConnected(events)
  // Nobody waits for it yet, and an error that nobody waits for would end the process.
  connected.catch(() => undefined)
  const runner = await library.run({
    connectionString: url,
    schema,
    events,
    concurrency: settings.prefetch,
    maxPoolSize: settings.connectionsPerWorker - 1,
    pollInterval: pollMs,
    // Who ends this process is its parent.
    noHandleSignals: true,
    logger: silent(library),
    parsedCronItems: [],
    taskList: {
      [scenario]: (payload: unknown, { job }: Graphile.JobHelpers) => handle(taken(payload as Payload, job)),
    },
  })
  await Promise.race([connected, runner.promise])
  return { worker, ended: runner.promise }
}

/**
 * When both connections of the pool are made: one listens, by the other it has looked for a job. One that is only being made
 * when a job begins to spin, or when the worker is killed, is none that the server knows.
 */
async function allConnected(events: Graphile.WorkerEvents): Promise<void> {
  const listens = new Promise<void>((resolve, reject) => {
    events.once('pool:listen:success', () => resolve())
    events.once('pool:listen:error', ({ error }) => reject(error))
  })
  const looks = new Promise<void>((resolve, reject) => {
    events.once('worker:getJob:empty', () => resolve())
    events.once('job:start', () => resolve())
    events.once('worker:getJob:error', ({ error }) => reject(error))
  })
  await Promise.all([listens, looks])
}

const taken = (payload: Payload, { attempts, id }: Graphile.Job): TakenJob => ({
  payload,
  attempt: attempts,
  engineJob: String(id),
})

const silent = ({ Logger }: typeof Graphile): Graphile.Logger => new Logger(() => () => undefined)

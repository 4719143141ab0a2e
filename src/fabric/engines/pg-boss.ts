import { setTimeout as sleep } from 'node:timers/promises'
import type PgBoss from 'pg-boss'
import { importDriver } from '../../stores/driver.js'
import type { Engine, WorkOptions } from '../engine.js'
import type { Payload } from '../messages.js'
import { scenarioIds } from '../names.js'
import { settings } from '../settings.js'
import { installedVersion } from './installed.js'

/** What its supervisor does, the fabric does, for its own jobs alone. */
const OPTIONS = { supervise: false, schedule: false }

/**
 * pg-boss 10. It does not know which worker has a job, and gives a lost one back when it expires: the fabric knows from
 * the attempts that workers write down. A queue for each scenario.
 */
export async function pgBoss(): Promise<Engine> {
  const { module } = await importDriver('the fabric', ['pg-boss'])
  const Boss = module['default'] as typeof PgBoss
  return {
    name: 'pg-boss',
    version: installedVersion('pg-boss', /^10\./, '10'),
    async install(url, schema) {
      const boss = new Boss({ connectionString: url, schema, max: 1, ...OPTIONS })
      // Without a listener an error would end the process; what is wrong shows in what is asked next.
      boss.on('error', () => undefined)
      await boss.start()
      for (const name of scenarioIds) await boss.createQueue(name)
      await boss.stop({ graceful: false, wait: true })
    },
    migration: (schema) => `SELECT max(version)::int AS migration FROM ${schema}.version`,
    // A job that has failed is removed and inserted anew, whether it is tried again or not.
    jobs: (schema) => ({
      table: `${schema}.job`,
      payload: 'data',
      held: (row) => `${row}.state = 'active'`,
      completed: "(TG_OP = 'UPDATE' AND NEW.state = 'completed')",
    }),
    grants: (schema, role) => `
      GRANT USAGE ON SCHEMA ${schema} TO ${role};
      GRANT SELECT ON ${schema}.version, ${schema}.queue TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ${schema}.job TO ${role};`,
    enqueue: (schema, payloads, { scenario, maxAttempts }) => ({
      text: `INSERT INTO ${schema}.job (name, data, retry_limit, retry_delay, retry_backoff, created_on)
        SELECT $1, payload, $2::int - 1, 1, true, clock_timestamp() + place * interval '1 microsecond'
        FROM jsonb_array_elements($3::jsonb) WITH ORDINALITY AS given(payload, place)`,
      values: [scenario, maxAttempts, JSON.stringify(payloads)],
    }),
    hasten: (schema, scale) => `
      UPDATE ${schema}.job SET start_after = now() + 2 ^ retry_count * ${scale} * interval '1 second'
      WHERE state = 'retry' AND start_after > now() + 2 ^ retry_count * ${scale} * interval '1 second'`,
    unlock: (schema, appSchema, worker) => ({
      text: `UPDATE ${schema}.job AS job
        SET state = CASE WHEN retry_count < retry_limit THEN 'retry' ELSE 'failed' END::${schema}.job_state,
          start_after = now() - interval '1 millisecond', output = '{"message": "its worker was lost"}'
        FROM ${appSchema}.attempt AS attempt
        WHERE job.state = 'active' AND attempt.worker = $1 AND attempt.engine_job = job.id::text
          AND attempt.attempt = job.retry_count + 1`,
      values: [worker],
    }),
    reap: (schema, appSchema, scenarios) => `
      WITH dead AS (
        DELETE FROM ${schema}.job WHERE state = 'failed'
          AND name IN (${scenarios.map((id) => `'${id}'`).join(', ')})
        RETURNING name, data ->> 'job' AS job, retry_count + 1 AS attempts, output ->> 'message' AS reason)
      INSERT INTO ${appSchema}.dead_letter (scenario, job, attempts, reason)
      SELECT name, job, attempts, coalesce(reason, 'no reason given') FROM dead`,
    backlog: (schema, scenario) => `
      SELECT count(*)::int AS unfinished FROM ${schema}.job
      WHERE name = '${scenario}' AND state NOT IN ('completed', 'cancelled')`,
    work: (options) => work(Boss, options),
  }
}

async function work(Boss: typeof PgBoss, options: WorkOptions) {
  const { url, schema, scenario } = options
  const boss = new Boss({
    connectionString: url,
    schema,
    max: settings.connectionsPerWorker - 1,
    migrate: false,
    ...OPTIONS,
  })
  boss.on('error', () => undefined)
  await boss.start()
  return { worker: `${scenario}-${process.pid}`, ended: takeAll(boss, options) }
}

/** Its own loop asks twice a second at most; this one asks with the same calls, as often as the fabric wants. */
async function takeAll(boss: PgBoss, { scenario, pollMs, handle }: WorkOptions): Promise<void> {
  for (;;) {
    const [job] = await boss.fetch<Payload>(scenario, { includeMetadata: true, batchSize: settings.prefetch })
    if (job === undefined) {
      await sleep(pollMs)
      continue
    }
    const failure = await handle({ payload: job.data, attempt: job.retryCount + 1, engineJob: job.id }).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    if (failure === undefined) await boss.complete(scenario, job.id)
    else await boss.fail(scenario, job.id, { message: failure })
  }
}

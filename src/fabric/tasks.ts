import type { Connection, QueryConfig, QueryResult } from '../stores/postgres/index.js'
import type { TakenJob } from './engine.js'
import type { TaskName, WorkerHost, WorkerSpec } from './messages.js'
import { privilegeProbe } from './privileges.js'
import { isFlawed } from './settings.js'

export interface TaskContext {
  readonly spec: WorkerSpec
  readonly connection: Connection
  readonly worker: string
  readonly host: WorkerHost
  /** Aborted at the soft time limit. */
  readonly signal: AbortSignal
}

type Task = (job: TakenJob, context: TaskContext) => Promise<void>

const NEVER = new Promise<never>(() => undefined)

/** Writes, and then always fails: what it wrote goes with its transaction. */
const poison: Task = async (job, context) => {
  const keep = isFlawed(context.spec.flaws, 'S1', 'effect before failure')
  await inTenant(context, job.payload.tenant, async (run) => {
    await run(effect(job, context))
    if (!keep) throw new Error('poison')
  })
  throw new Error('poison')
}

/** Commits its effect, and on its first attempt blocks before it would be acknowledged. */
const crash: Task = async (job, context) => {
  const { spec, worker, host } = context
  const { tenant, job: name } = job.payload
  await inTenant(context, tenant, async (run) => {
    await run(effect(job, context))
    if (job.attempt > 1) return
    await run({
      text: `INSERT INTO ${spec.appSchema}.barrier (scenario, job, attempt, worker) VALUES ($1, $2, $3, $4)`,
      values: [spec.scenario, name, job.attempt, worker],
    })
  })
  if (job.attempt > 1) return
  await host.tell({ kind: 'barrier', job: name, attempt: job.attempt })
  await NEVER
}

/** Asks for one row by its id, which belongs to this job's tenant or to another. */
const rlsProbe: Task = async (job, context) => {
  const { spec, host } = context
  const { tenant, asks, job: name } = job.payload
  const [rows, bypass] = await inTenant(context, tenant, async (run) => {
    const found = await run({ text: `SELECT FROM ${spec.appSchema}.item WHERE id = $1`, values: [asks] })
    const role = await run({ text: 'SELECT FROM pg_roles WHERE rolname = current_user AND (rolbypassrls OR rolsuper)' })
    return [found.rowCount ?? 0, role.rowCount !== 0] as const
  })
  await host.tell({ kind: 'rows', job: name, rows, bypass })
}

/** Never ends by itself, but awaits something that can be aborted. */
const heedful: Task = (_job, { signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

/** Never ends, and never lets anything else of its process run. But no process may be left when the harness is killed. */
const spin: Task = async (_job, { host }) => {
  while (!host.orphaned()) {}
  process.exit(1)
}

const sentinel: Task = (job, context) =>
  inTenant(context, job.payload.tenant, async (run) => {
    await run(effect(job, context))
  })

const privileges: Task = async (job, { spec, connection, host }) => {
  const results = await privilegeProbe(connection, spec)
  await host.tell({ kind: 'probed', job: job.payload.job, results })
}

/**
 * Takes the lease of its job, and on the first attempt waits, as if for something slow. Meanwhile it is stopped for longer
 * than the lease lasts. What it writes then carries its fence: the epoch of its lease.
 */
const zombie: Task = async (job, context) => {
  const { host } = context
  const { job: name, tenant } = job.payload
  const epoch = await takeLease(name, context)
  await host.tell({ kind: 'holding', job: name, epoch })
  if (job.attempt === 1) await host.proceed(name)
  const written = await inTenant(context, tenant, async (run) => {
    const { rowCount } = await run(fencedEffect(job, context, epoch))
    if (rowCount === 0) await run(refusal(name, context, epoch))
    return rowCount !== 0
  })
  await host.tell({ kind: written ? 'written' : 'refused', job: name, epoch })
  // Not completed by who does not own it: an engine may take the word of anybody.
  if (!written) throw new Error(`stale owner: epoch ${epoch} of ${name} is not the current one`)
}

const tasks: Readonly<Record<TaskName, Task>> = {
  poison,
  crash,
  'rls-probe': rlsProbe,
  heedful,
  spin,
  sentinel,
  'privilege-probe': privileges,
  zombie,
}

export const runTask = (job: TakenJob, context: TaskContext): Promise<void> => tasks[job.payload.task](job, context)

type Run = (query: QueryConfig) => Promise<QueryResult>

/** A transaction under a tenant. It takes no other statements in between: a worker has one job at a time. */
async function inTenant<Result>(
  { connection }: TaskContext,
  tenant: string,
  body: (run: Run) => Promise<Result>,
): Promise<Result> {
  await connection.run('BEGIN')
  try {
    await connection.run({ text: "SELECT set_config('contention.tenant', $1, true)", values: [tenant] })
    const result = await body((query) => connection.run(query))
    await connection.run('COMMIT')
    return result
  } catch (error) {
    await connection.run('ROLLBACK').catch(() => undefined)
    throw error
  }
}

/** The effect of a job, once: its idempotency key is unique. */
function effect({ payload: { job, tenant } }: TakenJob, { spec, worker }: TaskContext): QueryConfig {
  const key = isFlawed(spec.flaws, 'S2', 'no idempotency key') ? null : job
  return {
    text: `INSERT INTO ${spec.appSchema}.effect (scenario, job, tenant, idempotency_key, worker)
      VALUES ($1, $2, $3, $4, $5) ON CONFLICT (idempotency_key) DO NOTHING`,
    values: [spec.scenario, job, tenant, key, worker],
  }
}

/** An effect that only the fence keeps from being there twice. The lock holds off a takeover until it is committed. */
function fencedEffect({ payload }: TakenJob, { spec, worker }: TaskContext, epoch: number): QueryConfig {
  const fence = isFlawed(spec.flaws, 'S6', 'no fence')
    ? 'SELECT $5::int'
    : `SELECT FROM ${spec.appSchema}.fence WHERE job = $2::text AND epoch = $5::int FOR UPDATE`
  return {
    text: `WITH current AS (${fence})
      INSERT INTO ${spec.appSchema}.effect (scenario, job, tenant, worker)
      SELECT $1::text, $2::text, $3::uuid, $4::text FROM current`,
    values: [spec.scenario, payload.job, payload.tenant, worker, epoch],
  }
}

function refusal(job: string, { spec, worker }: TaskContext, epoch: number): QueryConfig {
  return {
    text: `INSERT INTO ${spec.appSchema}.refused_write (scenario, job, epoch, worker) VALUES ($1, $2, $3, $4)`,
    values: [spec.scenario, job, epoch, worker],
  }
}

/** The next epoch, unless another's lease is live. By the clock of the database alone. */
async function takeLease(job: string, { spec, connection, worker }: TaskContext): Promise<number> {
  const { rows } = await connection.run<{ epoch: number }>({
    text: `INSERT INTO ${spec.appSchema}.fence AS fence (scenario, job, epoch, owner, expires_at)
      VALUES ($1, $2, 1, $3, clock_timestamp() + $4::int * interval '1 millisecond')
      ON CONFLICT (job) DO UPDATE SET epoch = fence.epoch + 1, owner = excluded.owner, expires_at = excluded.expires_at
        WHERE fence.expires_at <= clock_timestamp()
      RETURNING epoch`,
    values: [spec.scenario, job, worker, spec.leaseMs],
  })
  const [row] = rows
  if (row === undefined) throw new Error(`lease held: another owns ${job}`)
  return row.epoch
}

import { type AddressInfo, createConnection, createServer } from 'node:net'
import { type Connection, connect } from '../stores/postgres/index.js'
import type { TakenJob } from './engine.js'
import { loadEngine } from './engines/index.js'
import { identitySql } from './identity.js'
import type { WorkerHost, WorkerSpec } from './messages.js'
import { sessionOf } from './names.js'
import { isFlawed } from './settings.js'
import { runTask, type TaskContext } from './tasks.js'

/** A worker process: takes the jobs of its scenario, one at a time, until it is killed. */
export async function runWorker(given: WorkerSpec, host: WorkerHost): Promise<void> {
  const spec = { ...given, url: urlOfSession(given) }
  const connection = await connectTo(spec)
  const { rows } = await connection.run<{ sha256: string }>(`SELECT ${identitySql} AS sha256`)
  if (spec.flaws.fabric === 'a connection elsewhere') await connectElsewhere()
  const engine = await loadEngine(spec.engine)
  let worker = ''
  let ready: () => void
  const known = new Promise<void>((resolve) => {
    ready = resolve
  })
  const running = await engine.work({
    url: spec.url,
    schema: spec.engineSchema,
    scenario: spec.scenario,
    pollMs: spec.pollMs,
    handle: async (job) => {
      await known
      const work = handle(job, { spec, connection, worker, host })
      if (!isFlawed(spec.flaws, 'S2', 'early acknowledgement')) return work
      work.catch(() => undefined)
    },
  })
  worker = running.worker
  await host.tell({ kind: 'ready', worker, database: rows[0]?.sha256 ?? '' })
  // What follows is said after it.
  ready!()
  await running.ended
  // It may end without an error, as when somebody brings tables of the same engine in this database to another version.
  throw new Error('the engine has stopped looking for jobs')
}

/** Told before and after: the parent has to know whom a hard limit concerns. */
async function handle(job: TakenJob, context: Omit<TaskContext, 'signal'>): Promise<void> {
  const { spec, connection, worker, host } = context
  const about = { job: job.payload.job, attempt: job.attempt }
  await connection.run({
    text: `INSERT INTO ${spec.appSchema}.attempt (scenario, job, attempt, worker, engine_job) VALUES ($1, $2, $3, $4, $5)`,
    values: [spec.scenario, about.job, about.attempt, worker, job.engineJob],
  })
  await host.tell({ kind: 'started', ...about })
  const limit = new AbortController()
  const onLimit = () => {
    void host.tell({ kind: 'timed-out', ...about })
    limit.abort(new Error(`soft time limit of ${spec.softLimitMs} ms`))
  }
  const timer = spec.softLimitMs === undefined ? undefined : setTimeout(onLimit, spec.softLimitMs)
  try {
    await runTask(job, { ...context, signal: limit.signal })
  } finally {
    clearTimeout(timer)
    await connection.run({
      text: `INSERT INTO ${spec.appSchema}.attempt_end (scenario, job, attempt, worker) VALUES ($1, $2, $3, $4)`,
      values: [spec.scenario, about.job, about.attempt, worker],
    })
    await host.tell({ kind: 'ended', ...about })
  }
}

/** The server knows by it which process a session is of: the engine's sessions as well. */
function urlOfSession({ url, runId }: WorkerSpec): string {
  const named = new URL(url)
  named.searchParams.set('application_name', sessionOf(runId, process.pid))
  return named.href
}

/** What no worker of this fabric does: it has a connection that goes not to the database. */
function connectElsewhere(): Promise<void> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      createConnection(port, '127.0.0.1', resolve)
    })
  })
}

function connectTo({ url, shown }: WorkerSpec): Promise<Connection> {
  const place = { schema: '', config: { connectionString: url }, shown }
  return connect(place, false, async () => undefined)
}

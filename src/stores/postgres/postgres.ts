import type { OpenOptions, OpenStore, Store } from '../store.js'
import { type Connection, connect } from './connection.js'
import { inSql, type PostgresPlace, placeOf } from './place.js'
import { startPostgres } from './server.js'
import { listing, removal, statementsFor } from './statements.js'
import { prepareTables } from './tables.js'

/**
 * A store in a schema of a Postgres database: that of `url`, or of the environment, or of a server of our own that goes
 * with the store. Several processes may use one schema. What is answered is as durable as the server's own commits.
 */
export async function openPostgres(
  url: string | undefined,
  { env = {}, durable = true }: OpenOptions,
): Promise<OpenStore> {
  const place = placeOf(url, env)
  if (place.config !== undefined) {
    const spec = url === undefined ? 'postgres' : `postgres=${url}`
    return openAt(place, place.config, spec, durable)
  }
  const server = await startPostgres({ fsync: durable })
  try {
    // The environment may ask for TLS, which the server of our own does not speak, and does not need.
    const store = await openAt(
      place,
      { connectionString: server.url, ssl: false },
      `postgres=${server.url}?sslmode=disable`,
      durable,
    )
    return {
      ...store,
      server,
      close: async () => {
        await store.close()
        await server.stop()
      },
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function openAt(
  place: PostgresPlace,
  config: NonNullable<PostgresPlace['config']>,
  spec: string,
  durable: boolean,
): Promise<OpenStore> {
  const at = { ...place, config }
  const schema = inSql(place.schema)
  const connection = await connect(at, durable, (client) => prepareTables(client, at))
  return {
    kind: 'postgres',
    place: at.shown,
    spec: () => spec,
    promise: durable
      ? 'what is acknowledged survives the death of the server and, if it has fsync on, of its machine'
      : 'what is acknowledged survives the death of this process',
    namespace: (name) => namespaceOf(connection, schema, name),
    namespaces: async (prefix) => {
      const { rows } = await connection.run<{ namespace: string }>(listing(schema, prefix))
      return rows.map(({ namespace }) => namespace)
    },
    remove: async (name) => {
      await connection.run(removal(schema, name))
    },
    close: () => connection.close(),
  }
}

function namespaceOf(connection: Connection, schema: string, namespace: string): Store {
  const statements = statementsFor(schema, namespace)
  return {
    async load(space, session) {
      type Row = { version: string; record: string; told: string | null }
      const { rows } = await connection.run<Row>(statements.load(space, session))
      const [row] = rows
      if (row === undefined) return { version: 0, record: undefined, session: undefined }
      return { version: Number(row.version), record: row.record, session: row.told ?? undefined }
    },
    async swap(space, swap) {
      const { rowCount } = await connection.run(statements.swap(space, swap))
      return rowCount === 1
    },
    async view(space, fromSeq, limit) {
      type Row = { document: string; checkpoint: string | null }
      const { rows } = await connection.run<Row>(statements.view(space, fromSeq, limit))
      const [first, ...events] = rows
      return {
        record: first?.document,
        checkpoint: first?.checkpoint ?? undefined,
        events: events.map(({ document }) => document),
      }
    },
  }
}

import type { QueryConfig } from 'pg'
import type { Swap } from '../store.js'

/** Everything the store asks. Each is one statement: one round trip, and one snapshot. */
export interface Statements {
  load(space: string, session: string): QueryConfig
  /** Tells one row when the swap took place, none when another came first. */
  swap(space: string, swap: Swap): QueryConfig
  /** The first row is the space, with `seq` -1; then come the events. */
  view(space: string, fromSeq: number, limit: number): QueryConfig
}

/**
 * A swap writes the row of the space first. Whoever finds it at another version stops there: what is told and logged is
 * selected from the row that was won. Of two that swap at once the second waits for the first's commit, and looks at the
 * version again; so READ COMMITTED is enough.
 */
export function statementsFor(schema: string, namespace: string): Statements {
  const space = `${schema}.space`
  const event = `${schema}.event`
  const won = {
    create: `INSERT INTO ${space} (namespace, space, version, record) VALUES ($1, $2, 1, $3)
      ON CONFLICT DO NOTHING RETURNING 1`,
    createWithCheckpoint: `INSERT INTO ${space} (namespace, space, version, record, checkpoint) VALUES ($1, $2, 1, $3, $6)
      ON CONFLICT DO NOTHING RETURNING 1`,
    swap: `UPDATE ${space} SET version = version + 1, record = $3
      WHERE namespace = $1 AND space = $2 AND version = $6 RETURNING 1`,
    swapWithCheckpoint: `UPDATE ${space} SET version = version + 1, record = $3, checkpoint = $7
      WHERE namespace = $1 AND space = $2 AND version = $6 RETURNING 1`,
  }
  const appended = (seq: string, text: string) =>
    `INSERT INTO ${event} (namespace, space, seq, event) SELECT $1, $2, ${seq}::bigint, ${text} FROM won`
  const truncated = (before: string) =>
    `DELETE FROM ${event} USING won WHERE namespace = $1 AND space = $2 AND seq < ${before}::bigint`
  const telling = `INSERT INTO ${schema}.session (namespace, space, session, told) SELECT $1, $2, $4, $5 FROM won
    ON CONFLICT (namespace, space, session) DO UPDATE SET told = excluded.told`
  const swapping = (win: string, log?: string) =>
    `WITH won AS (${win})${log === undefined ? '' : `, logged AS (${log})`} ${telling}`

  const texts = {
    create: swapping(won.create),
    'create-append': swapping(won.create, appended('$6', '$7')),
    'create-checkpoint': swapping(won.createWithCheckpoint),
    'create-truncate': swapping(won.create, truncated('$6')),
    swap: swapping(won.swap),
    'swap-append': swapping(won.swap, appended('$7', '$8')),
    'swap-checkpoint': swapping(won.swapWithCheckpoint),
    'swap-truncate': swapping(won.swap, truncated('$7')),
    load: `SELECT version, record, told FROM ${space} AS space
      LEFT JOIN ${schema}.session AS session
        ON session.namespace = space.namespace AND session.space = space.space AND session.session = $3
      WHERE space.namespace = $1 AND space.space = $2`,
    view: `SELECT -1 AS seq, record AS document, checkpoint FROM ${space} WHERE namespace = $1 AND space = $2
      UNION ALL
      (SELECT seq, event, NULL FROM ${event} WHERE namespace = $1 AND space = $2 AND seq >= $3::bigint
        ORDER BY seq LIMIT $4::bigint)
      ORDER BY seq`,
  }
  // The name says what is prepared, once for each connection.
  const query = (name: keyof typeof texts, values: (string | number)[]): QueryConfig => ({
    name: `contention-${name}`,
    text: texts[name],
    values: [namespace, ...values],
  })

  return {
    load: (key, session) => query('load', [key, session]),
    view: (key, fromSeq, limit) => query('view', [key, fromSeq, limit]),
    swap: (key, { version, record, sessionKey, session, effect }) => {
      const verb = version === 0 ? 'create' : 'swap'
      const values = [key, record, sessionKey, session, ...(version === 0 ? [] : [version])]
      switch (effect?.kind) {
        case undefined:
          return query(verb, values)
        case 'append':
          return query(`${verb}-append`, [...values, effect.event.seq, JSON.stringify(effect.event)])
        case 'checkpoint':
          return query(`${verb}-checkpoint`, [...values, JSON.stringify(effect.checkpoint)])
        case 'truncate':
          return query(`${verb}-truncate`, [...values, effect.beforeSeq])
      }
    },
  }
}

/**
 * Removes a namespace in one transaction. The spaces of all namespaces are kept from swaps meanwhile: else one that is
 * just being made could lose its log.
 */
export function removal(schema: string, namespace: string): string {
  if (!/^[A-Za-z0-9-]+$/.test(namespace)) throw new RangeError(`"${namespace}" is no name of a namespace`)
  const deleting = ['space', 'session', 'event'].map(
    (t) => `DELETE FROM ${schema}.${t} WHERE namespace = '${namespace}'`,
  )
  return [`LOCK TABLE ${schema}.space IN SHARE ROW EXCLUSIVE MODE`, ...deleting].join('; ')
}

import type { QueryConfig } from 'pg'
import type { LogEffect } from '../../log/index.js'
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
 * version again; so READ COMMITTED is enough. A swap that puts nothing but the record is that first statement alone.
 */
export function statementsFor(schema: string, namespace: string): Statements {
  const space = `${schema}.space`
  const event = `${schema}.event`
  const load = `SELECT version, record, told FROM ${space} AS space
      LEFT JOIN ${schema}.session AS session
        ON session.namespace = space.namespace AND session.space = space.space AND session.session = $3
      WHERE space.namespace = $1 AND space.space = $2`
  const view = `SELECT -1 AS seq, record AS document, checkpoint FROM ${space} WHERE namespace = $1 AND space = $2
      UNION ALL
      (SELECT seq, event, NULL FROM ${event} WHERE namespace = $1 AND space = $2 AND seq >= $3::bigint
        ORDER BY seq LIMIT $4::bigint)
      ORDER BY seq`
  // The name says what is prepared, once for each connection.
  const query = (name: string, text: string, values: (string | number)[]): QueryConfig => ({
    name: `contention-${name}`,
    text,
    values: [namespace, ...values],
  })
  /** By their names: made when they are first needed. */
  const texts = new Map<string, string>()

  return {
    load: (key, session) => query('load', load, [key, session]),
    view: (key, fromSeq, limit) => query('view', view, [key, fromSeq, limit]),
    swap: (key, { version, record, sessionKey, session, effect }) => {
      const kind = { begins: version === 0, effect: effect?.kind, tells: session !== undefined }
      const name = `${kind.begins ? 'create' : 'swap'}-${kind.effect ?? 'alone'}${kind.tells ? '-telling' : ''}`
      const text = texts.get(name) ?? swapText(schema, kind)
      texts.set(name, text)
      return query(name, text, [
        key,
        record,
        ...(version === 0 ? [] : [version]),
        ...valuesOf(effect),
        ...(session === undefined ? [] : [sessionKey, session]),
      ])
    },
  }
}

interface SwapKind {
  /** Whether the space is made. */
  readonly begins: boolean
  readonly effect: LogEffect['kind'] | undefined
  /** Whether a session is told something. */
  readonly tells: boolean
}

/** $1 to $3 are namespace, space and record; then come the version, what `valuesOf` says, and the session with what it is told. */
function swapText(schema: string, { begins, effect, tells }: SwapKind): string {
  const [space, event] = [`${schema}.space`, `${schema}.event`]
  const first = begins ? 4 : 5
  const [columns, values, setting] =
    effect === 'checkpoint' ? [', checkpoint', `, $${first}`, `, checkpoint = $${first}`] : ['', '', '']
  const won = begins
    ? `INSERT INTO ${space} (namespace, space, version, record${columns}) VALUES ($1, $2, 1, $3${values})
        ON CONFLICT DO NOTHING`
    : `UPDATE ${space} SET version = version + 1, record = $3${setting}
        WHERE namespace = $1 AND space = $2 AND version = $4`
  const session = first + (effect === undefined ? 0 : effect === 'append' ? 2 : 1)
  const logging =
    effect === 'append'
      ? `INSERT INTO ${event} (namespace, space, seq, event) SELECT $1, $2, $${first}::bigint, $${first + 1} FROM won`
      : effect === 'truncate'
        ? `DELETE FROM ${event} USING won WHERE namespace = $1 AND space = $2 AND seq < $${first}::bigint`
        : undefined
  const telling = tells
    ? `INSERT INTO ${schema}.session (namespace, space, session, told) SELECT $1, $2, $${session}, $${session + 1} FROM won
        ON CONFLICT (namespace, space, session) DO UPDATE SET told = excluded.told`
    : undefined
  if (logging === undefined && telling === undefined) return won
  // The last part is the one whose rows are counted: as many as were won.
  const last = telling ?? (effect === 'append' ? logging : undefined) ?? 'SELECT 1 FROM won'
  const logged = logging === undefined || last === logging ? '' : `, logged AS (${logging})`
  return `WITH won AS (${won} RETURNING 1)${logged} ${last}`
}

function valuesOf(effect: LogEffect | undefined): (string | number)[] {
  switch (effect?.kind) {
    case undefined:
      return []
    case 'append':
      return [effect.event.seq, JSON.stringify(effect.event)]
    case 'checkpoint':
      return [JSON.stringify(effect.checkpoint)]
    case 'truncate':
      return [effect.beforeSeq]
  }
}

/** The namespaces whose names begin with `prefix`. */
export const listing = (schema: string, prefix: string): QueryConfig => ({
  text: `SELECT DISTINCT namespace FROM ${schema}.space WHERE starts_with(namespace, $1)`,
  values: [prefix],
})

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

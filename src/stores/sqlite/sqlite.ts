import { rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { isTemporaryFolder } from '../processes/folders.js'
import { temporaryFolder } from '../processes/temporary-folder.js'
import type { OpenOptions, OpenStore, Store } from '../store.js'
import { StoreError, storeClosed } from '../store-error.js'
import type { Access, Steps } from './access.js'
import { type Database, openDatabase } from './database.js'
import { amongOthers } from './loop.js'
import { sameFile } from './same-file.js'
import { ELSEWHERE, HEAD, prepareTables } from './tables.js'

const KIND = 'sqlite'

/**
 * A store in one SQLite file, or `:memory:`, or, without either, in a file of its own that goes with the store. Several
 * processes may use one file; one of its own from when it is first told how (`spec`). What is answered is on the disk when
 * it has to be: then a file that stays is synced at every commit.
 */
export async function openSqlite(
  url: string | undefined,
  { durable = true, cwd = '.' }: OpenOptions,
  drivers?: readonly string[],
): Promise<OpenStore> {
  const folder = url === undefined ? temporaryFolder(KIND) : undefined
  const file =
    folder !== undefined ? join(folder, 'store.db') : url === ':memory:' ? ':memory:' : resolve(cwd, url as string)
  const removeFolder = () => folder !== undefined && rmSync(folder, { recursive: true, force: true })
  const synced = durable && folder === undefined
  let database: Database | undefined
  try {
    const opened = await openDatabase(file, drivers)
    database = opened
    const access = folder !== undefined ? 'alone' : accessTo(file, synced)
    const guarded = guarding(file, folder === undefined)
    const steps = guarded(() => prepareTables(opened, file, access))
    const isSame = folder === undefined && file !== ':memory:' ? sameFile(file) : () => undefined
    /** Why it is of no use any more: everything is gone, or it was closed. */
    let over: StoreError | undefined
    const usable: Guard = (use) => {
      if (over !== undefined) throw over
      try {
        return guarded(use)
      } catch (error) {
        // SQLite ends the one transaction when there is no room for it. What is asked next would be answered as if nothing had happened.
        if (steps.alone() && !opened.inTransaction) over = error as StoreError
        throw error
      }
    }
    const usableHere: Guard = (use) =>
      usable(() => {
        isSame()
        return use()
      })
    return {
      kind: 'sqlite',
      spec: () => {
        usable(() => steps.share())
        return `sqlite=${file}`
      },
      place: folder === undefined ? file : 'a file of its own',
      promise: promiseOf(file, synced),
      // To look is microseconds, beside a commit that is synced nothing; beside one that is not, a fifth.
      namespace: (name) => usableHere(() => namespaceOf(opened, name, steps, synced ? usableHere : usable)),
      namespaces: async (prefix) => {
        const all = usableHere(() => opened.prepare(NAMESPACES).all())
        return (all as { namespace: string }[]).map(({ namespace }) => namespace).filter((n) => n.startsWith(prefix))
      },
      remove: async (name) =>
        usableHere(() =>
          steps.writing(() => {
            for (const table of ['space', 'session']) {
              opened.prepare(`DELETE FROM contention_${table} WHERE namespace = ?`).run(name)
            }
          }),
        ),
      close: async () => {
        over ??= storeClosed(`sqlite ${file}`, 'the SQLite store has been closed')
        opened.close()
        removeFolder()
      },
    }
  } catch (error) {
    database?.close()
    removeFolder()
    throw error
  }
}

/** To a file that was named, be it one of the user's, or another process's own. */
function accessTo(file: string, synced: boolean): Access {
  if (synced) return 'shared-and-synced'
  return isTemporaryFolder(KIND, dirname(file)) ? 'shared-passing' : 'shared'
}

/** Each found from the one before: a scan would pass over every event of every log. */
const NAMESPACES = `
  WITH RECURSIVE found (namespace) AS (
    SELECT MIN(namespace) FROM contention_space
    UNION ALL SELECT (SELECT MIN(namespace) FROM contention_space WHERE namespace > found.namespace)
      FROM found WHERE namespace IS NOT NULL)
  SELECT namespace FROM found WHERE namespace IS NOT NULL`

/** Of a file of its own it is true once that is shared: only then is there another process that lives on. */
function promiseOf(file: string, synced: boolean): string {
  if (file === ':memory:') return 'nothing that is acknowledged survives the process'
  if (!synced) return 'what is acknowledged survives the death of the process, not that of the machine'
  return 'what is acknowledged survives the death of the process and of the machine: it is synced to the disk'
}

function namespaceOf(database: Database, namespace: string, steps: Steps, usable: Guard): Store {
  // Parameters without numbers, each used once: better-sqlite3 takes numbers for names. And as few as can be: to hand over one
  // more is a twentieth of an append.
  const statement = (sql: string) => database.prepare(sql)
  const here = `'${namespace.replaceAll("'", "''")}'`
  const ofSpace = `namespace = ${here} AND space = ?`
  const itsRecord = `${ofSpace} AND seq = ${HEAD}`
  const loading = statement(
    `SELECT version, body AS record, told FROM contention_space AS space
     LEFT JOIN contention_session AS session
       ON session.namespace = space.namespace AND session.space = space.space AND session.session = ?
     WHERE space.namespace = ${here} AND space.space = ? AND space.seq = ${HEAD}`,
  )
  const creating = statement(
    `INSERT INTO contention_space (namespace, space, seq, version, body) VALUES (${here}, ?, ${HEAD}, 1, ?) ON CONFLICT DO NOTHING`,
  )
  const swapping = statement(
    `UPDATE contention_space SET version = version + 1, body = ? WHERE ${itsRecord} AND version = ?`,
  )
  const telling = statement(
    `INSERT INTO contention_session (namespace, space, session, told) VALUES (${here}, ?, ?, ?)
     ON CONFLICT (namespace, space, session) DO UPDATE SET told = excluded.told`,
  )
  // One statement, with a trigger: on a file that is not synced 1.3 times as fast as a transaction of two.
  const appendingAlone = statement(
    `INSERT INTO contention_append (namespace, space, version, record, seq, event) VALUES (${here}, ?, ?, ?, ?, ?)`,
  )
  const appending = statement(`INSERT INTO contention_space (namespace, space, seq, body) VALUES (${here}, ?, ?, ?)`)
  const checkpointing = statement(`UPDATE contention_space SET checkpoint = ? WHERE ${itsRecord}`)
  const truncating = statement(`DELETE FROM contention_space WHERE ${ofSpace} AND seq < ?`)
  const viewing = statement(`SELECT body AS record, checkpoint FROM contention_space WHERE ${itsRecord}`)
  const reading = statement(
    `SELECT body AS event FROM contention_space WHERE ${ofSpace} AND seq >= ? AND seq < ${HEAD} ORDER BY seq LIMIT ?`,
  )

  return {
    load: amongOthers((space, session) => {
      const row = usable(() => loading.get(session, space))
      if (row === undefined) return { version: 0, record: undefined, session: undefined }
      const { version, record, told } = row as { version: number; record: string; told: string | null }
      return { version, record, session: told ?? undefined }
    }),
    swap: amongOthers((space, { version, record, sessionKey, session, effect }) => {
      const win = (): boolean => {
        const { changes } = version === 0 ? creating.run(space, record) : swapping.run(record, space, version)
        return Number(changes) > 0
      }
      // A statement is a transaction already.
      if (session === undefined && effect === undefined) return usable(win)
      if (session === undefined && effect?.kind === 'append' && version > 0) {
        const { event } = effect
        return usable(() =>
          unlessElsewhere(() => appendingAlone.run(space, version, record, event.seq, JSON.stringify(event))),
        )
      }
      const whole = () => {
        if (!win()) return false
        if (session !== undefined) telling.run(space, sessionKey, session)
        if (effect?.kind === 'append') appending.run(space, effect.event.seq, JSON.stringify(effect.event))
        if (effect?.kind === 'checkpoint') checkpointing.run(JSON.stringify(effect.checkpoint), space)
        if (effect?.kind === 'truncate') truncating.run(space, effect.beforeSeq)
        return true
      }
      return usable(() => steps.writing(whole))
    }),
    view: amongOthers((space, fromSeq, limit) => {
      const whole = () => {
        const row = viewing.get(space) as { record: string; checkpoint: string | null } | undefined
        if (row === undefined) return { record: undefined, checkpoint: undefined, events: [] }
        const rows = limit === 0 ? [] : (reading.all(space, fromSeq, limit) as { event: string }[])
        return { record: row.record, checkpoint: row.checkpoint ?? undefined, events: rows.map(({ event }) => event) }
      }
      return usable(() => steps.reading(whole))
    }),
  }
}

/** False if another came first. */
function unlessElsewhere(append: () => unknown): boolean {
  try {
    append()
    return true
  } catch (error) {
    if ((error as Error).message.includes(ELSEWHERE)) return false
    throw error
  }
}

const advice: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'make room on the disk',
  SQLITE_IOERR: 'see whether the disk is full, or broken',
  SQLITE_BUSY: 'end the process that keeps the file locked',
  SQLITE_NOTADB: 'name another file',
  SQLITE_CORRUPT: 'restore the file from a copy',
  SQLITE_READONLY: 'let this user write to the file and its folder',
  SQLITE_ERROR: 'name another file, or restore this one from a copy: its tables are not as contention made them',
  SQLITE_CANTOPEN: 'make its folder, and let this user write to it',
}

/** What Node's own SQLite gives as numbers. */
const codes: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  5: 'SQLITE_BUSY',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  26: 'SQLITE_NOTADB',
}

function codeOf({ code = '', errcode }: { readonly code?: string; readonly errcode?: number }): string {
  // libsql gives a number as well where it has no name.
  const number = errcode ?? /^UNKNOWN_SQLITE_ERROR_(\d+)$/.exec(code)?.[1]
  // The lower byte: the others say more of it.
  return number === undefined ? code : (codes[Number(number) & 0xff] ?? `SQLite error ${number}`)
}

/** Uses the file, in words that people understand if it fails. */
type Guard = <T>(use: () => T) => T

/** What SQLite says, as a StoreError. */
function guarding(file: string, stays: boolean): Guard {
  return (use) => {
    try {
      return use()
    } catch (error) {
      if (error instanceof StoreError) throw error
      const { message } = error as Error
      const code = codeOf(error as { code?: string; errcode?: number })
      const known = Object.keys(advice).find((prefix) => code.startsWith(prefix))
      const kept = stays && /^SQLITE_(FULL|IOERR)/.test(code) ? '; nothing that was acknowledged is lost' : ''
      throw new StoreError(
        {
          what: 'the SQLite file cannot be used',
          store: `sqlite ${file}`,
          found: code === '' ? message : `${code}: ${message}`,
          ...(known === undefined ? {} : { todo: `${advice[known]}${kept}` }),
          ...(known === 'SQLITE_CORRUPT' ? { lost: true } : {}),
        },
        { cause: error },
      )
    }
  }
}

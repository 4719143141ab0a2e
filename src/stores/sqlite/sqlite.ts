import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { OpenOptions, OpenStore, Store } from '../store.js'
import { StoreError } from '../store-error.js'
import { temporaryFolder } from '../temporary/folder.js'
import { type Database, openDatabase } from './database.js'
import { prepareTables } from './tables.js'

/**
 * A store in one SQLite file, or `:memory:`, or, without either, in a file of its own that goes with the store. Several
 * processes may use one file. What is answered is on the disk when it has to be: then a file that stays is synced at
 * every commit.
 */
export async function openSqlite(
  url: string | undefined,
  { durable = true, cwd = '.' }: OpenOptions,
): Promise<OpenStore> {
  const folder = url === undefined ? temporaryFolder('sqlite') : undefined
  const file =
    folder !== undefined ? join(folder, 'store.db') : url === ':memory:' ? ':memory:' : resolve(cwd, url as string)
  const removeFolder = () => folder !== undefined && rmSync(folder, { recursive: true, force: true })
  const synced = durable && folder === undefined
  let database: Database | undefined
  try {
    const opened = await openDatabase(file)
    database = opened
    const usable = guarding(file)
    usable(() => prepareTables(opened, file, synced ? 'FULL' : 'OFF'))
    return {
      kind: 'sqlite',
      spec: () => `sqlite=${file}`,
      place: folder === undefined ? file : 'a file of its own',
      promise: promiseOf(file, synced),
      namespace: (name) => namespaceOf(opened, name, usable),
      remove: async (name) => {
        usable(() => {
          for (const table of ['space', 'session', 'event']) {
            opened.prepare(`DELETE FROM contention_${table} WHERE namespace = ?`).run(name)
          }
        })
      },
      close: async () => {
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

function promiseOf(file: string, synced: boolean): string {
  if (file === ':memory:') return 'nothing that is acknowledged survives the process'
  if (!synced) return 'what is acknowledged survives the death of the process, not that of the machine'
  return 'what is acknowledged survives the death of the process and of the machine: it is synced to the disk'
}

function namespaceOf(database: Database, namespace: string, usable: <T>(use: () => T) => T): Store {
  const statement = (sql: string) => database.prepare(sql)
  const loading = statement(
    `SELECT version, record, told FROM contention_space AS space
     LEFT JOIN contention_session AS session
       ON session.namespace = space.namespace AND session.space = space.space AND session.session = ?3
     WHERE space.namespace = ?1 AND space.space = ?2`,
  )
  const creating = statement(
    `INSERT INTO contention_space (namespace, space, version, record) VALUES (?1, ?2, 1, ?3) ON CONFLICT DO NOTHING`,
  )
  const swapping = statement(
    `UPDATE contention_space SET version = version + 1, record = ?3 WHERE namespace = ?1 AND space = ?2 AND version = ?4`,
  )
  const telling = statement(
    `INSERT INTO contention_session (namespace, space, session, told) VALUES (?1, ?2, ?3, ?4)
     ON CONFLICT (namespace, space, session) DO UPDATE SET told = excluded.told`,
  )
  const appending = statement('INSERT INTO contention_event (namespace, space, seq, event) VALUES (?1, ?2, ?3, ?4)')
  const checkpointing = statement('UPDATE contention_space SET checkpoint = ?3 WHERE namespace = ?1 AND space = ?2')
  const truncating = statement('DELETE FROM contention_event WHERE namespace = ?1 AND space = ?2 AND seq < ?3')
  const viewing = statement('SELECT record, checkpoint FROM contention_space WHERE namespace = ?1 AND space = ?2')
  const reading = statement(
    'SELECT event FROM contention_event WHERE namespace = ?1 AND space = ?2 AND seq >= ?3 ORDER BY seq LIMIT ?4',
  )
  // One statement on a view, with a trigger that writes all rows, was tried: 0.53 of a bare UPDATE where these five are
  // 0.44, on a file that is not synced. On one that is, the disk takes most of the time, and a swap is 0.7 of a bare UPDATE.
  const begin = statement('BEGIN')
  const beginToWrite = statement('BEGIN IMMEDIATE')
  const commit = statement('COMMIT')

  const atomically = <T>(start: typeof begin, work: () => T): T =>
    usable(() => {
      start.run()
      try {
        const result = work()
        commit.run()
        return result
      } catch (error) {
        // A full disk has ended the transaction already.
        if (database.inTransaction) database.exec('ROLLBACK')
        throw error
      }
    })

  return {
    async load(space, session) {
      const row = usable(() => loading.get(namespace, space, session))
      if (row === undefined) return { version: 0, record: undefined, session: undefined }
      const { version, record, told } = row as { version: number; record: string; told: string | null }
      return { version, record, session: told ?? undefined }
    },
    async swap(space, { version, record, sessionKey, session, effect }) {
      return atomically(beginToWrite, () => {
        const { changes } =
          version === 0 ? creating.run(namespace, space, record) : swapping.run(namespace, space, record, version)
        if (Number(changes) === 0) return false
        telling.run(namespace, space, sessionKey, session)
        if (effect?.kind === 'append') appending.run(namespace, space, effect.event.seq, JSON.stringify(effect.event))
        if (effect?.kind === 'checkpoint') checkpointing.run(namespace, space, JSON.stringify(effect.checkpoint))
        if (effect?.kind === 'truncate') truncating.run(namespace, space, effect.beforeSeq)
        return true
      })
    },
    async view(space, fromSeq, limit) {
      return atomically(begin, () => {
        const row = viewing.get(namespace, space) as { record: string; checkpoint: string | null } | undefined
        if (row === undefined) return { record: undefined, checkpoint: undefined, events: [] }
        const rows = limit === 0 ? [] : (reading.all(namespace, space, fromSeq, limit) as { event: string }[])
        return { record: row.record, checkpoint: row.checkpoint ?? undefined, events: rows.map(({ event }) => event) }
      })
    },
  }
}

const advice: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'make room on the disk; nothing that was acknowledged is lost',
  SQLITE_IOERR: 'see whether the disk is full, or broken; nothing that was acknowledged is lost',
  SQLITE_BUSY: 'end the process that keeps the file locked',
  SQLITE_NOTADB: 'name another file',
  SQLITE_CORRUPT: 'restore the file from a copy',
  SQLITE_READONLY: 'let this user write to the file and its folder',
  SQLITE_CANTOPEN: 'make its folder, and let this user write to it',
}

/** What SQLite says, as a StoreError. */
function guarding(file: string): <T>(use: () => T) => T {
  return (use) => {
    try {
      return use()
    } catch (error) {
      if (error instanceof StoreError) throw error
      const { code = '', message } = error as { code?: string; message: string }
      const known = Object.keys(advice).find((prefix) => code.startsWith(prefix))
      throw new StoreError(
        {
          what: 'the SQLite file cannot be used',
          store: `sqlite ${file}`,
          found: code === '' ? message : `${code}: ${message}`,
          ...(known === undefined ? {} : { todo: advice[known] as string }),
        },
        { cause: error },
      )
    }
  }
}

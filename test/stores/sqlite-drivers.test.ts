import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Store } from '../../src/stores/index.js'
import { withNames } from '../../src/stores/open.js'
import { DRIVERS } from '../../src/stores/sqlite/database.js'
import { openSqlite } from '../../src/stores/sqlite/sqlite.js'
import { isLoaded } from '../support/needs.js'
import { describeStore } from './behaviour.js'
import { describeOwnFile } from './sqlite-own-file.js'

const folder = mkdtempSync(join(tmpdir(), 'contention-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** All but the first, which every other test of SQLite runs on: those that are there, be it by npm or by Node itself. */
for (const driver of DRIVERS.slice(1)) {
  if (await isLoaded(driver)) {
    const file = (name: string) => join(folder, `${driver.replace(/\W/g, '-')}-${name}.db`)
    describeStore(driver, async () => withNames(await openSqlite(file('store'), {}, [driver])), 15)

    describeOwnFile(driver)

    describe(`a file of libsql, opened by ${driver}`, () => {
      it('is the same store', async () => {
        const told = { sessionKey: 'a', session: undefined, atMs: 0, command: 'append', by: 'a' }
        const appended = (seq: number) =>
          ({ kind: 'append', event: { seq, epoch: 1, owner: 'a', type: 'entry', payload: seq } }) as const
        // One after the other: two libraries of SQLite in one process do not see each other's locks.
        const used = async <T>(by: string, use: (store: Store) => Promise<T>): Promise<T> => {
          const open = await openSqlite(file('both'), {}, [by])
          return use(open.namespace('n')).finally(() => open.close())
        }
        const swap = (version: number) => (store: Store) =>
          store.swap('s', { record: `r${version + 1}`, version, ...told, effect: appended(version) })
        expect(await used('libsql', swap(0))).toBe(true)
        expect(await used(driver, swap(0))).toBe(false)
        expect(await used(driver, swap(1))).toBe(true)
        expect(await used('libsql', swap(2))).toBe(true)
        expect(await used(driver, (store) => store.load('s', 'a'))).toMatchObject({ version: 3, record: 'r3' })
        expect((await used(driver, (store) => store.view('s', 0, 9))).events).toHaveLength(3)
      })

      it('says what is wrong with a file, where and what to do', async () => {
        await expect(openSqlite(join(folder, 'nowhere', 'store.db'), {}, [driver])).rejects.toMatchObject({
          problem: { what: 'the SQLite file cannot be opened', store: `sqlite ${join(folder, 'nowhere', 'store.db')}` },
        })
        writeFileSync(file('text'), 'not a database at all\n'.repeat(100))
        await expect(openSqlite(file('text'), {}, [driver])).rejects.toMatchObject({
          problem: { found: expect.stringContaining('SQLITE_NOTADB'), todo: 'name another file' },
        })
      })
    })
  } else {
    describe.skip(`${driver} as a store (skipped: it is not there)`, () => {
      it('is what SQLite is opened with', () => expect.unreachable())
    })
  }
}

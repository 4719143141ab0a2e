import { chmodSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LogEvent } from '../../src/log/index.js'
import { keyOf, openStore, StoreError } from '../../src/stores/index.js'
import { type Database, openDatabase } from '../../src/stores/sqlite/database.js'
import { openSqlite } from '../../src/stores/sqlite/sqlite.js'
import { built, type Program, start } from '../support/child.js'
import { describeStore, expectCutLogToBeTold } from './behaviour.js'
import { describeOwnFile } from './sqlite-own-file.js'

const folder = mkdtempSync(join(tmpdir(), 'contention-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const opened = async (spec: string) => {
  const store = await openStore(spec)
  if (store === undefined) throw new Error(`${spec} is no store`)
  return store
}

describeStore('sqlite', () => opened(`sqlite=${join(folder, 'store.db')}`), 50)

describe('a SQLite file', () => {
  it('that is somebody else’s, or of another version, is refused and left as it is', async () => {
    const foreign = async (name: string, sql: string) => {
      const file = join(folder, name)
      const database = await openDatabase(file)
      database.exec(sql)
      database.close()
      const before = readFileSync(file)
      const refusal = await problem(opened(`sqlite=${file}`))
      expect(readFileSync(file).equals(before)).toBe(true)
      return refusal
    }
    expect(await foreign('tables.db', 'CREATE TABLE invoices (id)')).toMatchObject({
      what: "the SQLite file is somebody else's",
      found: 'tables invoices',
    })
    expect(readdirSync(folder)).not.toContain('tables.db-wal')
    expect(await foreign('application.db', 'PRAGMA application_id = 7')).toMatchObject({ found: 'application id 7' })
    expect(await foreign('versioned.db', 'PRAGMA user_version = 7')).toMatchObject({
      what: "the SQLite file is somebody else's",
    })
    await (await opened(`sqlite=${join(folder, 'older.db')}`)).close()
    expect(await foreign('older.db', 'PRAGMA user_version = 1')).toMatchObject({
      what: 'the SQLite file was made by another version of contention',
      found: 'schema version 1',
      expected: 'schema version 3',
    })
  })

  it.each([
    ['removed', (file: string) => rmSync(file)],
    [
      'replaced',
      (file: string) => {
        writeFileSync(`${file}.new`, readFileSync(file))
        renameSync(`${file}.new`, file)
      },
    ],
  ])('that is %s while it is in use takes nothing more: others would find another there', async (how, change) => {
    const file = join(folder, `${how}.db`)
    const store = await opened(`sqlite=${file}`)
    const kept = store.namespace('n')
    const swap = (version: number) =>
      kept.swap('s', {
        ...{ version, record: '{}', sessionKey: 'a', session: undefined, effect: undefined },
        ...{ atMs: 0, command: 'acquire', by: 'a' },
      })
    expect(await swap(0)).toBe(true)
    change(file)
    const lost = { what: 'the SQLite file is no longer the one that was opened', store: `sqlite ${file}`, lost: true }
    expect(await problem(swap(1))).toMatchObject(lost)
    expect(await problem(kept.load('s', 'a'))).toMatchObject(lost)
    expect(await problem(store.namespaces(''))).toMatchObject(lost)
    expect(await problem(store.remove('n'))).toMatchObject(lost)
    await store.close()
  })

  it('that is no database, or has no folder, is refused with what to do', async () => {
    const text = join(folder, 'text.db')
    writeFileSync(text, 'not a database at all\n'.repeat(100))
    expect(await problem(opened(`sqlite=${text}`))).toMatchObject({
      store: `sqlite ${text}`,
      found: expect.stringMatching(/SQLITE_NOTADB/),
      todo: 'name another file',
    })
    expect(await problem(opened(`sqlite=${join(folder, 'nowhere', 'store.db')}`))).toMatchObject({
      expected: 'a file in a folder that exists, which this user may write',
    })
    expect(await problem(opened(`sqlite=${folder}`))).toMatchObject({ store: `sqlite ${folder}` })
  })

  it.skipIf(process.getuid?.() === 0)('that may only be read is refused', async () => {
    const file = join(folder, 'readonly.db')
    await (await opened(`sqlite=${file}`)).close()
    chmodSync(file, 0o400)
    expect(await problem(opened(`sqlite=${file}`))).toMatchObject({ todo: expect.stringContaining('let this user') })
  })

  it('that has lost the end of a log says so to whoever reads that', async () => {
    const file = join(folder, 'cut.db')
    const store = await opened(`sqlite=${file}`)
    await expectCutLogToBeTold(store, async () => {
      const database = await openDatabase(file)
      database.exec(`DELETE FROM contention_space WHERE seq BETWEEN 3 AND 9`)
      database.close()
    })
    await store.close()
  })

  it('may be none at all: memory, or a file of its own that goes with the store', async () => {
    const own = () => readdirSync(tmpdir()).filter((name) => name.startsWith('contention-sqlite-'))
    const before = own()
    const memory = await opened('sqlite=:memory:')
    expect(memory.promise).toBe('nothing that is acknowledged survives the process')
    expect(own()).toEqual(before)
    const store = await opened('sqlite')
    const made = own().filter((name) => !before.includes(name))
    expect([made.length, store.place]).toEqual([1, 'a file of its own'])
    for (const { namespace } of [memory, store]) {
      const kept = namespace('n')
      const swap = {
        version: 0,
        record: 'r',
        sessionKey: 'a',
        session: '{}',
        atMs: 0,
        command: 'append',
        by: 'a',
      } as const
      expect(await kept.swap('s', { ...swap, effect: undefined })).toBe(true)
      expect((await kept.load('s', 'a')).record).toBe('r')
    }
    await store.close()
    await memory.close()
    expect(own().filter((name) => made.includes(name))).toEqual([])
  })
})

describeOwnFile('libsql')

describe('a process that uses a SQLite file', () => {
  it('does other things as well while it awaits one answer after another', async () => {
    const store = await opened(`sqlite=${join(folder, 'turns.db')}`)
    const { load } = store.namespace('n')
    let ticks = 0
    const ticking = setInterval(() => {
      ticks += 1
    }, 10)
    const untilMs = performance.now() + 200
    while (performance.now() < untilMs) await load('s', 'a')
    clearInterval(ticking)
    expect(ticks).toBeGreaterThan(3)
    await store.close()
  })
})

describe('how a SQLite file is synced', () => {
  /** A driver that keeps the connections which the store makes. */
  const driver = join(folder, 'kept.mjs')
  const libsql = createRequire(import.meta.url).resolve('libsql')
  writeFileSync(
    driver,
    `import Database from ${JSON.stringify(libsql)}
     export const kept = []
     export default class extends Database { constructor(file) { super(file); kept.push(this) } }`,
  )
  /** 0 is OFF, 1 NORMAL (WAL and file at checkpoints alone), 2 FULL. */
  const levelOf = async (file: string | undefined, durable: boolean) => {
    const store = await openSqlite(file, { durable }, [driver])
    const { kept } = (await import(driver)) as { kept: Database[] }
    const level = kept.at(-1)?.prepare('PRAGMA synchronous').get()
    return { store, level }
  }

  it('one that stays at every checkpoint, as others rely on those, and at every commit if asked; one that passes never', async () => {
    const named = join(folder, 'synced.db')
    const own = await levelOf(undefined, false)
    const all = [await levelOf(named, true), await levelOf(named, false), own]
    const shared = await levelOf(own.store.spec().replace('sqlite=', ''), false)
    expect([...all, shared].map(({ level }) => level)).toMatchObject(
      [2, 1, 0, 0].map((synchronous) => ({ synchronous })),
    )
    for (const { store } of [shared, ...all]) await store.close()
  })
})

describe('processes on one SQLite file', () => {
  let program: string
  beforeAll(() => {
    program = built('test/stores/appender.ts')
  })
  afterAll(() => rmSync(join(program, '..'), { recursive: true, force: true }))

  const appender = (file: string, owner: string, count: number): Program =>
    start(process.execPath, [program, `sqlite=${file}`, 'n', owner, String(count)])
  const logOf = async (file: string): Promise<readonly LogEvent[]> => {
    const store = await opened(`sqlite=${file}`)
    const { events } = await store.namespace('n').view(keyOf('s'), 0, 1e6)
    await store.close()
    return events.map((event) => JSON.parse(event) as LogEvent)
  }
  const firstSeqs = (count: number) => Array.from({ length: count }, (_, seq) => seq)

  it('that is made at this very moment: four append, and all of it has one order', async () => {
    for (let round = 0; round < 3; round++) {
      const file = join(folder, `raced-${round}.db`)
      const racers = ['a', 'b', 'c', 'd'].map((owner) => appender(file, owner, 30))
      expect(
        await Promise.all(racers.map(({ ended }) => ended)),
        racers.map(({ lines }) => lines.at(-1)).join(),
      ).toEqual([0, 0, 0, 0])
      const told = racers.flatMap(({ lines }) => lines.map(Number)).sort((a, b) => a - b)
      expect(told).toEqual(firstSeqs(120))
      const log = await logOf(file)
      expect(log.map(({ seq }) => seq)).toEqual(firstSeqs(120))
      expect(new Set(log.map(({ payload }) => payload)).size).toBe(120)
    }
  })

  it('one is killed in the middle of swaps: all that was acknowledged is there, and it goes on', async () => {
    const file = join(folder, 'killed.db')
    for (let round = 0; round < 3; round++) {
      const victim = appender(file, `victim ${round}`, 1e6)
      await victim.printed(40)
      victim.child.kill('SIGKILL')
      expect(await victim.ended).toBe('SIGKILL')
      const log = await logOf(file)
      // The swap under way may have happened or not, and a line on its way to us may be cut.
      expect(log.length).toBeGreaterThan(Number(victim.lines.at(-1)))
      expect(log.map(({ seq }) => seq)).toEqual(firstSeqs(log.length))
    }
  })

  it.skipIf(process.platform === 'win32')(
    'no room for a file of its own: what was in it is gone, and said to be',
    async () => {
      const limited = `ulimit -f 1000; exec "$0" "$@"`
      const args = [process.execPath, program, 'sqlite', 'n', 'a', '1000000']
      const { lines, ended } = start('bash', ['-c', limited, ...args])
      expect(await ended).toBe(3)
      expect(lines.length).toBeGreaterThan(1_000)
      expect(lines.at(-2)).toMatch(/^the SQLite file cannot be used \(SQLITE_(FULL|IOERR)[^;]*$/)
      // Not an empty space, which it would be by what is left in the file.
      expect(lines.at(-1)).toBe(lines.at(-2))
    },
  )

  it.skipIf(process.platform === 'win32')('there is no more room: an error says so, and nothing is lost', async () => {
    const file = join(folder, 'full.db')
    // In blocks of 1 KiB: no file of this process may grow beyond 1,000 KiB.
    const limited = `ulimit -f 1000; exec "$0" "$@"`
    const args = [process.execPath, program, `sqlite=${file}`, 'n', 'a', '1000000']
    const { lines, ended } = start('bash', ['-c', limited, ...args])
    expect(await ended).toBe(3)
    expect(lines.at(-2)).toMatch(/^the SQLite file cannot be used \(SQLITE_(FULL|IOERR).*; nothing that .* is lost$/)
    const acknowledged = lines.slice(0, -2).map(Number)
    expect(acknowledged.length).toBeGreaterThan(20)
    expect(acknowledged).toEqual(firstSeqs(acknowledged.length))
    const log = await logOf(file)
    expect(log.length - acknowledged.length).toBeOneOf([0, 1])
    expect(lines.at(-1)).toMatch(/^version \d+$/)
    // With room again it goes on.
    expect(await appender(file, 'b', 5).ended).toBe(0)
    expect((await logOf(file)).map(({ seq }) => seq)).toEqual(firstSeqs(log.length + 5))
  })
})

async function problem(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (thrown) => thrown,
  )
  return error instanceof StoreError ? error.problem : error
}

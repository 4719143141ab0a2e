import { execFileSync, spawnSync } from 'node:child_process'
import { chownSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { tokenMint } from '../../src/lease/index.js'
import type { LogEvent } from '../../src/log/index.js'
import { packageRoot } from '../../src/package.js'
import { type Core, openStore, readLog, StoreError, storedCore } from '../../src/stores/index.js'
import { userOfServer } from '../../src/stores/postgres/binaries.js'
import { startPostgres } from '../../src/stores/postgres/index.js'
import { startRedis } from '../../src/stores/redis/server.js'
import { describeAllowed } from '../support/needs.js'
import { mayMount, mountDisk, type SmallDisk } from '../support/small-disk.js'
import { everyStore } from './every-store.js'

/** Room for what `run` writes, of which git takes 4 MiB, and for a new database of Postgres, which takes 8. */
const DISK_MIB = 24
/** Less than `run` writes, and enough for some appends: SQLite needs 16 KiB for one. */
const ROOM_BYTES = 128 * 1_024

/** A store on a disk that may be full. */
interface Place {
  readonly spec: string
  /** Starts its server again, if that is one that does not outlive a full disk. */
  revive?(): Promise<void>
  stop?(): Promise<void>
}

/** How each store is made on a disk, and what it says when that is full. */
const stores = {
  sqlite: {
    placeOn: async (disk: string): Promise<Place> => ({ spec: `sqlite=${join(disk, 'store.db')}` }),
    what: 'the SQLite file cannot be used',
    todo: 'make room on the disk; nothing that was acknowledged is lost',
  },
  git: {
    placeOn: async (disk: string): Promise<Place> => {
      const repository = join(disk, 'repository')
      execFileSync('git', ['init', '--quiet', '--bare', repository])
      return { spec: `git=${repository}` }
    },
    what: '(the ref .* cannot be moved|an object cannot be written)',
    todo: '.*disk.*; nothing that was acknowledged is lost',
  },
  postgres: {
    placeOn: async (disk: string): Promise<Place> => {
      const user = userOfServer()
      if (user !== undefined) chownSync(disk, user.uid, user.gid)
      const server = await startPostgres()
      const admin = new pg.Client({ connectionString: server.url })
      await admin.connect()
      await admin.query(`CREATE TABLESPACE small LOCATION '${disk}'`)
      await admin.query('CREATE DATABASE small TABLESPACE small')
      await admin.end()
      return { spec: `postgres=${new URL('/small', server.url)}`, stop: () => server.stop() }
    },
    what: 'the disk of the Postgres server is full',
    todo: 'make room on it; nothing that was acknowledged is lost',
  },
  redis: {
    placeOn: async (disk: string): Promise<Place> => {
      vi.stubEnv('TMPDIR', disk)
      const server = await startRedis().finally(() => vi.unstubAllEnvs())
      return { spec: `redis=${server.url}`, revive: () => server.restart(), stop: () => server.stop() }
    },
    what: 'the Redis server has gone away in the middle: .*',
    todo: 'see .* log .* disk is full.*',
  },
}

describeAllowed('to mount a disk', mayMount())('a full disk', () => {
  for (const { kind, describe } of everyStore) {
    describe(`of ${kind}`, () => {
      const { placeOn, what, todo } = stores[kind]
      let disk: SmallDisk
      let place: Place
      beforeAll(async () => {
        disk = mountDisk(DISK_MIB)
        place = await placeOn(disk.path)
      })
      afterAll(async () => {
        await place?.stop?.()
        disk.unmount()
      })
      const makeRoom = async () => {
        disk.makeRoom()
        await place.revive?.()
      }

      it('refuses an append, loses nothing that was acknowledged, and goes on when there is room', async () => {
        const core = await opened(place.spec)
        await core.execute(CLAIM, 0)
        disk.fill(ROOM_BYTES)
        const { acknowledged, error } = await appendUntilItFails(core)
        if (!(error instanceof StoreError)) throw error
        expect(error.problem).toMatchObject({
          what: expect.stringMatching(what),
          store: expect.stringMatching(`^${kind} .*(${disk.path}|127.0.0.1)`),
          found: expect.any(String),
          todo: expect.stringMatching(todo),
        })
        expect(acknowledged).toBeGreaterThan(0)
        await makeRoom()
        const log = await logOf(place.spec)
        // The append that failed may have happened or not.
        expect(log.length - acknowledged).toBeOneOf([0, 1])
        expect(log.map(({ payload }) => payload)).toEqual(Array.from(log.keys()))
        // Asked again it has happened once, whoever had the store open meanwhile.
        expect(await append(core, acknowledged)).toEqual({ kind: 'appended', seq: acknowledged })
        expect(await append(await opened(place.spec), acknowledged + 1)).toMatchObject({ seq: acknowledged + 1 })
        expect(await logOf(place.spec)).toHaveLength(acknowledged + 2)
      })

      it('ends a command with what is wrong, where, and what to do; it passes when there is room', async () => {
        const before = await logOf(place.spec)
        disk.fill(ROOM_BYTES)
        const { status, stdout, stderr } = run(place.spec)
        expect([status, stdout]).toEqual([2, ''])
        expect(stderr).toMatch(
          // These lines and no others: no stack trace.
          new RegExp(`^on .*\nerror: ${what}\n  store:    ${kind} .*\n  found:    .*\n  to do:    ${todo}\n$`),
        )
        await makeRoom()
        expect(run(place.spec)).toMatchObject({ status: 0 })
        expect(await logOf(place.spec)).toEqual(before)
      })
    })
  }
})

const mint = tokenMint('secret')
const asked = { space: 's', owner: 'a', session: 'a' }
const CLAIM = { kind: 'claim', ...asked, ttlMs: 1_000, clockMs: 0, expectedEpoch: 0, request: 1 } as const
const fence = { space: 's', owner: 'a', epoch: 1, token: mint('s', 'a', 1) }

/** The core on the store, which is closed after the test. */
async function opened(spec: string): Promise<Core> {
  const store = await openStore(spec)
  if (store === undefined) throw new Error(`${spec} is no store`)
  onTestFinished(() => store.close())
  return storedCore(store.namespace('n'), mint)
}

const append = async (core: Core, payload: number) =>
  core.execute({ kind: 'append', fence, type: 'entry', payload, session: 'a', request: payload + 2 }, 1)

async function appendUntilItFails(core: Core): Promise<{ acknowledged: number; error: unknown }> {
  for (let acknowledged = 0; ; acknowledged++) {
    try {
      expect(await append(core, acknowledged)).toEqual({ kind: 'appended', seq: acknowledged })
    } catch (error) {
      return { acknowledged, error }
    }
  }
}

async function logOf(spec: string): Promise<readonly LogEvent[]> {
  const log: LogEvent[] = []
  for await (const event of readLog(await opened(spec), 's')) log.push(event)
  return log
}

/** The built command, on a scenario that writes some MiB. */
function run(spec: string) {
  const args = ['run', 'checkpoint-replay-windows', '--param', 'durationMs=5000', '--store', spec]
  return spawnSync(process.execPath, [join(packageRoot(), 'bin/contention.js'), ...args], { encoding: 'utf8' })
}

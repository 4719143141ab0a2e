import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { OpenStore } from '../../src/stores/index.js'
import { type Access, useAs } from '../../src/stores/sqlite/access.js'

/**
 * The least that a store can do: compare a version and swap a record, alone, as a renewal has it, and with an event that is
 * kept in the same step, as an append has it. Each is one statement, transaction, script or commit.
 */
export interface Bare {
  /** What a swap is: for the table. */
  readonly name: string
  swap(): Promise<void>
  append(): Promise<void>
  close(): Promise<void>
}

/** As long as the record of a space is. */
const RECORD = JSON.stringify({ record: 'x'.repeat(330) })
/** As an append of the benchmark is kept. */
const eventAt = (seq: number): string =>
  JSON.stringify({ seq, epoch: 1, owner: 'a', type: 'alias-set', payload: { alias: 'home', page: seq } })

export async function bareOn(kind: string, folder: string, open: OpenStore | undefined, access: Access): Promise<Bare> {
  const synced = access === 'shared-and-synced'
  switch (kind) {
    case 'sqlite':
      return onSqlite(join(folder, 'bare.db'), access)
    case 'git':
      return onGit()
    case 'postgres':
      return onPostgres((open as OpenStore).spec().replace('postgres=', ''), synced)
    case 'redis':
      return onRedis((open as OpenStore).spec().replace('redis=', ''))
    default:
      return onMap()
  }
}

const won = (happened: boolean): void => {
  if (!happened) throw new Error('nobody else swaps here')
}

function onMap(): Bare {
  const map = new Map<string, { version: number; record: string }>([['s', { version: 0, record: RECORD }]])
  const events: string[] = []
  let version = 0
  const swap = () => {
    won(map.get('s')?.version === version)
    version += 1
    map.set('s', { version, record: RECORD })
  }
  return {
    name: 'bare Map',
    swap: async () => swap(),
    append: async () => {
      swap()
      events.push(eventAt(version))
    },
    close: async () => undefined,
  }
}

async function onSqlite(file: string, access: Access): Promise<Bare> {
  const { default: Database } = await import('libsql')
  const database = new Database(file)
  useAs(database, access)
  database.exec('CREATE TABLE bare (key TEXT PRIMARY KEY, version INTEGER, record TEXT) WITHOUT ROWID')
  database.prepare('INSERT INTO bare VALUES (?, 0, ?)').run('s', RECORD)
  const update = database.prepare('UPDATE bare SET version = version + 1, record = ?1 WHERE key = ?2 AND version = ?3')
  database.exec('CREATE TABLE bare_event (key TEXT, seq INTEGER, event TEXT, PRIMARY KEY (key, seq)) WITHOUT ROWID')
  const insert = database.prepare('INSERT INTO bare_event VALUES (?1, ?2, ?3)')
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  let version = 0
  const swap = () => {
    won(update.run([RECORD, 's', version]).changes === 1)
    version += 1
  }
  return {
    name: 'bare UPDATE',
    swap: async () => swap(),
    append: async () => {
      begin.run()
      swap()
      insert.run(['s', version, eventAt(version)])
      commit.run()
    },
    close: async () => void database.close(),
  }
}

async function onPostgres(url: string, synced: boolean): Promise<Bare> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  if (!synced) await client.query('SET synchronous_commit = off')
  await client.query('CREATE TABLE bare (key text PRIMARY KEY, version bigint, record text) WITH (fillfactor = 50)')
  await client.query('INSERT INTO bare VALUES ($1, 0, $2)', ['s', RECORD])
  await client.query('CREATE TABLE bare_event (key text, seq bigint, event text, PRIMARY KEY (key, seq))')
  const { rows } = await client.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'",
  )
  const together = keepApart(rows.map(({ pid }) => pid))
  const text = 'UPDATE bare SET version = version + 1, record = $1 WHERE key = $2 AND version = $3'
  const both = `WITH won AS (${text} RETURNING 1) INSERT INTO bare_event SELECT $2, $4, $5 FROM won`
  let version = 0
  return {
    name: 'bare UPDATE',
    swap: async () => {
      const { rowCount } = await client.query({ name: 'bare', text, values: [RECORD, 's', version] })
      won(rowCount === 1)
      version += 1
    },
    append: async () => {
      const values = [RECORD, 's', version, version, eventAt(version)]
      const { rowCount } = await client.query({ name: 'bare-append', text: both, values })
      won(rowCount === 1)
      version += 1
    },
    close: async () => {
      together()
      await client.query('DROP TABLE bare, bare_event')
      await client.end()
    },
  }
}

/**
 * A session of Postgres is a process. One that the system happens to run on the core of this process answers in 100 µs, one
 * on another core in 200, and so it stays: chance would decide what is compared. So none is on the core of this one.
 * Returns what undoes it.
 */
function keepApart(sessions: readonly number[]): () => void {
  const last = availableParallelism() - 1
  const keep = (pid: number, cores: string) => spawnSync('taskset', ['-a', '-p', '-c', cores, String(pid)]).status === 0
  if (last < 1 || !sessions.every((pid) => keep(pid, `1-${last}`)) || !keep(process.pid, '0')) {
    console.error(
      'postgres: taskset keeps nothing apart here: chance decides which session shares a core with its client',
    )
  }
  return () => void keep(process.pid, `0-${last}`)
}

async function onRedis(url: string): Promise<Bare> {
  const { createClient } = await import('redis')
  const client = createClient({ url, RESP: 2 })
  client.on('error', () => undefined)
  await client.connect()
  const script = `
    if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
    redis.call('HSET', KEYS[1], 'version', ARGV[2], 'record', unpack(ARGV, 3))
    return 1`
  const digest = await client.scriptLoad(script)
  await client.hSet('bare', { version: '0', record: RECORD })
  let version = 0
  const swap = async (event: readonly string[]) => {
    const values = [`${version}`, `${version + 1}`, RECORD, ...event]
    won((await client.evalSha(digest, { keys: ['bare'], arguments: values })) === 1)
    version += 1
  }
  return {
    name: 'bare script',
    swap: async () => swap([]),
    append: async () => swap([`e:${version}`, eventAt(version)]),
    close: async () => {
      await client.del('bare')
      client.destroy()
    },
  }
}

/** One commit and one move of a ref, by the same plumbing: loose objects of our own, one `git update-ref --stdin`. */
async function onGit(): Promise<Bare> {
  const { makeRepository } = await import('../../src/stores/git/repository.js')
  const { openObjects } = await import('../../src/stores/git/objects.js')
  const { openRefs } = await import('../../src/stores/git/refs.js')
  const repository = await makeRepository()
  const objects = openObjects(repository)
  const refs = openRefs(repository)
  let before: string | undefined
  let version = 0
  const tree = objects.write('tree', Buffer.alloc(0))
  const swap = async (event: string) => {
    version += 1
    const who = `bare <bare@localhost> ${version} +0000`
    const parent = before === undefined ? '' : `parent ${before}\n`
    const commit = `tree ${tree}\n${parent}author ${who}\ncommitter ${who}\n\n${version}\n\n${RECORD}\n${event}\n`
    const after = objects.write('commit', Buffer.from(commit))
    won(await refs.move('refs/bare/s', before, after))
    before = after
  }
  return {
    name: 'bare commit',
    swap: async () => swap(''),
    append: async () => swap(eventAt(version)),
    close: async () => {
      await Promise.all([objects.close(), refs.close()])
      repository.remove()
    },
  }
}

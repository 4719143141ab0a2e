import { join } from 'node:path'
import type { OpenStore } from '../../src/stores/index.js'

/** The least that a store can do: compare a version, and swap a record. */
export interface Bare {
  readonly name: string
  swap(): Promise<void>
  close(): Promise<void>
}

/** As long as the record of a space is. */
const RECORD = JSON.stringify({ record: 'x'.repeat(330) })

export async function bareOn(kind: string, folder: string, open: OpenStore | undefined): Promise<Bare> {
  switch (kind) {
    case 'sqlite':
      return onSqlite(join(folder, 'bare.db'))
    case 'git':
      return onGit()
    case 'postgres':
      return onPostgres((open as OpenStore).spec().replace('postgres=', ''))
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
  let version = 0
  return {
    name: 'bare Map',
    swap: async () => {
      won(map.get('s')?.version === version)
      version += 1
      map.set('s', { version, record: RECORD })
    },
    close: async () => undefined,
  }
}

async function onSqlite(file: string): Promise<Bare> {
  const { default: Database } = await import('libsql')
  const database = new Database(file)
  database.exec('PRAGMA journal_mode = WAL')
  database.exec('PRAGMA synchronous = FULL')
  database.exec('CREATE TABLE bare (key TEXT PRIMARY KEY, version INTEGER, record TEXT) WITHOUT ROWID')
  database.prepare('INSERT INTO bare VALUES (?, 0, ?)').run('s', RECORD)
  const update = database.prepare('UPDATE bare SET version = version + 1, record = ?1 WHERE key = ?2 AND version = ?3')
  let version = 0
  return {
    name: 'bare UPDATE',
    swap: async () => {
      won(update.run(RECORD, 's', version).changes === 1)
      version += 1
    },
    close: async () => void database.close(),
  }
}

async function onPostgres(url: string): Promise<Bare> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  await client.query('CREATE TABLE bare (key text PRIMARY KEY, version bigint, record text) WITH (fillfactor = 50)')
  await client.query('INSERT INTO bare VALUES ($1, 0, $2)', ['s', RECORD])
  const text = 'UPDATE bare SET version = version + 1, record = $1 WHERE key = $2 AND version = $3'
  let version = 0
  return {
    name: 'bare UPDATE',
    swap: async () => {
      const { rowCount } = await client.query({ name: 'bare', text, values: [RECORD, 's', version] })
      won(rowCount === 1)
      version += 1
    },
    close: async () => {
      await client.query('DROP TABLE bare')
      await client.end()
    },
  }
}

async function onRedis(url: string): Promise<Bare> {
  const { createClient } = await import('redis')
  const client = createClient({ url, RESP: 2 })
  client.on('error', () => undefined)
  await client.connect()
  const script = `
    if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
    redis.call('HSET', KEYS[1], 'version', ARGV[2], 'record', ARGV[3])
    return 1`
  const digest = await client.scriptLoad(script)
  await client.hSet('bare', { version: '0', record: RECORD })
  let version = 0
  return {
    name: 'bare script',
    swap: async () => {
      const done = await client.evalSha(digest, { keys: ['bare'], arguments: [`${version}`, `${version + 1}`, RECORD] })
      won(done === 1)
      version += 1
    },
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
  return {
    name: 'bare commit',
    swap: async () => {
      version += 1
      const tree = objects.write('tree', Buffer.alloc(0))
      const who = `bare <bare@localhost> ${version} +0000`
      const parent = before === undefined ? '' : `parent ${before}\n`
      const commit = `tree ${tree}\n${parent}author ${who}\ncommitter ${who}\n\n${version}\n\n${RECORD}\n`
      const after = objects.write('commit', Buffer.from(commit))
      won(await refs.move('refs/bare/s', before, after))
      before = after
    },
    close: async () => {
      await Promise.all([objects.close(), refs.close()])
      repository.remove()
    },
  }
}

import { randomUUID } from 'node:crypto'
import type { LogEffect } from '../../log/index.js'
import type { OpenOptions, OpenStore, Store } from '../store.js'
import { StoreError } from '../store-error.js'
import { parseAddress } from './address.js'
import { type Call, type Connection, connectionTo } from './connection.js'
import { promiseOf } from './promise.js'
import { ADOPT, run, SWAP, TRUNCATE, VIEW } from './scripts.js'
import { type RedisServer, startRedis } from './server.js'

const FORMAT_KEY = 'contention:format'
const FORMAT = '2'

/**
 * A store in a Redis database: the one at `url`, or at REDIS_URL, or on a server of its own that goes with the store.
 */
export async function openRedis(
  url: string | undefined,
  { env = {}, durable = true }: OpenOptions,
): Promise<OpenStore> {
  const given = url ?? (env['REDIS_URL'] || undefined)
  if (given !== undefined) return openAt(given, undefined)
  const server = await startRedis(durable ? {} : { appendonly: 'no', appendfsync: 'no' })
  try {
    return await openAt(server.url, server)
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function openAt(url: string, own: RedisServer | undefined): Promise<OpenStore> {
  const address = parseAddress(url)
  const connection = await connectionTo(address, greeting(`redis ${address.place}`))
  const { call } = connection
  try {
    const promise = await promiseOf(await connected(connection))
    return {
      kind: 'redis',
      spec: () => `redis=${url}`,
      ...(own === undefined ? {} : { server: own }),
      place: own === undefined ? address.place : 'a server of its own',
      promise,
      namespace: (name) => namespaceOf(call, name),
      namespaces: async (prefix) => {
        const names = new Set<string>()
        await scan(call, `contention:{${prefix}*`, async (keys) => {
          for (const key of keys) names.add(key.slice('contention:{'.length).split('/', 1)[0] as string)
        })
        return [...names]
      },
      remove: (name) => scan(call, `contention:{${name}/*`, (keys) => call(['UNLINK', ...keys])),
      close: async () => {
        connection.close()
        await own?.stop()
      },
    }
  } catch (error) {
    connection.close()
    throw error
  }
}

/** What is wrong with the server is to be said now, and not be taken for settings that it keeps to itself. */
async function connected({ call }: Connection): Promise<Call> {
  await call(['PING'])
  return call
}

/**
 * Marks a database as ours on first use, and refuses one of another format. A connection that was lost may come back to a
 * server that has lost everything: then the mark is gone, or another's. To go on would be to begin anew, with epochs that
 * were given away before.
 */
function greeting(store: string): (call: Call) => Promise<void> {
  let known: unknown
  return async (call) => {
    const [format, identity] = await markOf(call, known === undefined)
    if (known !== undefined && identity !== known) throw new Error('CONTENTION lost: the mark of the database is gone')
    known = identity
    if (format === FORMAT) return
    throw new StoreError({
      what: 'what the Redis database holds was made by another version of contention, or by somebody else',
      store,
      found: `${FORMAT_KEY} with format ${format ?? 'none'}`,
      expected: `format ${FORMAT}`,
      todo: 'name another database (redis://host:port/1), or use the version that made it',
    })
  }
}

async function markOf(call: Call, adopt: boolean): Promise<readonly (string | null)[]> {
  const seen = (await call(['HMGET', FORMAT_KEY, 'format', 'identity'])) as (string | null)[]
  if (seen[0] !== null || !adopt) return seen
  return (await call(['EVAL', ADOPT.source, '1', FORMAT_KEY, FORMAT, randomUUID()])) as (string | null)[]
}

function namespaceOf(call: Call, namespace: string): Store {
  // The braces keep what a cluster would have to keep together.
  const keyOf = (space: string) => `contention:{${namespace}/${space}}`
  return {
    async load(space, session) {
      const fields = await call(['HMGET', keyOf(space), 'version', 'record', `s:${session}`])
      const [version, record, told] = fields as (string | null)[]
      return { version: Number(version ?? 0), record: record ?? undefined, session: told ?? undefined }
    },
    async swap(space, { version, record, sessionKey, session, effect }) {
      const telling = session === undefined ? [] : [`s:${sessionKey}`, session]
      const fields = ['version', String(version + 1), 'record', record, ...telling, ...fieldsOf(effect)]
      const swapped =
        effect?.kind === 'truncate'
          ? await run(call, TRUNCATE, keyOf(space), [String(version), String(effect.beforeSeq), ...fields])
          : await run(call, SWAP, keyOf(space), [
              String(version),
              effect?.kind === 'append' ? String(effect.event.seq) : '',
              ...fields,
            ])
      return swapped === 1
    },
    async view(space, fromSeq, limit) {
      const values = [String(Math.ceil(fromSeq)), String(Math.min(limit, Number.MAX_SAFE_INTEGER))]
      const view = (await run(call, VIEW, keyOf(space), values)) as (string | null)[]
      const [record, checkpoint, ...events] = view
      return { record: record ?? undefined, checkpoint: checkpoint ?? undefined, events: events as string[] }
    },
  }
}

function fieldsOf(effect: LogEffect | undefined): readonly string[] {
  switch (effect?.kind) {
    case 'append':
      return [`e:${effect.event.seq}`, JSON.stringify(effect.event), 'next', String(effect.event.seq + 1)]
    case 'checkpoint':
      return ['checkpoint', JSON.stringify(effect.checkpoint)]
    case 'truncate':
      return ['first', String(effect.beforeSeq)]
    case undefined:
      return []
  }
}

/** The keys that fit, in groups. */
async function scan(call: Call, pattern: string, take: (keys: readonly string[]) => Promise<unknown>): Promise<void> {
  let cursor = '0'
  do {
    const [next, keys] = (await call(['SCAN', cursor, 'MATCH', pattern, 'COUNT', '1000'])) as [string, string[]]
    if (keys.length > 0) await take(keys)
    cursor = next
  } while (cursor !== '0')
}

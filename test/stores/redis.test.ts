import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { inspect } from 'node:util'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type OpenStore,
  openStore,
  type Store,
  StoreError,
  type StoreProblem,
  type Swap,
} from '../../src/stores/index.js'
import { makeFolder, serversIn } from '../../src/stores/redis/leftovers.js'
import { problemOf } from '../../src/stores/redis/problems.js'
import { inWords } from '../../src/stores/redis/promise.js'
import { openRedis } from '../../src/stores/redis/redis.js'
import { type RedisServer, type RedisServerOptions, startRedis } from '../../src/stores/redis/server.js'
import { selfSigned } from '../support/certificate.js'
import { built, start } from '../support/child.js'
import { describeWith, isInPath } from '../support/needs.js'
import { describeStore } from './behaviour.js'

const describeRedis = describeWith('redis-server in PATH', isInPath('redis-server'))

describeRedis('redis', () => {
  let shared: RedisServer
  const servers: RedisServer[] = []
  const stores: OpenStore[] = []
  const listeners: Server[] = []

  beforeAll(async () => {
    shared = await startRedis()
  })
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()))
    await Promise.all([shared, ...servers].map((server) => server.stop()))
    for (const listener of listeners) listener.close()
    // A process that waits for its disk ends when the disk is done.
  }, 30_000)

  const serverOf = async (options?: RedisServerOptions): Promise<RedisServer> => {
    const server = await startRedis(options)
    servers.push(server)
    return server
  }
  const opened = async (url: string): Promise<OpenStore> => {
    const store = await openStore(`redis=${url}`)
    if (store === undefined) throw new Error('redis is a store')
    stores.push(store)
    return store
  }
  /** Says things to a server that a store has no business to say. */
  const tell = async (url: string, ...commands: string[][]): Promise<void> => {
    const client = createClient({ url })
    client.on('error', () => undefined)
    await client.connect()
    for (const command of commands) await client.sendCommand(command)
    client.destroy()
  }
  /** A database of the shared server: each is as a server of its own that nobody used. */
  let databases = 0
  const database = () => shared.url.replace(/0$/, String(++databases))

  describeStore('redis', () => opened(shared.url))

  describe('what it promises', () => {
    it('keeps what was acknowledged when the server is killed in the middle of swaps', async () => {
      const server = await serverOf()
      const store = await opened(server.url)
      expect(store.promise).toContain('survives the death of the server and of its machine')
      const kept = store.namespace('kept')
      for (let round = 0; round < 3; round++) {
        const before = (await kept.load('s', 'session')).version
        const acknowledged = await swapUntilItFails(kept, before, () => server.kill())
        await server.restart()
        const { version } = await kept.load('s', 'session')
        const { events } = await kept.view('s', 0, 100_000)
        expect(acknowledged).toBeGreaterThan(before)
        // The swap under way may have happened or not.
        expect(version - acknowledged).toBeOneOf([0, 1])
        expect(events.map((event) => JSON.parse(event).seq)).toEqual(Array.from({ length: version }, (_, seq) => seq))
      }
    })

    it('cannot keep it on a server that writes nothing down, and says so', async () => {
      const server = await serverOf({ appendonly: 'no' })
      const store = await opened(server.url)
      expect(store.promise).toContain('nothing that is acknowledged survives the end of the server')
      const lost = store.namespace('lost')
      expect(await swapUntilItFails(lost, 0, () => server.kill())).toBeGreaterThan(0)
      await server.restart()
      // To whoever saw it there, it is gone, not new: an epoch that was given away is not given again.
      expect(await problem(lost.load('s', 'session'))).toMatchObject({
        what: 'the Redis server has lost what it had acknowledged',
      })
      expect(await problem(lost.swap('s', swapOf(0)))).toMatchObject({ todo: expect.stringContaining('append-only') })
      const anew = await opened(server.url)
      expect((await anew.namespace('lost').load('s', 'session')).version).toBe(0)
    })

    it('knows a space that was there, and a log that is not whole', async () => {
      const url = database()
      const kept = (await opened(url)).namespace('n')
      for (let version = 0; version < 3; version++) await kept.swap('s', swapOf(version, version))
      await tell(url, ['HDEL', 'contention:{n/s}', 'e:1'])
      expect(await problem(kept.view('s', 0, 9))).toMatchObject({ found: expect.stringContaining('no event 1') })
      await tell(url, ['HDEL', 'contention:{n/s}', 'next'])
      expect(await problem(kept.swap('s', swapOf(3, 3)))).toMatchObject({
        what: expect.stringContaining('events that were acknowledged are missing'),
      })
      await tell(url, ['DEL', 'contention:{n/s}'])
      expect(await problem(kept.swap('s', swapOf(3, 3)))).toMatchObject({
        what: 'the Redis server has lost what it had acknowledged',
      })
      // One space may have been removed, and begins anew; where everything is gone, nothing does.
      expect(await kept.swap('s', swapOf(0, 0))).toBe(true)
      await tell(url, ['FLUSHDB'])
      for (const version of [1, 0, 0]) {
        expect(await problem(kept.swap('s', swapOf(version)))).toMatchObject({
          what: 'the Redis server has lost what it had acknowledged',
        })
      }
    })

    it('says of every setting what it amounts to', () => {
      const settings = { appendonly: 'yes', appendfsync: 'everysec', save: '', maxmemory: '0' }
      expect(inWords(settings)).toContain('last two seconds may be lost')
      expect(inWords({ ...settings, appendfsync: 'no' })).toContain('may be lost with its machine')
      expect(inWords({ ...settings, appendonly: 'no', save: '3600 1' })).toContain('since the last snapshot')
      expect(inWords({ ...settings, maxmemory: '1', 'maxmemory-policy': 'allkeys-lru' })).toContain('allkeys-lru')
      expect(inWords({ ...settings, maxmemory: '1', 'maxmemory-policy': 'noeviction' })).not.toContain('forgets')
    })

    it('truncates and pages through more events than one command of the server takes', async () => {
      // On one that does not sync: thousands of swaps would wait for the disk.
      const kept = (await opened((await serverOf({ appendonly: 'no' })).url)).namespace('n')
      for (let version = 0; version < 2_500; version++) await kept.swap('s', swapOf(version, version))
      expect((await kept.view('s', 0, 1e9)).events).toHaveLength(2_500)
      const truncate = { kind: 'truncate', beforeSeq: 2_100 } as const
      expect(await kept.swap('s', { ...swapOf(2_500), effect: truncate })).toBe(true)
      const { events } = await kept.view('s', 0, 1e9)
      expect([events.length, JSON.parse(events[0] ?? '').seq]).toEqual([400, 2_100])
    })

    it('tells a script again to a server that has forgotten it', async () => {
      const url = database()
      const kept = (await opened(url)).namespace('n')
      expect(await kept.swap('s', swapOf(0))).toBe(true)
      await tell(url, ['SCRIPT', 'FLUSH'])
      expect(await kept.swap('s', swapOf(1))).toBe(true)
    })
  })

  describe('what it refuses', () => {
    it('another format, and keys of somebody else', async () => {
      const format = database()
      await opened(format)
      await tell(format, ['HSET', 'contention:format', 'format', '99'])
      expect(await problem(opened(format))).toMatchObject({
        found: expect.stringContaining('99'),
        expected: 'format 2',
      })
      const mark = database()
      await tell(mark, ['SET', 'contention:format', 'of another program'])
      expect(await problem(opened(mark))).toMatchObject({ what: expect.stringContaining("somebody else's") })
      const unlike = database()
      await tell(unlike, ['HSET', 'contention:format', 'a', 'b'])
      expect(await problem(opened(unlike))).toMatchObject({ found: expect.stringContaining('format none') })
      const key = database()
      await tell(key, ['SET', 'contention:{n/s}', 'x'], ['HSET', 'contention:{n/t}', 'a', 'b'])
      const kept = (await opened(key)).namespace('n')
      const foreign = { what: expect.stringContaining("somebody else's") }
      expect(await problem(kept.load('s', 'a'))).toMatchObject(foreign)
      expect(await problem(kept.swap('s', swapOf(0)))).toMatchObject(foreign)
      expect(await problem(kept.swap('t', swapOf(0)))).toMatchObject(foreign)
      expect(await problem(kept.view('s', 0, 1))).toMatchObject(foreign)
    })

    it('a server that is not there, a host that is none, a URL that is none', async () => {
      const closed = await listening(() => undefined)
      await new Promise((resolve) => closed.server.close(resolve))
      expect(await problem(opened(closed.url))).toMatchObject({
        what: 'no Redis server answers',
        store: expect.stringMatching(/^redis 127\.0\.0\.1:\d+\/0$/),
        found: expect.stringContaining('ECONNREFUSED'),
      })
      expect(await problem(opened('redis://no-such-host.invalid'))).toMatchObject({
        what: "the Redis server's host is not known",
      })
      for (const url of ['host:6379', 'http://host', 'redis://host/a', 'redis://u:%zz@host', 'redis://u:p/w@host']) {
        expect(await problem(opened(url)), url).toMatchObject({ what: 'the URL of the Redis server cannot be read' })
      }
    })

    describe('what is there instead of a server, or speaks otherwise', () => {
      const refused = async (url: string) => (await problem(opened(url))) as StoreProblem
      const secured = (url: string) => url.replace('redis:', 'rediss:')

      it.each<[string, (socket: Socket) => unknown]>([
        ['at once', (socket) => socket.destroy()],
        ['when it is asked, as Postgres does', (socket) => socket.once('data', () => socket.destroy())],
        ['in good order', (socket) => socket.end()],
      ])('hangs up %s', async (_, meet) => {
        const { url } = await listening(meet)
        for (const each of [url, secured(url)]) {
          expect(await refused(each)).toMatchObject({
            what: 'what listens there hangs up without a word',
            store: expect.stringMatching(/^redis 127\.0\.0\.1:\d+\/0$/),
            todo: expect.stringMatching(/check host and port.*Postgres.*in its log/),
          })
        }
      })

      it('never says a word', async () => {
        const { url } = await listening(() => undefined)
        const both = await Promise.all([refused(url), refused(secured(url))])
        const silent = {
          what: 'what listens there never says a word',
          found: 'connected, but silent for 5000 ms',
          todo: expect.stringContaining('whether it hangs'),
        }
        expect(both).toMatchObject([silent, silent])
      })

      it.each([
        ['HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
        ['SSH', 'SSH-2.0-OpenSSH_9\r\n'],
        ['Postgres, of a protocol that it does not know', 'E\0\0\0\u0020SFATAL\0C0A000\0Munsupported\0\0'],
      ])('speaks %s', async (_, says) => {
        const { url } = await listening((socket) => socket.once('data', () => socket.write(says)))
        for (const each of [url, secured(url)]) {
          expect(await refused(each)).toMatchObject({
            what: 'what answers there does not speak the language of Redis',
            found: expect.stringMatching(/Unknown RESP type|WRONG_VERSION_NUMBER/),
            todo: expect.stringContaining('another program at this one'),
          })
        }
      })

      it('speaks TLS alone, with a certificate that nobody knows', async () => {
        const { port } = await listeningSecurely('+PONG\r\n')
        expect(await refused(`redis://127.0.0.1:${port}`)).toMatchObject({
          what: 'the Redis server there speaks TLS alone, and the URL is one without',
          todo: 'write rediss:// instead of redis://',
        })
        expect(await refused(`rediss://127.0.0.1:${port}`)).toMatchObject({
          what: 'the certificate of the Redis server is not one that this machine trusts for this host',
          found: 'DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate',
          todo: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
        })
      })

      it('speaks HTTP, if over TLS', async () => {
        const { port } = await listeningSecurely('HTTP/1.1 400 Bad Request\r\n\r\n')
        expect((await refused(`redis://127.0.0.1:${port}`)).what).toContain('does not speak the language of Redis')
      })

      it('wants a certificate of its client', async () => {
        const { port } = await listeningSecurely('+PONG\r\n', { requestCert: true, rejectUnauthorized: true })
        expect((await refused(`redis://127.0.0.1:${port}`)).todo).toContain('rediss://')
      })

      it('speaks no TLS', async () => {
        expect(await refused(secured(shared.url))).toMatchObject({
          what: 'the Redis server there speaks no TLS, and the URL asks for it',
          todo: expect.stringContaining('write redis:// instead of rediss://'),
        })
      })
    })

    it('a wrong password, and a user without the rights', async () => {
      const { port } = new URL(shared.url)
      expect(await problem(opened(`redis://127.0.0.1:${port}`))).toMatchObject({
        what: 'the Redis server wants a password, and none was given',
        found: expect.stringContaining('NOAUTH'),
      })
      for (const user of ['', 'somebody']) {
        const url = `redis://${user}:wrong-secret@127.0.0.1:${port}`
        expect(await problem(opened(url))).toMatchObject({
          what: 'the Redis server does not accept the user or the password',
          found: expect.stringContaining('WRONGPASS'),
        })
      }
      const rules = ['on', '>secret', '~contention:*', '+@read', '+@connection', '+@scripting']
      await tell(shared.url, ['ACL', 'SETUSER', 'reader', ...rules])
      const store = await opened(`redis://reader:secret@127.0.0.1:${port}`)
      expect(store.promise).toContain('is not known')
      expect(await problem(store.namespace('n').swap('s', swapOf(0)))).toMatchObject({
        what: 'the Redis user may not do what a store has to',
      })
      // What the message advises is enough.
      const enough = ['on', '>secret', '~contention:*', '+@hash', '+@keyspace', '+@scripting', '+@connection']
      await tell(shared.url, ['ACL', 'SETUSER', 'writer', ...enough, '+config|get'])
      const allowed = await opened(`redis://writer:secret@127.0.0.1:${port}`)
      expect(await allowed.namespace('acl').swap('s', swapOf(0))).toBe(true)
      expect(allowed.promise).toContain('survives')
      await allowed.remove('acl')
    })

    it('to write where there is no memory left, no disk, or only a replica', async () => {
      const server = await serverOf()
      const kept = (await opened(server.url)).namespace('n')
      const refused = async (what: string, begin: string[][], end: string[][]) => {
        const { version } = await kept.load('s', 'session')
        await tell(server.url, ...begin)
        expect(await problem(kept.swap('s', swapOf(version, version)))).toMatchObject({ what })
        await tell(server.url, ...end)
        expect((await kept.load('s', 'session')).version).toBe(version)
        expect(await kept.swap('s', swapOf(version, version))).toBe(true)
      }
      const memory = (bytes: string) => [['CONFIG', 'SET', 'maxmemory', bytes]]
      await refused('the memory of the Redis server is full (maxmemory): it takes no more', memory('1'), memory('0'))
      await refused(
        'the Redis server is a replica that takes no writes',
        [['REPLICAOF', '127.0.0.1', '1']],
        [['REPLICAOF', 'NO', 'ONE']],
      )
      expect((await kept.view('s', 0, 9)).events).toHaveLength(2)
      // It can write no snapshot where its folder was.
      await tell(server.url, ['CONFIG', 'SET', 'save', '3600 1'])
      const { port } = new URL(server.url)
      rmSync(folderOf(port), { recursive: true })
      await tell(server.url, ['BGSAVE'])
      const full = { what: 'the Redis server cannot write to its disk, and takes no writes until it can' }
      let tries = 0
      const inNewSpace = () => problem(kept.swap(`t${++tries}`, swapOf(0)))
      await expect.poll(inNewSpace, { timeout: 10_000 }).toMatchObject(full)
    })

    it('tells apart what servers say, also from within a script', () => {
      const what = (message: string) => problemOf(new Error(message), 'host:1/0').problem.what
      expect(what('MISCONF Redis is configured to save RDB snapshots')).toContain('cannot write to its disk')
      expect(what('ERR Error running script: @user_script:1: -OOM command not allowed')).toContain('memory')
      expect(what('LOADING Redis is loading the dataset in memory')).toContain('still loading')
      expect(what('MOVED 3999 127.0.0.1:6381')).toContain('cluster')
      expect(what('ERR DB index is out of range')).toContain('database of this number')
      expect(what('ERR something new')).toBe('the Redis server cannot be used')
    })

    it('never shows a password', async () => {
      const secret = 'hunter2-secret'
      const { port } = new URL(shared.url)
      const urls = [
        `redis://user:${secret}@127.0.0.1:${port}/0`,
        `redis://:${secret}@127.0.0.1:1`,
        `redis://user:${secret}@no-such-host.invalid`,
        `redis://user:a@${secret}@127.0.0.1:1`,
        `redis://user:${secret}/@127.0.0.1`,
        `http://user:${secret}@127.0.0.1`,
        `redis://user:${secret}@127.0.0.1/name`,
      ]
      for (const spec of [...urls.map((url) => `redis=${url}`), `redsi=${urls[3]}`]) {
        const error = await openStore(spec).catch((thrown) => thrown)
        expect(error).toBeInstanceOf(StoreError)
        expect(inspect(error, { depth: 9, showHidden: true }), spec).not.toContain(secret)
      }
      const store = await opened(shared.url)
      expect(inspect(store)).not.toContain(new URL(shared.url).password)
      expect(store.place).toBe(`127.0.0.1:${port}/0`)
    })
  })

  describe('a server that goes away', () => {
    it('rejects the call under way, and connects anew for a later one', async () => {
      const server = await serverOf()
      const store = await opened(server.url)
      const kept = store.namespace('n')
      expect(await kept.swap('s', swapOf(0))).toBe(true)
      await server.kill()
      expect(await problem(kept.load('s', 'session'))).toMatchObject({ store: expect.stringContaining('127.0.0.1') })
      expect(await problem(kept.swap('s', swapOf(1)))).toMatchObject({ what: 'no Redis server answers' })
      await server.restart()
      const both = await Promise.all([kept.swap('s', swapOf(1)), kept.load('s', 'session')])
      expect(both[0]).toBe(true)
      await store.close()
      expect(await problem(kept.load('s', 'session'))).toMatchObject({ what: 'the store is closed' })
    })
  })

  describe('a server of its own', () => {
    it('comes with the store and goes with it', async () => {
      const before = folders()
      const store = await openRedis(undefined, {})
      const made = folders().filter((name) => !before.includes(name))
      expect(made).toHaveLength(1)
      expect([store.place, store.promise]).toEqual(['a server of its own', expect.stringContaining('survives')])
      expect(await store.namespace('n').swap('s', swapOf(0))).toBe(true)
      await store.close()
      expect(folders().filter((name) => made.includes(name))).toEqual([])
    })

    it('is not started when REDIS_URL says where one is', async () => {
      const store = await openRedis(undefined, { env: { REDIS_URL: shared.url } })
      expect(store.place).toBe(`127.0.0.1:${new URL(shared.url).port}/0`)
      await store.close()
    })

    it('says how to get one where there is none', async () => {
      const { PATH } = process.env
      process.env['PATH'] = '/nowhere'
      try {
        expect(await problem(startRedis())).toMatchObject({
          found: 'no redis-server in PATH',
          todo: expect.stringMatching(/apt-get install redis-server.*redis=redis:\/\//),
        })
      } finally {
        process.env['PATH'] = PATH
      }
    })

    it('ends with its process, however that ends; after SIGKILL the next start clears up', async () => {
      const program = built('test/stores/redis-starter.ts')
      for (const [signal, how] of [
        [undefined, 'exit'],
        ['SIGINT', 'wait'],
        ['SIGTERM', 'wait'],
        ['SIGKILL', 'wait'],
      ] as const) {
        const { child, lines, printed, ended } = start(process.execPath, [program, how])
        await printed(1)
        const { folder, pid } = JSON.parse(lines[0] ?? '{}') as { folder: string; pid: number }
        if (how === 'wait') expect(isRunning(pid)).toBe(true)
        if (signal !== undefined) child.kill(signal)
        expect(await ended).toBe(signal ?? 0)
        if (signal === 'SIGKILL') {
          expect([isRunning(pid), existsSync(folder)]).toEqual([true, true])
          await (await startRedis()).stop()
        }
        // An orphan is there until the system has taken note of its end.
        await expect.poll(() => isRunning(pid), { timeout: 20_000 }).toBe(false)
        expect(existsSync(folder), `${signal}`).toBe(false)
      }
      rmSync(dirname(program), { recursive: true })
    })

    it('is cleared up wherever its process was killed, but not while that is just starting one', async () => {
      const { pid: dead } = spawnSync(process.execPath, ['-e', ''])
      const own = makeFolder()
      const left = ['without', 'withon'].map((end) => own.replace(/-\d+-\w+$/, `-${dead}-${end.slice(-6)}`))
      const [bare = '', serving = ''] = left
      for (const folder of left) mkdirSync(folder)
      for (const folder of [own, bare]) writeFileSync(join(folder, 'redis.conf'), 'requirepass secret\n')
      // A server that is up before anybody has noted which it is.
      // One that listens nowhere would end by itself.
      writeFileSync(join(serving, 'redis.conf'), `port 0\nunixsocket ${join(serving, 'socket')}\nset-proc-title no\n`)
      const server = spawn('redis-server', [join(serving, 'redis.conf')], { stdio: 'ignore' })
      const ended = new Promise((resolve) => server.once('exit', (_code, signal) => resolve(signal)))
      await expect.poll(() => serversIn(serving)).toEqual([server.pid])
      await (await startRedis()).stop()
      expect(await ended).toBe('SIGKILL')
      expect([own, bare, serving].map((folder) => existsSync(folder))).toEqual([true, false, false])
      rmSync(own, { recursive: true })
    })

    it('touches no folder that only looks like one of its own', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'contention-redis-1-'))
      const other = mkdtempSync(join(tmpdir(), 'contention-redis-none-'))
      await (await startRedis()).stop()
      expect([existsSync(folder), existsSync(other)]).toEqual([true, true])
      rmSync(folder, { recursive: true })
      rmSync(other, { recursive: true })
    })
  })

  const listeningSecurely = async (says: string, options: TlsOptions = {}) => {
    const server = createTlsServer({ ...selfSigned('localhost'), ...options }, (socket) => {
      socket.on('error', () => undefined)
      socket.on('data', () => socket.write(says))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    listeners.push(server)
    return server.address() as { port: number }
  }
  const listening = async (meet: (socket: Socket) => void) => {
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      meet(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    listeners.push(server)
    return { server, url: `redis://127.0.0.1:${(server.address() as { port: number }).port}` }
  }
})

/** One swap after another until one is rejected, after `strike` in the middle of them. The version acknowledged last. */
async function swapUntilItFails(store: Store, from: number, strike: () => Promise<void>): Promise<number> {
  let struck: Promise<void> | undefined
  for (let version = from; ; version++) {
    if (version === from + 50) struck = strike()
    try {
      expect(await store.swap('s', swapOf(version, version))).toBe(true)
    } catch (error) {
      expect(error).toBeInstanceOf(StoreError)
      await struck
      return version
    }
  }
}

const swapOf = (version: number, seq?: number): Swap => ({
  version,
  record: '{}',
  sessionKey: 'session',
  by: 'session',
  session: '{}',
  effect:
    seq === undefined
      ? undefined
      : { kind: 'append', event: { seq, epoch: 1, owner: 'a', type: 'entry', payload: null } },
  atMs: version,
  command: 'append',
})

async function problem(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (thrown) => thrown,
  )
  return error instanceof StoreError ? error.problem : error
}

/** The folder of the server of ours on `port`. */
function folderOf(port: string): string {
  const paths = folders().map((name) => join(tmpdir(), name))
  const found = paths.find((path) => readFileSync(join(path, 'redis.conf'), 'utf8').includes(`port ${port}\n`))
  if (found === undefined) throw new Error(`no server on ${port}`)
  return found
}

const folders = (): readonly string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('contention-redis-'))

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

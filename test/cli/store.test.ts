import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { builtInScenarios } from '../../scenarios/index.js'
import { packageRoot } from '../../src/package.js'
import { runMatrix } from '../../src/run/index.js'
import { openStore, runsOn } from '../../src/stores/index.js'
import { processesNamed } from '../../src/stores/processes/processes.js'
import { storedSubject } from '../../src/subject/index.js'
import { everyStore, openTwice } from '../stores/every-store.js'
import { cliInThread as cli, folder, ownProject, polite } from '../support/cli.js'
import { describeWith, isInPath } from '../support/needs.js'
import { credentialsOfStore, SECRET } from '../support/passwords.js'

describe('--store', () => {
  it('runs on a file of its own, says so, and leaves nothing', async () => {
    const project = ownProject(polite)
    await cli(project, ['update'])
    const temporary = folder()
    vi.stubEnv('TMPDIR', temporary)
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(await cli(project, ['check', '--store', 'sqlite'])).toEqual({
      code: 0,
      stdout: 'PASS  no drift: 1 scenario behaves as in the snapshot; no budget: own-scenario\n',
      stderr: 'on sqlite: a file of its own\n',
    })
    expect(readdirSync(temporary).filter((name) => name.startsWith('contention-'))).toEqual([])
  })

  it('takes one that is named, and removes what it put there, and nothing else', async () => {
    const project = ownProject(polite)
    const inMemory = await cli(project, ['run', '--json'])
    for (let times = 0; times < 2; times++) {
      const stored = await cli(project, ['run', '--json', '--store', 'sqlite=kept.db'])
      expect(stored).toEqual(inMemory)
    }
    const open = await openStore(`sqlite=${join(project, 'kept.db')}`)
    expect(existsSync(join(project, 'kept.db'))).toBe(true)
    expect((await open?.namespace('mine').load('s', 'a'))?.version).toBe(0)
    await open?.close()
    const { default: Database } = await import('libsql')
    const rows = new Database(join(project, 'kept.db')).prepare('SELECT * FROM contention_space').all()
    expect(rows).toEqual([])
  })

  it('takes a name of the configuration, whose path is relative to that', async () => {
    const config = JSON.stringify({ stores: { ci: 'sqlite=ci.db' } })
    const project = folder({ 'contention.config.json': config, 'sub/empty.txt': '' })
    const { code, stderr } = await cli(join(project, 'sub'), ['conformance', '--store', 'ci'])
    expect([code, stderr]).toEqual([0, `on sqlite: ${join(project, 'ci.db')}\n`])
    writeFileSync(join(project, 'contention.config.json'), JSON.stringify({ stores: { Ci: 1 } }))
    expect(await cli(project, ['conformance', '--store', 'ci'])).toMatchObject({ code: 2, stdout: '' })
  })

  it('explores with worker threads of which each has a namespace of its own', async () => {
    const project = folder()
    const stored = await cli(project, ['explore', '--seeds', '12', '--json', '--store', 'sqlite', '--workers', '2'])
    const inMemory = await cli(project, ['explore', '--seeds', '12', '--json'])
    expect(stored.code).toBe(0)
    expect(JSON.parse(stored.stdout)).toEqual(JSON.parse(inMemory.stdout))
  })

  it('checks the contract of the built-in core on a store', async () => {
    const { code, stdout } = await cli(folder(), ['conformance', '--store', 'sqlite', '--quiet'])
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^PASS {2}built-in: \d+ hold, 0 broken, 0 skipped\n$/)])
  })

  for (const [what, spec, said] of [
    ['a store that does not exist', 'mysql', /there is no store "mysql"[\s\S]*one of memory, sqlite, git/],
    ['a slip of one', 'postgress', /there is no store "postgress"\n.*\n {2}expected: postgres\?\n/],
    ['a password in what is no store', 'mysql=mysql://me:secret@host/db', /there is no store "mysql=…"/],
    ['a password after an @', 'mysql=mysql://me@there:secret@host/db', /there is no store "mysql=…"/],
    ['a password with a space', 'mysql=mysql://me:a secret@host/db', /there is no store "mysql=…"/],
    ['a password as a parameter', 'postgress=postgres://h/d?password=secret', /there is no store "postgress=/],
    ['a URL of no store', 'mysql://me:secret@host/db', /there is no store "mysql…"\n {2}store: {4}mysql…\n/],
    ['a password in what is no URL', 'me:secret@host/db', /there is no store "me…"/],
    [
      'a server that does not answer, by its URL alone',
      'postgres://me:secret@127.0.0.1:1/db?schema=x',
      /127\.0\.0\.1:1/,
    ],
    ['a server that does not answer, by its URL alone', 'rediss://me:secret@127.0.0.1:1', /127\.0\.0\.1:1/],
    ['a URL where a folder should be', 'git=https://me:secret@host/x.git', /it has no URL[\s\S]*a repository/],
    ['a URL where a file should be', 'sqlite=postgres://me:secret@host/db', /it has no URL[\s\S]*a file/],
    ['no name', '', /there is no store ""/],
    ['an empty place', 'sqlite=', /there is no store "sqlite="/],
    ['a folder that does not exist', 'sqlite=no/such/folder/x.db', /cannot be opened[\s\S]*to do: {4}make its folder/],
    ['a URL that is the beginning of what is advised', 'postgres://user', /to do: .*postgres:\/\/user:password@host/],
    ['a server that does not answer', 'postgres=postgres://me:secret@127.0.0.1:1/db', /127\.0\.0\.1:1/],
    ['a server that does not answer', 'redis=redis://me:secret@127.0.0.1:1', /127\.0\.0\.1:1/],
    [
      'a password that a URL cannot hold as it is',
      'redis=redis://me:12#secret@127.0.0.1:1',
      /cannot be read[\s\S]*percent-encoded/,
    ],
    ['a folder that is no repository', 'git=/', /repository/],
  ] as const) {
    it(`refuses ${what}: ${spec}`, async () => {
      const project = ownProject(polite)
      const { code, stdout, stderr } = await cli(project, ['run', '--store', spec])
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(said)
      expect(stderr).not.toMatch(/secret|\bat .*:\d+:\d+/)
    })
  }

  it.each([
    { stores: { ci: ['postgres', 'postgres://me:secret@host/db'] } },
    { stores: 'postgres=postgres://me:secret@host/db' },
    { stores: { 'postgres://me:secret@host/db': 1 } },
    { stores: { ci: ['me:secret@host'] } },
    { stores: ['me:secret@host', { 'me:secret@host': 'postgres:me:secret@host' }] },
  ])('shows nothing of a URL in a configuration that cannot be used: %o', async (config) => {
    const project = folder({ 'contention.config.json': JSON.stringify(config) })
    const { code, stderr } = await cli(project, ['run'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('is not a configuration')])
    expect(stderr).not.toContain('secret')
  })

  it('prints no part of a password, wherever it was typed', async () => {
    const project = folder()
    const places: readonly ((given: string) => readonly string[])[] = [
      ...['run', 'check', 'explore', 'conformance'].map((name) => (given: string) => [name, '--store', given]),
      (given) => ['conformance', '--processes', '2', `--store=${given}`],
      (given) => ['conformance', '--store', 'ci', '--config', configOf(given)],
      (given) => ['verify', '--commit', 'abcd', '--database-url', given],
      (given) => ['verify', '--commit', 'abcd', '--scenario', given],
      (given) => ['run', `--stroe=${given}`],
      (given) => ['run', given],
      (given) => ['run', '--seed', given],
      ...['--config', '--budget', '--subject'].map((option) => (given: string) => ['run', option, given]),
      (given) => ['run', `--budget=${given}`],
      (given) => ['conformance', '--subject', `../${given}`],
      (given) => ['verify', '--commit', 'abcd', '--from', given],
      (given) => ['replay', given],
      (given) => [given],
    ]
    const configOf = (given: string): string => {
      writeFileSync(join(project, 'named.config.json'), JSON.stringify({ stores: { ci: given } }))
      return 'named.config.json'
    }
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...places),
        credentialsOfStore,
        fc.constantFrom([], ['--json']),
        async (place, given, more) => {
          const { code, stdout, stderr } = await cli(project, [...place(given), ...more])
          expect(code).toBe(2)
          expect(stderr).not.toMatch(/bug|\bat .*:\d+:\d+/)
          expect(stdout + stderr).not.toContain(SECRET)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('ends an exploration on a slow store soon after Ctrl-C, and at its time', async () => {
    const { ended, signalAll } = started(['explore', '--store', 'git', '--seeds', '100000'], folder())
    setTimeout(() => signalAll('SIGINT'), 4_000)
    const { code, stderr } = await ended
    expect([code, stderr]).toEqual([2, expect.stringContaining('stopped before its end')])
    const timed = await cli(folder(), ['explore', '--store', 'git', '--time', '2s'])
    expect([timed.code, timed.stdout]).toEqual([0, expect.stringContaining('PASS  no failure in ')])
  })

  it.each(['refs', 'objects', 'refs/heads'])('refuses a folder of the repository itself: %s', async (within) => {
    const project = folder()
    execFileSync('git', ['init', '--quiet', '--bare', join(project, 'bare.git')])
    const { code, stderr } = await cli(project, ['run', '--store', `git=bare.git/${within}`])
    expect([code, stderr]).toEqual([2, expect.stringMatching(/lies within one[\s\S]* of another[\s\S]*git init/)])
    const inside = ['conformance', '--quiet', '--store', 'git=bare.git']
    expect((await cli(project, inside)).code).toBe(0)
  })

  it('refuses a folder within another repository, and one whose configuration is broken', async () => {
    const project = folder()
    execFileSync('git', ['init', '--quiet', project])
    mkdirSync(join(project, 'data'))
    const { code, stderr } = await cli(project, ['run', '--store', 'git=data'])
    expect([code, stderr]).toEqual([2, expect.stringMatching(/lies within one[\s\S]*data\/ of another[\s\S]*git init/)])
    expect((await cli(project, ['conformance', '--store', 'git=.', '--quiet'])).code).toBe(0)
    writeFileSync(join(project, '.git', 'config'), '[[[')
    const broken = await cli(project, ['conformance', '--store', 'git=.', '--quiet'])
    expect([broken.code, broken.stderr]).toEqual([2, expect.stringMatching(/bad config[\s\S]*to do: {4}mend the file/)])
  })

  it('says so when a file lacks a table that was there', async () => {
    const project = folder()
    const args = ['conformance', '--store', 'sqlite=x.db', '--quiet']
    expect((await cli(project, args)).code).toBe(0)
    const { default: Database } = await import('libsql')
    const database = new Database(join(project, 'x.db'))
    database.exec('DROP TABLE contention_session')
    database.close()
    const { code, stderr } = await cli(project, args)
    expect([code, stderr]).toEqual([2, expect.stringMatching(/no such table[\s\S]*to do: {4}name another file/)])
    expect(stderr).not.toMatch(/bug|\bat .*:\d+:\d+/)
  })

  it('says in JSON too what is wrong with a store, where, and what to do', async () => {
    const spec = 'redis=redis://me:secret@127.0.0.1:1'
    const { code, stdout } = await cli(ownProject(polite), ['run', '--json', '--store', spec])
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toEqual({
      verdict: 'not-checked',
      error: {
        what: 'no Redis server answers',
        store: 'redis 127.0.0.1:1/0',
        found: expect.stringContaining('ECONNREFUSED'),
        todo: expect.stringContaining('start the server'),
      },
    })
  })

  for (const { kind, describe: describeKind } of everyStore) {
    describeKind(kind, () => {
      it(`says that there is no folder for temporary files: ${kind}`, async () => {
        const env = { ...process.env, TMPDIR: '/dev/null/folder' }
        const { code, stdout, stderr } = await started(['run', '--store', kind], ownProject(polite), env).ended
        expect([code, stdout]).toEqual([2, ''])
        expect(stderr).toMatch(/folder for temporary files[\s\S]*\/dev\/null\/folder[\s\S]*TMPDIR/)
      })
    })
  }

  it.each(['run', 'check', 'explore', 'conformance'])(
    'takes one store, and not the last of several: %s',
    async (name) => {
      const project = ownProject(polite)
      const two = ['--store', 'sqlite=one.db', '--store', 'redis=redis://me:secret@127.0.0.1:1']
      const { code, stdout, stderr } = await cli(project, [name, ...two])
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(/--store was given more than once[\s\S]*one at the most[\s\S]*once for each of them/)
      expect(stderr).not.toContain('secret')
      expect(existsSync(join(project, 'one.db'))).toBe(false)
    },
  )

  it("refuses a file that is somebody else's, and leaves it as it was", async () => {
    const project = ownProject(polite)
    writeFileSync(join(project, 'text.db'), 'this is no database, but it is long enough to be looked at'.repeat(20))
    const { code, stderr } = await cli(project, ['check', '--store', 'sqlite=text.db'])
    expect(code).toBe(2)
    expect(stderr).toContain('text.db')
  })

  it('refuses a subject with a core of its own: it would not be on the store', async () => {
    const project = ownProject(polite)
    writeFileSync(
      join(project, 'mine.mjs'),
      "export default { name: 'mine', core: () => ({ acquire: () => ({ kind: 'lease-held' }) }) }",
    )
    const { code, stderr } = await cli(project, ['run', '--subject', 'mine.mjs', '--store', 'sqlite'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/subject "mine" cannot be put on a store[\s\S]*core of its own/)
  })

  it('is stopped by Ctrl-C, and removes what it has made', async () => {
    const temporary = folder()
    const child = spawn(
      process.execPath,
      [join(packageRoot(), 'bin/contention.js'), 'run', '--store', 'sqlite', '--param', 'durationMs=600000'],
      { cwd: temporary, env: { ...process.env, TMPDIR: temporary }, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let stderr = ''
    child.stderr.on('data', (text) => {
      stderr += text
      if (stderr.includes('on sqlite')) setTimeout(() => child.kill('SIGINT'), 500)
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect(code).toBe(2)
    expect(stderr).toContain('stopped before its end')
    expect(readdirSync(temporary)).toEqual([])
  })
})

/** The command in a process group of its own, as at a terminal. What it printed, and how it ended. */
function started(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env) {
  const child = spawn(process.execPath, [join(packageRoot(), 'bin/contention.js'), ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (text) => {
    said.stdout += text
  })
  child.stderr.on('data', (text) => {
    said.stderr += text
  })
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, ...said })),
  )
  return { ended, signalAll: (signal: NodeJS.Signals) => process.kill(-(child.pid as number), signal) }
}

/** The processes of the Redis servers whose folders are in `temporary`. */
const serversIn = (temporary: string): readonly number[] =>
  processesNamed(`redis-server ${temporary}`).map(({ pid }) => pid)

const processesNaming = (text: string): readonly string[] =>
  execFileSync('ps', ['-eww', '-o', 'args='], { encoding: 'utf8' })
    .split('\n')
    .filter((args) => args.includes(text))

describe('a command on a store that is stopped, or waits', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('an exploration ends in good order at %s', async (signal) => {
    const temporary = folder()
    const { ended, signalAll } = started(
      ['explore', '--store', 'sqlite', '--time', '60s', '--workers', '1', '--quiet'],
      temporary,
      { ...process.env, TMPDIR: temporary },
    )
    setTimeout(() => signalAll(signal), 3_000)
    const startedMs = Date.now()
    expect(await ended).toEqual({ code: 2, stdout: '', stderr: 'stopped before its end\n' })
    expect(Date.now() - startedMs).toBeLessThan(30_000)
    expect(readdirSync(temporary)).toEqual([])
  })

  for (const { kind, describe: describeKind } of everyStore) {
    describeKind(kind, () => {
      it.each([
        ['SIGINT', 'run'],
        ['SIGHUP', 'run'],
        ['SIGINT', 'explore'],
        ['SIGTERM', 'explore'],
      ] as const)(`leaves nothing of ${kind} at %s while it is being opened: %s`, async (signal, name) => {
        const temporary = folder()
        // For the server of Postgres, which may run as another user.
        chmodSync(temporary, 0o755)
        const env = { ...process.env, TMPDIR: temporary }
        const { ended, signalAll } = started([name, '--store', kind, '--quiet'], temporary, env)
        while (!readdirSync(temporary).some((name) => name.startsWith('contention-'))) await sleep(1)
        signalAll(signal)
        const { code, stderr } = await ended
        // An exploration that had begun by then stops in its own way.
        expect([code, stderr]).toEqual([2, expect.stringMatching(/^(error: )?stopped before its end\n/)])
        expect(processesNaming(temporary)).toEqual([])
        expect(readdirSync(temporary)).toEqual([])
      })
    })
  }

  /** Believes in its lease for too long; says by a file that it has been asked so often, one failure takes fewer to find, and takes its time from then on. */
  const overconfident = `
import { writeFileSync } from 'node:fs'
let asked = 0
export default {
  name: 'overconfident',
  client: {
    believesUntilMs: ({ receivedAtMs, ttlMs }) => {
      asked += 1
      if (asked === 350) writeFileSync('found', '')
      if (asked > 350) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
      return receivedAtMs + 10 * ttlMs
    },
  },
}`
  it.each([
    ['in memory, while it looks for more', ['--max-failures', '1000']],
    ['on a store, while it looks for more', ['--max-failures', '1000', '--store', 'sqlite']],
    ['in memory, while it is made small', []],
    ['on a store, while it is made small', ['--store', 'sqlite']],
  ])('tells at Ctrl-C what an exploration has found: %s', async (_, more) => {
    const project = folder({ 'subject.mjs': overconfident })
    const args = ['explore', 'lease-lifecycle', '--subject', 'subject.mjs', '--time', '60s', '--workers', '1']
    const { ended, signalAll } = started([...args, ...more], project)
    const early = ended.then(({ stderr }) => stderr)
    while (!existsSync(join(project, 'found'))) expect(await Promise.race([early, sleep(5)])).toBeUndefined()
    signalAll('SIGINT')
    const { code, stdout } = await ended
    expect(code).toBe(1)
    expect(stdout).toMatch(/FAIL .*exclusive-belief/)
    const [file] = readdirSync(join(project, 'counterexamples'))
    expect(stdout).toContain(`npx contention replay counterexamples/${file}`)
  })

  it.each([
    ['run', '--param', 'durationMs=600000'],
    ['explore', '--time', '20s', '--workers', '2'],
  ])('a run that another start has removed says so: %s', async (...command) => {
    const project = folder()
    const open = await openStore(`sqlite=${join(project, 'x.db')}`)
    const { ended } = started([...command, '--store', 'sqlite=x.db', '--quiet'], project)
    const names = async () => (await open?.namespaces('run-')) ?? []
    await expect.poll(names, { timeout: 20_000 }).toHaveLength(command.includes('run') ? 2 : 3)
    for (const name of (await names()).filter((each) => !each.endsWith('-mark'))) await open?.remove(name)
    for (const name of await names()) await open?.remove(name)
    const { code, stderr } = await ended
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: another start has taken this run for dead/)])
    await open?.close()
  })

  it('a race that Ctrl-C ends at a terminal has no process that could not go on', async () => {
    const { ended, signalAll } = started(
      ['conformance', '--store', 'sqlite', '--processes', '2', '--seconds', '60', '--quiet'],
      folder(),
    )
    setTimeout(() => signalAll('SIGINT'), 4_000)
    const { code, stderr } = await ended
    expect([code, stderr]).toEqual([2, 'stopped before its end\n'])
  })

  describeWith('redis-server in PATH', isInPath('redis-server'))('whose server does not answer', () => {
    it.each([
      ['run', '--param', 'durationMs=600000'],
      ['explore', '--seeds', '100000', '--workers', '1'],
      ['conformance', '--processes', '2', '--seconds', '30'],
    ])('ends soon after Ctrl-C, and says so: %s', async (...command) => {
      const temporary = folder()
      const env = { ...process.env, TMPDIR: temporary }
      const { ended, signalAll } = started([...command, '--store', 'redis', '--quiet'], temporary, env)
      const early = ended.then(({ stderr }) => stderr)
      while (serversIn(temporary).length === 0) expect(await Promise.race([early, sleep(5)])).toBeUndefined()
      await sleep(3_000)
      for (const pid of serversIn(temporary)) process.kill(pid, 'SIGSTOP')
      await sleep(500)
      const atMs = Date.now()
      signalAll('SIGINT')
      const stderr = 'stopped before its end: redis a server of its own does not answer\n'
      expect(await ended).toEqual({ code: 2, stdout: '', stderr })
      expect(Date.now() - atMs).toBeLessThan(25_000)
      expect([temporary, join(packageRoot(), 'dist/racer.js')].flatMap(processesNaming)).toEqual([])
      expect(readdirSync(temporary)).toEqual([])
    })
  })

  describeWith('redis-server in PATH', isInPath('redis-server'))('a race whose server is just killed', () => {
    it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
      'tells at %s what was found until then, and leaves nothing',
      async (signal) => {
        const temporary = folder()
        const race = [
          'conformance',
          '--store',
          'redis',
          '--processes',
          '4',
          '--seconds',
          '20',
          '--kill',
          '--restart-server',
        ]
        const { ended, signalAll } = started(race, temporary, { ...process.env, TMPDIR: temporary })
        const early = ended.then(({ stderr }) => stderr)
        const servers = new Set<number>()
        while (servers.size < 2) {
          expect(await Promise.race([early, sleep(1)])).toBeUndefined()
          for (const pid of serversIn(temporary)) servers.add(pid)
        }
        const atMs = Date.now()
        signalAll(signal)
        const { code, stdout, stderr } = await ended
        expect(Date.now() - atMs).toBeLessThan(25_000)
        expect([code, stderr]).toEqual([2, 'on redis: a server of its own\nstopped before its end\n'])
        expect(stdout).toMatch(
          /^✓ one total order[^✗]*\nSTOP {2}redis: 4 processes, [\d,]+ appends acknowledged.*again 1 time/,
        )
        expect([temporary, join(packageRoot(), 'dist/racer.js')].flatMap(processesNaming)).toEqual([])
        expect(readdirSync(temporary)).toEqual([])
      },
    )
  })

  it('a store that is slow is not a subject that never answers', async () => {
    const project = folder()
    const store = await openStore(`sqlite=${join(project, 'slow.db')}`)
    await store?.close()
    const { default: Database } = await import('libsql')
    const other = new Database(join(project, 'slow.db'))
    other.exec('PRAGMA busy_timeout = 5000')
    const { ended } = started(
      ['explore', '--store', 'sqlite=slow.db', '--seeds', '30', '--workers', '2', '--patience', '1', '--quiet'],
      project,
    )
    // It opens the store while it is free, and finds it locked at one of its swaps.
    const space = other.prepare('SELECT count(*) AS count FROM contention_space')
    while ((space.get() as { count: number }).count === 0) await sleep(10)
    other.exec('BEGIN IMMEDIATE')
    await sleep(5_000)
    other.exec('ROLLBACK')
    other.close()
    expect(await ended).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})

describe('the same scenario and seed give the same report and signature', () => {
  const parameters = Object.fromEntries(builtInScenarios.map(({ name }) => [name, { durationMs: 4_000 }]))
  const inMemory = runMatrix(builtInScenarios, { seed: 7, parameters })
  for (const { kind, describe: describeKind } of everyStore) {
    describeKind(kind, () => {
      it(`on ${kind} as in memory`, async () => {
        const [one, other] = await openTwice(kind)
        try {
          const subject = storedSubject(runsOn(one, 'signature'))
          expect(await runMatrix(builtInScenarios, { seed: 7, parameters, subject })).toEqual(await inMemory)
        } finally {
          await other.close()
          await one.close()
        }
      })
    })
  }
})

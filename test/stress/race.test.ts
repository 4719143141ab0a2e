import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/package.js'
import { type OpenStore, openStore } from '../../src/stores/index.js'
import { openRedis } from '../../src/stores/redis/redis.js'
import { startRedis } from '../../src/stores/redis/server.js'
import { Acknowledged, RaceJudge, runRace } from '../../src/stress/index.js'
import { everyStore } from '../stores/every-store.js'
import { cliInThread as cli, folder } from '../support/cli.js'
import { describeWith, isInPath } from '../support/needs.js'

const program = join(packageRoot(), 'dist/racer.js')
const event = (seq: number, epoch: number, owner: string, id: string) => ({
  seq,
  epoch,
  owner,
  type: 'raced',
  payload: id,
})
const sound = [event(0, 1, 'a', 'a/1'), event(1, 1, 'a', 'a/2'), event(2, 3, 'b', 'b/1'), event(3, 4, 'a', 'a/3')]

/** What is broken in a race whose log is `log`, and in which this was told besides what is true of the sound one. */
function brokenIn(log: typeof sound, told: (acknowledged: Acknowledged) => void = () => undefined, head = log.length) {
  const acknowledged = new Acknowledged()
  for (const { payload, ...written } of sound) {
    acknowledged.add({ kind: 'appended', space: 's', id: payload, ...written })
  }
  for (const [epoch, owner] of [
    [1, 'a'],
    [3, 'b'],
    [4, 'a'],
  ] as const) {
    acknowledged.add({ kind: 'granted', space: 's', epoch, owner, session: `${owner}#1` })
  }
  acknowledged.add({ kind: 'tried-old-fence', space: 's', epoch: 1, accepted: false })
  told(acknowledged)
  const judge = new RaceJudge(acknowledged)
  judge.read('s', log.slice(0, 2))
  judge.read('s', log.slice(2))
  return judge.end(new Map([['s', head]])).filter(({ held }) => !held)
}

const names = (log: typeof sound, told?: (acknowledged: Acknowledged) => void, head?: number) =>
  brokenIn(log, told, head).map(({ name }) => name)

describe('the judge of a race', () => {
  it('finds nothing wrong with a race in which all went well, nor with appends that were never acknowledged', () => {
    expect(brokenIn(sound)).toEqual([])
    expect(brokenIn([...sound, event(4, 4, 'a', 'a/4')])).toEqual([])
  })

  it.each<[string, readonly string[]]>([
    ['a gap', names(sound.map((each) => (each.seq === 3 ? { ...each, seq: 4 } : each)))],
    ['a head beyond the log', names(sound, undefined, 5)],
    ['a fork', names([...sound, { ...event(3, 4, 'a', 'a/4') }], undefined, 4)],
  ])('sees %s', (_, broken) => {
    expect(broken).toContain('one total order, without gap or fork')
  })

  it('sees an old owner that writes again', () => {
    expect(names([...sound, event(4, 3, 'b', 'b/2')])).toEqual(['epochs only grow along the log'])
    expect(names([...sound, event(4, 4, 'b', 'b/2')])).toContain('epochs only grow along the log')
  })

  it('sees an epoch that two were given', () => {
    const told = (to: Acknowledged) => to.add({ kind: 'granted', space: 's', epoch: 3, owner: 'c', session: 'c#1' })
    expect(names(sound, told)).toEqual(['no epoch is granted twice'])
  })

  it('sees an acknowledged append that is lost, or stands elsewhere', () => {
    const kept = 'every acknowledged append is in the log, where it was said to be'
    expect(names(sound.slice(0, 3))).toEqual([kept])
    const written = { kind: 'appended', epoch: 4, owner: 'a', id: 'a/3' } as const
    expect(names(sound, (to) => to.add({ ...written, space: 's', seq: 0 }))).toEqual([kept])
    expect(names(sound, (to) => to.add({ ...written, space: 't', seq: 3 }))).toEqual([kept])
  })

  it('sees an append that is there twice, and a write with an old fence', () => {
    expect(names([...sound, event(4, 4, 'a', 'a/3')])).toEqual([
      'every append is in the log once, however often it was sent',
    ])
    const told = (to: Acknowledged) => to.add({ kind: 'tried-old-fence', space: 's', epoch: 1, accepted: true })
    expect(names(sound, told)).toEqual(['nobody writes with an old fence'])
  })

  it('sees an event that has not the owner, the epoch or the type with which it was appended', () => {
    const kept = 'every event has the epoch, the owner and the type with which it was appended'
    const last = (change: object) => [...sound.slice(0, 3), { ...(sound[3] as (typeof sound)[0]), ...change }]
    for (const change of [{ owner: 'b' }, { epoch: 7 }, { type: 'other' }]) expect(names(last(change))).toEqual([kept])
    // Of one without an acknowledgement it is known to whom the epoch was granted, unless nobody told of that either.
    expect(names([...sound, event(4, 5, 'c', 'c/1')])).toEqual([])
    expect(names([...sound, { ...event(4, 5, 'c', 'c/1'), type: 'other' }])).toEqual([kept])
    const told = (to: Acknowledged) => to.add({ kind: 'granted', space: 's', epoch: 5, owner: 'b', session: 'b#2' })
    expect(names([...sound, event(4, 5, 'b', 'b/2')], told)).toEqual([])
    expect(names([...sound, event(4, 5, 'c', 'c/1')], told)).toEqual([kept])
  })

  it('does not say of what it has not seen that it held', () => {
    const results = new RaceJudge(new Acknowledged()).end(new Map())
    expect(results).toHaveLength(7)
    for (const result of results) expect(result).toMatchObject({ seen: 0, evidence: 'nothing was seen of it' })
  })

  it('shows the first few of many', () => {
    const [broken] = brokenIn(sound.slice(0, 1), (to) => {
      for (let seq = 10; seq < 20; seq++)
        to.add({ kind: 'appended', space: 's', seq, epoch: 5, owner: 'c', id: `c/${seq}` })
    })
    expect(broken?.evidence).toMatch(/^a\/2 was acknowledged as s 1; .*, and 10 more$/)
  })
})

const options = { processes: 3, seconds: 1.5, kill: true, restartServer: false, program }

async function opened(spec: string): Promise<OpenStore> {
  const open = await openStore(spec)
  if (open === undefined) throw new TypeError(`${spec} is no store`)
  return open
}

describe('a race', () => {
  for (const { kind, describe: describeKind } of everyStore) {
    describeKind(kind, () => {
      it(`of processes that are killed is held on ${kind}`, async () => {
        const open = await opened(kind)
        try {
          const race = await runRace(open, 'race', options)
          expect(race.failures).toEqual([])
          expect(race.results.filter(({ held }) => !held)).toEqual([])
          expect(race.appends).toBeGreaterThan(0)
          expect(race.killed).toBeGreaterThan(0)
        } finally {
          await open.close()
        }
      })
    })
  }

  const ours = () =>
    execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(program))
      .map((line) => Number.parseInt(line, 10))

  /** What is broken in a race on `spec` to which `happens` is done when something has been acknowledged. */
  const brokenWhen = async (spec: string, happens: (spec: string) => unknown) => {
    const open = await opened(spec)
    let happened: unknown
    const onProgress = ({ appends }: { readonly appends: number }) => {
      if (appends > 20) happened ??= happens(open.spec()) ?? true
    }
    try {
      const race = await runRace(open, 'race', { ...options, seconds: 3, kill: false, onProgress })
      await happened
      expect([happened !== undefined, race.failures]).toEqual([true, []])
      return race.results.filter(({ held }) => !held).map(({ name }) => name)
    } finally {
      await open.close()
    }
  }
  const LOST = 'the store keeps what it has acknowledged'

  it.skipIf(process.platform === 'win32')(
    'is lost with its file, though the file goes on for whoever has it open',
    async () => {
      const file = join(folder(), 'x.db')
      const removed = brokenWhen(`sqlite=${file}`, () => {
        for (const each of [file, `${file}-wal`, `${file}-shm`]) rmSync(each, { force: true })
      })
      expect(await removed).toEqual([LOST])
    },
  )

  it.each([
    ['owner', "'somebody'"],
    ['epoch', '1000000'],
    ['type', "'other'"],
  ])('is not held where somebody changes in every event its %s', async (field, value) => {
    const { default: Database } = await import('libsql')
    const changed = brokenWhen(`sqlite=${join(folder(), 'x.db')}`, (spec) => {
      const database = new Database(spec.slice('sqlite='.length))
      database.exec(`PRAGMA busy_timeout = 5000;
        CREATE TRIGGER changing AFTER INSERT ON contention_space WHEN new.seq < ${Number.MAX_SAFE_INTEGER} BEGIN
          UPDATE contention_space SET body = json_set(body, '$.${field}', ${value})
            WHERE namespace = new.namespace AND space = new.space AND seq = new.seq; END`)
      database.close()
    })
    expect(await changed).toContain('every event has the epoch, the owner and the type with which it was appended')
  })

  everyStore
    .find(({ kind }) => kind === 'postgres')
    ?.describe('whose schema is dropped', () => {
      it('is lost', async () => {
        const { Client } = await import('pg')
        const dropped = brokenWhen('postgres', async (spec) => {
          const client = new Client({ connectionString: spec.slice('postgres='.length) })
          await client.connect()
          // The race holds locks in another order now and then: then one of the two is told of a deadlock.
          while (true) {
            const refused = await client.query('DROP SCHEMA contention CASCADE').then(
              () => undefined,
              (error: { readonly code?: string }) => error,
            )
            if (refused === undefined) break
            if (refused.code !== '40P01') throw refused
          }
          await client.end()
        })
        expect(await dropped).toEqual([LOST])
      })
    })

  describeWith('git in PATH', isInPath('git'))('on a ref of which somebody puts a commit', () => {
    it('is lost, and the commit stays', async () => {
      const repository = folder()
      execFileSync('git', ['init', '--quiet', '--bare', repository])
      const git = (...args: readonly string[]) => {
        const who = ['-c', 'user.name=a', '-c', 'user.email=a@b']
        return execFileSync('git', ['-C', repository, ...who, ...args], { encoding: 'utf8', input: '' }).trim()
      }
      const foreign = git('commit-tree', '-m', 'mine', git('mktree'))
      const put = () => {
        const [ref = ''] = git('for-each-ref', '--format=%(refname)', 'refs/contention/race').split('\n')
        execFileSync('sh', [
          '-c',
          `until git -C "$0" update-ref "$1" "$2" 2> "$0/said"; do :; done`,
          repository,
          ref,
          foreign,
        ])
      }
      expect(await brokenWhen(`git=${repository}`, put)).toEqual([LOST])
      const open = await opened(`git=${repository}`)
      await open.remove('race')
      await open.close()
      expect(git('for-each-ref', '--format=%(objectname)', 'refs/contention')).toBe(foreign)
    })
  })

  it('that had to kill a process which hung says so', async () => {
    const open = await opened('sqlite')
    try {
      let stopped: number | undefined
      const onProgress = () => {
        stopped ??= ours()[0]
        if (stopped !== undefined) process.kill(stopped, 'SIGSTOP')
      }
      const race = await runRace(open, 'race', { ...options, kill: false, endWithinMs: 5_000, onProgress })
      // Those as well that wait for a lock which it holds.
      expect([race.hung > 0, race.failures]).toEqual([true, []])
      expect(race.results.filter(({ held }) => !held)).toEqual([])
    } finally {
      await open.close()
    }
  })

  it('goes on without a process that a signal has ended which was meant for us', async () => {
    const open = await opened('sqlite')
    try {
      const racing = runRace(open, 'race', { ...options, kill: false })
      await expect.poll(ours, { timeout: 10_000 }).toHaveLength(options.processes)
      const [first, second] = ours()
      process.kill(first as number, 'SIGINT')
      process.kill(second as number, 'SIGHUP')
      const { failures, results } = await racing
      expect([failures, results.filter(({ held }) => !held)]).toEqual([[], []])
    } finally {
      await open.close()
    }
  })

  describeWith('redis-server in PATH', isInPath('redis-server'))('on a server that keeps nothing', () => {
    it('is lost when that is killed: acknowledged appends are gone, and it is said', async () => {
      const server = await startRedis({ appendonly: 'no' })
      const open = await openRedis(server.url, {})
      try {
        const race = await runRace({ ...open, server }, 'race', {
          ...options,
          seconds: 2,
          kill: false,
          restartServer: true,
        })
        const broken = race.results.filter(({ held }) => !held)
        expect(race.failures).toEqual([])
        expect(broken.map(({ evidence }) => evidence).join('\n')).toMatch(/has lost|was acknowledged as/)
      } finally {
        await open.close()
        await server.stop()
      }
    })
  })

  describeWith('redis-server in PATH', isInPath('redis-server'))('on a server of its own', () => {
    it('that was not disturbed as it was asked to be has not been held', async () => {
      const spent = ['conformance', '--store', 'redis', '--processes', '2', '--seconds', '1', '--restart-server']
      const { code, stdout, stderr } = await cli(folder(), spent)
      expect([code, stdout]).toEqual([2, expect.stringMatching(/^FAIL {2}redis: /m)])
      expect(stderr).toMatch(/^error: --restart-server was asked for, [\s\S]*to do: .* more time: --seconds$/m)
      const json = await cli(folder(), [...spent, '--json'])
      expect(json.code).toBe(2)
      expect(JSON.parse(json.stdout)).toMatchObject({
        verdict: 'not-checked',
        serverRestarts: 0,
        undone: [expect.stringContaining('--restart-server')],
      })
    })
  })

  it('says by the command line what was raced, and what holds', async () => {
    const { code, stdout, stderr } = await cli(folder(), [
      'conformance',
      '--store',
      'sqlite',
      '--processes',
      '2',
      '--seconds',
      '1',
    ])
    expect([code, stderr]).toEqual([0, 'on sqlite: a file of its own\n'])
    expect(stdout.replace(/[\d,]+/g, '0')).toMatchInlineSnapshot(`
      "✓ one total order0 without gap or fork (0 events in 0 spaces)
      ✓ epochs only grow along the log (0 ownerships wrote)
      ✓ no epoch is granted twice (0 grants)
      ✓ every acknowledged append is in the log0 where it was said to be (0 appends0 0 more without an acknowledgement)
      ✓ every append is in the log once0 however often it was sent (0 appends)
      ✓ every event has the epoch0 the owner and the type with which it was appended (0 events)
      ✓ nobody writes with an old fence (0 attempts refused)
      PASS  sqlite: 0 processes0 0 appends acknowledged0 0/s
            what is acknowledged survives the death of the process0 not that of the machine
      "
    `)
  })

  it.skipIf(process.platform === 'win32')(
    'for which there are not enough processes says so, and leaves nothing',
    () => {
      const temporary = folder()
      const command = [
        join(packageRoot(), 'bin/contention.js'),
        'conformance',
        '--store',
        'sqlite',
        '--processes',
        '64',
      ]
      const few = ['-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath, ...command]
      const env = { ...process.env, TMPDIR: temporary }
      const text = spawnSync('bash', few, { encoding: 'utf8', env })
      expect(text.status).toBe(2)
      expect(text.stderr).toMatch(/^error: a process could not go on: .*EMFILE\n {2}to do: .*ulimit -n/m)
      const json = spawnSync('bash', [...few, '--json'], { encoding: 'utf8', env })
      expect([json.status, JSON.parse(json.stdout).verdict]).toEqual([2, 'not-checked'])
      expect(JSON.parse(json.stdout).failures).toHaveLength(1)
      expect(readdirSync(temporary)).toEqual([])
    },
  )

  it.each([
    [['--processes', '1'], /a whole number from 2 to 64/],
    [['--processes', '4'], /nothing that several processes could race on/],
    [['--store', 'sqlite=:memory:', '--processes', '4'], /nothing that several processes could race on/],
    [['--store', 'sqlite', '--restart-server'], /a server that was started for the race/],
    [['--store', 'sqlite', '--seconds', 'ten'], /a whole number from 1/],
    [['--store', 'sqlite', '--seconds', '1', '--subject', 'mine.mjs'], /no subject takes part in it/],
    [['--store', 'sqlite', '--seconds', '1', '--patience', '3'], /nothing to be patient with/],
  ])('is refused with %j', async (given, said) => {
    const { code, stderr } = await cli(folder(), ['conformance', ...given])
    expect(code).toBe(2)
    expect(stderr).toMatch(said)
  })

  it('is nothing without its parent: a racer that is left alone ends', () => {
    const { status, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8', timeout: 10_000 })
    expect([status, stderr]).toEqual([0, ''])
  })
})

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { tokenMint } from '../../src/lease/index.js'
import type { LogEvent } from '../../src/log/index.js'
import { parseAnswers } from '../../src/stores/git/objects.js'
import { packing } from '../../src/stores/git/packing.js'
import { gitError } from '../../src/stores/git/problem.js'
import { findRepository } from '../../src/stores/git/repository.js'
import { formatTree, parseTree } from '../../src/stores/git/tree.js'
import { type OpenStore, openStore, type Store, StoreError, type Swap, storedCore } from '../../src/stores/index.js'
import { packedLog } from '../bench/git-pack.js'
import { built, type Program, start } from '../support/child.js'
import { describeStore } from './behaviour.js'

const folder = mkdtempSync(join(tmpdir(), 'contention-test-'))
const stores: OpenStore[] = []
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const opened = async (spec: string) => {
  const store = await openStore(spec, { durable: false })
  if (store === undefined) throw new Error(`${spec} is no store`)
  return store
}

let repositories = 0
const repository = (...options: readonly string[]): string => {
  const path = join(folder, `repository-${++repositories}`)
  execFileSync('git', ['init', '--quiet', ...options, path])
  return path
}
const git = (path: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-C', path, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trimEnd()
/** Closed after the test. */
const using = async (path: string): Promise<OpenStore> => {
  const store = await opened(`git=${path}`)
  stores.push(store)
  return store
}
const namespaceIn = async (path: string): Promise<Store> => (await using(path)).namespace('n')

const REF = 'refs/contention/n/s'

/** The modes of the folders and files that loose objects are in, each once. */
const modesIn = (path: string): readonly string[] => {
  const objects = join(path, 'objects')
  const names = readdirSync(objects, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /^[0-9a-f]{2}\b/.test(name),
  )
  const modes = names.map((name) => `${name.length === 2 ? 'folder' : 'file'} ${modeOf(join(objects, name))}`)
  return [...new Set(modes)].sort()
}
const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8)

describe('a git repository as a store', () => {
  it('shows what happened to whoever asks git', async () => {
    const path = repository('--bare')
    const kept = await namespaceIn(path)
    await kept.swap('s', swapOf(0, { command: 'acquire', by: 'node-1', atMs: 1_999 }))
    await kept.swap('s', swapOf(1, { effect: event(0), atMs: 2_000 }))
    const checkpoint = { nextSeq: 1, epoch: 1, state: { sum: 0 } }
    await kept.swap('s', swapOf(2, { command: 'checkpoint', effect: { kind: 'checkpoint', checkpoint } }))
    await kept.swap('s', swapOf(3, { command: 'truncate', effect: { kind: 'truncate', beforeSeq: 1 } }))
    expect(git(path, 'log', '--reverse', '--format=%s', REF).split('\n')).toEqual([
      'acquire by node-1',
      'append 0 entry by a',
      'checkpoint before 1 by session',
      'truncate before 1 by session',
    ])
    expect(git(path, 'log', '--reverse', '--format=%ct %an <%ae>', REF).split('\n').slice(0, 2)).toEqual([
      '1 contention <contention@localhost>',
      '2 contention <contention@localhost>',
    ])
    expect(JSON.parse(git(path, 'log', '--format=%(trailers:key=Event,valueonly)', REF).trim())).toEqual(event(0).event)
  })

  it('has a subject of one line, whatever an event is called', async () => {
    const path = repository('--bare')
    const kept = await namespaceIn(path)
    const { event: plain } = event(0)
    const type = 'a\nb\0c\u001b[31m\u202e\ud800 '
    await kept.swap('s', swapOf(0, { effect: { kind: 'append', event: { ...plain, type, owner: '\n' } } }))
    expect(git(path, 'log', '--format=%s', REF)).toBe('append 0 a b c [31m by ?')
    expect(JSON.parse((await kept.view('s', 0, 1)).events[0] ?? '').type).toBe(type)
    git(path, 'fsck', '--strict', '--no-dangling')
  })

  it('makes the same commits of the same commands', async () => {
    const [one, two] = [repository('--bare'), repository()]
    for (const path of [one, two]) {
      const kept = await namespaceIn(path)
      for (let seq = 0; seq < 130; seq++) await kept.swap('s', swapOf(seq, { effect: event(seq) }))
    }
    expect(git(one, 'rev-parse', REF)).toBe(git(two, 'rev-parse', REF))
  })

  it('reads a long log page by page, as it was written, warm and cold, packed and loose', async () => {
    const path = repository('--bare')
    const warm = await namespaceIn(path)
    const count = 3_000
    for (let seq = 0; seq < count; seq++) {
      await warm.swap(
        's',
        swapOf(seq, { effect: event(seq), sessionKey: `session-${seq % 90}`, session: `"told ${seq}"` }),
      )
    }
    const all = Array.from({ length: count }, (_, seq) => JSON.stringify(event(seq).event))
    const whole = async (kept: Store) => {
      expect(await pages(kept, 0, 170)).toEqual(all)
      for (const from of [1, 63, 64, 99, 100, 2_943, 2_944, 2_999, 3_000, 9_999]) {
        expect((await kept.view('s', from, 3)).events).toEqual(all.slice(from, from + 3))
      }
      for (const session of [0, 17, 89]) {
        const last = count - 90 + ((session - (count % 90) + 90) % 90)
        expect((await kept.load('s', `session-${session}`)).session).toBe(`"told ${last}"`)
      }
      expect((await kept.load('s', 'nobody')).session).toBeUndefined()
    }
    await whole(warm)
    await whole(await namespaceIn(path))
    git(path, 'fsck', '--strict')
    git(path, 'gc', '--quiet', '--prune=now')
    git(path, 'fsck', '--strict')
    expect(git(path, 'count-objects')).toMatch(/^0 objects/)
    // The store that was open all the time, and one that is new.
    await whole(warm)
    await whole(await namespaceIn(path))
    expect(await warm.swap('s', swapOf(count, { effect: event(count) }))).toBe(true)
    expect(await (await namespaceIn(path)).swap('s', swapOf(count + 1, { effect: event(count + 1) }))).toBe(true)
    expect((await warm.view('s', count, 9)).events).toHaveLength(2)
    git(path, 'fsck', '--strict')
  })

  it('is packed by git when there is much, where it is to last, and as far as the repository wants that', async () => {
    const path = repository('--bare')
    git(path, 'config', 'gc.autoDetach', 'false')
    const kept = await namespaceIn(path)
    for (let seq = 0; seq < 600; seq++) await kept.swap('s', swapOf(seq, { effect: event(seq) }))
    const packedAfter = async (swaps: number, durable: boolean, auto: string): Promise<number> => {
      git(path, 'config', 'gc.auto', auto)
      const pack = packing(await findRepository(path, durable))
      for (let swap = 0; swap < swaps; swap++) pack.swapped()
      await pack.settled()
      return Number(/in-pack: (\d+)/.exec(git(path, 'count-objects', '--verbose'))?.[1])
    }
    expect(await packedAfter(1_000, false, '100')).toBe(0)
    expect(await packedAfter(1_000, true, '0')).toBe(0)
    expect(await packedAfter(999, true, '100')).toBe(0)
    expect(await packedAfter(1_000, true, '100')).toBeGreaterThan(600)
    git(path, 'fsck', '--strict')
    expect(await kept.swap('s', swapOf(600, { effect: event(600) }))).toBe(true)
    expect(await pages(await namespaceIn(path), 0, 500)).toHaveLength(601)
  })

  it('keeps what has no ref yet when it is packed, whatever the repository does with what nothing leads to', async () => {
    const path = repository('--bare')
    git(path, 'config', 'gc.autoDetach', 'false')
    git(path, 'config', 'gc.auto', '10')
    git(path, 'config', 'gc.pruneExpire', 'now')
    const kept = await namespaceIn(path)
    for (let seq = 0; seq < 300; seq++) await kept.swap('s', swapOf(seq, { effect: event(seq) }))
    // As an append has it that has written its commit, and is about to say so.
    writeFileSync(join(folder, 'written'), 'not yet led to')
    const written = git(path, 'hash-object', '-w', join(folder, 'written'))
    const pack = packing(await findRepository(path, true))
    for (let swap = 0; swap < 1_000; swap++) pack.swapped()
    await pack.settled()
    expect(Number(/in-pack: (\d+)/.exec(git(path, 'count-objects', '--verbose'))?.[1])).toBeGreaterThan(300)
    expect(git(path, 'cat-file', '-t', written)).toBe('blob')
  })

  it('is cleared by several at once', async () => {
    const path = repository('--bare')
    const stores = await Promise.all(Array.from({ length: 4 }, () => using(path)))
    for (let round = 0; round < 5; round++) {
      const kept = (stores[0] as OpenStore).namespace('n')
      for (let space = 0; space < 20; space++) await kept.swap(`s${space}`, swapOf(0))
      await Promise.all(stores.map((store) => store.remove('n')))
      expect(git(path, 'for-each-ref')).toBe('')
    }
  })

  it('is packed by the benchmark as it is written by the store: the same commits', async () => {
    const path = repository('--bare')
    const log = packedLog(path)
    const mint = tokenMint('secret')
    const cores = [storedCore(log.store, mint), storedCore(await namespaceIn(path), mint)]
    const [space, owner] = ['s', 'a']
    const fence = { space, owner, epoch: 1, token: mint(space, owner, 1) }
    for (const core of cores) {
      const claim = { kind: 'claim', space, owner, ttlMs: 1e6, clockMs: 0, expectedEpoch: 0 } as const
      await core.execute({ ...claim, session: 'a', request: 1 }, 0)
      for (let request = 2; request < 300; request++) {
        await core.execute({ kind: 'append', fence, type: 'entry', payload: request, session: 'a', request }, request)
      }
    }
    await log.finish('refs/contention/packed/s')
    expect(git(path, 'rev-parse', 'refs/contention/packed/s')).toBe(git(path, 'rev-parse', REF))
    git(path, 'update-ref', '-d', REF)
    git(path, 'prune', '--expire=now')
    git(path, 'prune-packed')
    expect(git(path, 'count-objects')).toMatch(/^0 objects/)
    git(path, 'fsck', '--strict')
    const packed = (await using(path)).namespace('packed')
    expect((await packed.view('s', 0, 999)).events).toHaveLength(298)
  })

  it('is the same read at any moment, by who wrote it and by who comes new', async () => {
    const path = repository('--bare')
    const one = await using(path)
    const other = await using(path)
    let spaces = 0
    const step = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({ kind: fc.constant('append' as const), times: fc.integer({ min: 1, max: 90 }) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('checkpoint' as const), times: fc.constant(1) }) },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('truncate' as const), times: fc.integer({ min: 1, max: 150 }) }),
      },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), fc.nat({ max: 300 }), async (steps, from) => {
        const space = `space-${++spaces}`
        const writers = [one.namespace('p'), other.namespace('p')]
        const log: string[] = []
        let [version, firstSeq] = [0, 0]
        let checkpoint: string | undefined
        const put = async (effect: Swap['effect']) => {
          const writer = writers[Math.floor(version / 7) % 2] as Store
          expect(await writer.swap(space, swapOf(version, { effect }))).toBe(true)
          version += 1
        }
        for (const { kind, times } of steps) {
          if (kind === 'append') {
            for (let time = 0; time < times; time++) {
              await put(event(log.length))
              log.push(JSON.stringify(event(log.length).event))
            }
          } else if (kind === 'checkpoint') {
            const made = { nextSeq: log.length, epoch: 1, state: version }
            await put({ kind, checkpoint: made })
            checkpoint = JSON.stringify(made)
          } else {
            firstSeq = Math.min(log.length, firstSeq + times)
            await put({ kind, beforeSeq: firstSeq })
          }
        }
        if (version === 0) return
        const expected = { record: '{}', checkpoint, events: log.slice(Math.max(from, firstSeq)).slice(0, 120) }
        const cold = await opened(`git=${path}`)
        for (const reader of [...writers, cold.namespace('p')]) {
          expect(await reader.view(space, from, 120)).toEqual(expected)
          expect((await reader.load(space, 'session')).version).toBe(version)
        }
        await cold.close()
      }),
      { numRuns: 12 },
    )
    git(path, 'fsck', '--strict')
  })

  it('may have a work tree, which is left alone, and so are index, HEAD and hooks', async () => {
    const path = repository('--initial-branch=main')
    const mine = ['-c', 'user.name=me', '-c', 'user.email=me@localhost']
    writeFileSync(join(path, 'file'), 'committed')
    git(path, 'add', 'file')
    git(path, ...mine, 'commit', '--quiet', '--message=mine')
    writeFileSync(join(path, 'file'), 'changed')
    writeFileSync(join(path, 'staged'), 'staged')
    git(path, 'add', 'staged')
    const hook = join(path, '.git', 'hooks', 'reference-transaction')
    writeFileSync(hook, `#!/bin/sh\ntouch "${join(folder, 'hooked')}"\n`)
    chmodSync(hook, 0o755)
    const state = () => [
      git(path, 'status', '--porcelain'),
      git(path, 'rev-parse', 'HEAD', 'main'),
      git(path, 'symbolic-ref', 'HEAD'),
      readFileSync(join(path, '.git', 'index')).toString('hex'),
      readFileSync(join(path, 'file'), 'utf8'),
    ]
    const before = state()
    mkdirSync(join(path, 'below'))
    // Who names a folder within it may not know that it is one.
    await expect(using(join(path, 'below'))).rejects.toThrow('lies within one')
    const store = await using(path)
    expect(store.place).toBe(join(path, '.git'))
    for (let seq = 0; seq < 70; seq++) await store.namespace('n').swap('s', swapOf(seq, { effect: event(seq) }))
    await store.remove('n')
    expect(git(path, 'for-each-ref', 'refs/contention')).toBe('')
    expect(state()).toEqual(before)
    expect(readdirSync(folder)).not.toContain('hooked')
    // Of a linked work tree it is the same repository.
    await store.namespace('n').swap('s', swapOf(0))
    git(path, 'worktree', 'add', '--quiet', join(folder, 'linked'))
    expect((await (await namespaceIn(join(folder, 'linked'))).load('s', 'session')).version).toBe(1)
  })

  it('may name its objects by SHA-256', async () => {
    const path = repository('--bare', '--object-format=sha256')
    const kept = await namespaceIn(path)
    for (let seq = 0; seq < 70; seq++) await kept.swap('s', swapOf(seq, { effect: event(seq) }))
    expect(await pages(await namespaceIn(path), 0, 50)).toHaveLength(70)
    git(path, 'fsck', '--strict')
  })

  it('may be synced at every swap', async () => {
    const store = await openStore(`git=${repository('--bare')}`, { durable: true })
    if (store === undefined) throw new Error('no store')
    stores.push(store)
    for (let seq = 0; seq < 65; seq++) await store.namespace('n').swap('s', swapOf(seq, { effect: event(seq) }))
    expect((await store.namespace('n').view('s', 60, 9)).events).toHaveLength(5)
    expect(store.promise).toContain('synced')
  })

  it
    .skipIf(process.platform === 'win32')
    .each(['umask', 'false', 'group', 'true', 'all', '1', '2', '0660', '0640', '0600', '0777'])(
    'may be shared with others (%s): what is written is theirs as far as git would have it',
    async (sharing) => {
      for (const umask of [0o022, 0o077]) {
        const before = process.umask(umask)
        try {
          const [ours, gits] = [repository('--bare'), repository('--bare')]
          for (const path of [ours, gits]) git(path, 'config', 'core.sharedRepository', sharing)
          await (await namespaceIn(ours)).swap('s', swapOf(0))
          git(gits, 'commit-tree', '-m', 'theirs', git(gits, 'mktree', '--missing'))
          expect(modesIn(ours), umask.toString(8)).toEqual(modesIn(gits))
        } finally {
          process.umask(before)
        }
      }
    },
  )

  // Git says so itself, from where on it can be told what to sync.
  const saysWhatItSyncs = Number(/2\.(\d+)/.exec(git('.', 'version'))?.[1] ?? 99) >= 36
  it.runIf(saysWhatItSyncs)('syncs the refs of others which are packed with ours, when ours are removed', async () => {
    const path = repository('--bare')
    const store = await using(path)
    const [trace, config] = [join(folder, 'trace'), join(folder, 'traced.config')]
    writeFileSync(config, `[trace2]\n\teventTarget = ${trace}\n`)
    /** How often the disk was waited for. */
    const syncsOf = async (work: () => Promise<unknown>) => {
      writeFileSync(trace, '')
      vi.stubEnv('GIT_CONFIG_GLOBAL', config)
      await work()
      vi.unstubAllEnvs()
      const told = readFileSync(trace, 'utf8').matchAll(/"key":"fsync\/hardware-flush","value":"(\d+)"/g)
      return [...told].reduce((sum, [, flushes]) => sum + Number(flushes), 0)
    }
    await store.namespace('n').swap('s', swapOf(0))
    git(path, 'update-ref', 'refs/heads/main', REF)
    git(path, 'pack-refs', '--all')
    expect(await syncsOf(() => store.remove('n'))).toBe(1)
    expect(git(path, 'for-each-ref', '--format=%(refname)')).toBe('refs/heads/main')
    await store.namespace('n').swap('s', swapOf(0))
    expect(await syncsOf(() => store.remove('n'))).toBe(0)
  })

  it('may be none at all: one of its own goes with the store', async () => {
    const own = () => readdirSync(tmpdir()).filter((name) => name.startsWith('contention-git-'))
    const before = own()
    const store = await opened('git')
    const made = own().filter((name) => !before.includes(name))
    expect(await store.namespace('n').swap('s', swapOf(0))).toBe(true)
    await store.close()
    expect(own().filter((name) => made.includes(name))).toEqual([])
    expect(await problem(store.namespace('n').swap('s', swapOf(0)))).toMatchObject({ store: expect.any(String) })
  })
})

describe('what is seen of git again', () => {
  it('is what it was, in whatever pieces it comes', () => {
    const contents = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 })
    fc.assert(
      fc.property(contents, fc.infiniteStream(fc.integer({ min: 1, max: 60 })), (objects, sizes) => {
        const printed = Buffer.concat(
          objects.flatMap((content, at) => [
            Buffer.from(`${'ab'.repeat(20)} blob ${content.length}\n`),
            content,
            Buffer.from(at % 2 === 0 ? '\nrefs/x missing\n' : '\n'),
          ]),
        )
        const found: (string | undefined)[] = []
        const take = parseAnswers((object) => found.push(object?.content.toString('hex')))
        for (let at = 0; at < printed.length; ) {
          const size = sizes.next().value as number
          take(printed.subarray(at, at + size))
          at += size
        }
        const expected = objects.flatMap((content, at) => {
          const hex = Buffer.from(content).toString('hex')
          return at % 2 === 0 ? [hex, undefined] : [hex]
        })
        expect(found).toEqual(expected)
      }),
    )
  })

  it('is the tree that was written, in the order of git', () => {
    const entries = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-c.]{1,3}$/), fc.constantFrom('blob', 'tree')), {
      selector: ([name]) => name,
    })
    fc.assert(
      fc.property(entries, (kinds) => {
        const tree = new Map(kinds.map(([name, kind]) => [name, { kind, object: '7f'.repeat(20) }] as const))
        expect(parseTree(formatTree(tree), 20)).toEqual(tree)
        expect([...parseTree(formatTree(tree), 20).keys()]).toHaveLength(tree.size)
      }),
    )
  })
})

describe('a git repository that cannot be used', () => {
  it('is refused when it is none, or not there', async () => {
    const plain = join(folder, 'plain')
    mkdirSync(plain)
    expect(await problem(opened(`git=${plain}`))).toMatchObject({
      what: 'there is no repository',
      store: `git ${plain}`,
      found: expect.stringContaining('not a git repository'),
      todo: expect.stringContaining('git init'),
    })
    expect(await problem(opened(`git=${join(folder, 'nowhere')}`))).toMatchObject({
      what: 'there is no repository',
      found: expect.stringContaining('No such file or directory'),
    })
  })

  it('is refused without git, and with one that is too old', async () => {
    const path = repository('--bare')
    await withPath(join(folder, 'nowhere'), async () => {
      expect(await problem(opened(`git=${path}`))).toMatchObject({ what: 'git is not installed', todo: 'install git' })
      expect(await problem(opened('git'))).toMatchObject({ what: 'git is not installed' })
    })
    await withPath(standIn('echo git version 2.17.1'), async () => {
      expect(await problem(opened(`git=${path}`))).toMatchObject({
        what: 'git is too old',
        found: 'git version 2.17.1',
      })
    })
  })

  it('git goes away, or dies: what waits is told, and nothing hangs', async () => {
    const path = repository('--bare')
    const kept = await namespaceIn(path)
    const other = await namespaceIn(path)
    const real = execFileSync('which', ['git'], { encoding: 'utf8' }).trim()
    await withPath(join(folder, 'nowhere'), async () => {
      expect(await problem(kept.load('s', 'session'))).toMatchObject({ what: 'git is not installed' })
      expect(await problem(kept.swap('s', swapOf(0)))).toMatchObject({ what: 'git is not installed' })
    })
    const dying = `case "$*" in *stdin*|*batch*) read line; kill -9 $$;; *) exec ${real} "$@";; esac`
    await withPath(standIn(dying), async () => {
      const asked = [kept.load('s', 'session'), kept.view('s', 0, 9), kept.swap('s', swapOf(0))].map(problem)
      expect(await Promise.all(asked)).toMatchObject(asked.map(() => ({ found: 'it was ended by SIGKILL' })))
      const many = await Promise.all([1, 2, 3].map(() => problem(other.load('s', 'session'))))
      expect(many).toMatchObject([1, 2, 3].map(() => ({ what: 'git cannot read' })))
    })
    expect(await kept.swap('s', swapOf(0))).toBe(true)
    expect((await other.load('s', 'session')).version).toBe(1)
  })

  it('Ctrl-C ends no git: every one is in a process group of its own', async () => {
    const path = repository('--bare')
    const real = execFileSync('which', ['git'], { encoding: 'utf8' }).trim()
    const groups = join(folder, 'groups')
    const path0 = process.env['PATH']
    await withPath(`${standIn(`ps -o pid=,pgid= -p $$ >>${groups}; exec ${real} "$@"`)}:${path0}`, async () => {
      const kept = await namespaceIn(path)
      expect(await kept.swap('s', swapOf(0))).toBe(true)
    })
    const lines = readFileSync(groups, 'utf8').trim().split('\n')
    expect(lines.length).toBeGreaterThan(2)
    for (const [pid, group] of lines.map((line) => line.trim().split(/\s+/))) expect(group).toBe(pid)
  })

  it('a git that Ctrl-C ends before it has a group of its own is started again, once', async () => {
    const path = repository('--bare')
    const real = execFileSync('which', ['git'], { encoding: 'utf8' }).trim()
    const path0 = process.env['PATH']
    const ended = join(folder, 'ended')
    const once = standIn(`[ -e ${ended} ] && exec ${real} "$@"; : >${ended}; kill -INT $$; sleep 9`)
    await withPath(`${once}:${path0}`, async () => {
      expect(await (await opened(`git=${path}`)).namespaces('')).toEqual([])
    })
    await withPath(`${standIn('kill -INT $$; sleep 9')}:${path0}`, async () => {
      expect(await problem(opened(`git=${path}`))).toMatchObject({ found: 'it was ended by SIGINT' })
    })
  })

  it('a ref of ours holds something else: it is named, and never overwritten', async () => {
    const path = repository('--bare')
    const kept = await namespaceIn(path)
    const tree = execFileSync('git', ['-C', path, 'mktree'], { input: '', encoding: 'utf8' }).trim()
    const mine = ['-c', 'user.name=me', '-c', 'user.email=me@localhost']
    const commit = git(path, ...mine, 'commit-tree', '-m', 'mine', tree)
    const later = git(path, ...mine, 'commit-tree', '-m', 'x', '-m', 'Contention: 9', tree)
    const found: readonly (readonly [object: string, found: string])[] = [
      [commit, "a commit of somebody else's"],
      [tree, 'a tree'],
      [later, 'a commit that another version of contention made (format 9; this one is 2)'],
    ]
    for (const [object, what] of found) {
      git(path, 'update-ref', REF, object)
      const refusal = { what: `the ref ${REF} holds what contention did not write there`, found: what }
      expect(await problem(kept.load('s', 'session'))).toMatchObject(refusal)
      expect(await problem(kept.view('s', 0, 9))).toMatchObject(refusal)
      expect(await problem(kept.swap('s', swapOf(1)))).toMatchObject(refusal)
      expect(await kept.swap('s', swapOf(0))).toBe(false)
      expect(git(path, 'rev-parse', REF)).toBe(object)
    }
    // One that was ours, and was moved while the store was open.
    git(path, 'update-ref', '-d', REF)
    await kept.swap('s', swapOf(0))
    git(path, 'update-ref', REF, commit)
    expect(await kept.swap('s', swapOf(1))).toBe(false)
    expect(await problem(kept.load('s', 'session'))).toMatchObject({ found: "a commit of somebody else's" })
    // And one that only says where another is: that one is not moved either.
    git(path, 'update-ref', 'refs/heads/main', commit)
    git(path, 'symbolic-ref', REF, 'refs/heads/main')
    expect(await problem(kept.load('s', 'session'))).toMatchObject({ found: "a commit of somebody else's" })
    expect(await kept.swap('s', swapOf(0))).toBe(false)
    expect(git(path, 'rev-parse', 'refs/heads/main')).toBe(commit)
  })

  it('somebody else has put something among the refs of a namespace: it stays when that is removed', async () => {
    const path = repository('--bare')
    const store = await using(path)
    const kept = store.namespace('n')
    for (const space of ['s', 't']) await kept.swap(space, swapOf(0))
    const tree = execFileSync('git', ['-C', path, 'mktree'], { input: '', encoding: 'utf8' }).trim()
    git(path, 'update-ref', REF, tree)
    await store.remove('n')
    expect(git(path, 'for-each-ref', '--format=%(refname) %(objectname)', 'refs/contention')).toBe(`${REF} ${tree}`)
    git(path, 'update-ref', '-d', REF)
    expect(await kept.swap('s', swapOf(0))).toBe(true)
    await store.remove('n')
    expect(git(path, 'for-each-ref')).toBe('')
  })

  it('a ref stands where the folder of a namespace has to be', async () => {
    const path = repository('--bare')
    const kept = await namespaceIn(path)
    await kept.swap('s', swapOf(0))
    git(path, 'update-ref', 'refs/contention/m', git(path, 'rev-parse', REF))
    const other = (await using(path)).namespace('m')
    expect(await problem(other.swap('s', swapOf(0)))).toMatchObject({
      found: expect.stringContaining('cannot create'),
      todo: expect.stringContaining('stands in the way'),
    })
  })

  it('a lock was left behind: the file is named, and once it is gone all goes on', async () => {
    const path = repository('--bare')
    const kept = await namespaceIn(path)
    await kept.swap('s', swapOf(0))
    const lock = join(path, `${REF}.lock`)
    writeFileSync(lock, '')
    expect(await problem(kept.swap('s', swapOf(1)))).toMatchObject({
      what: `the ref ${REF} cannot be moved`,
      found: expect.stringContaining(`${REF}.lock': File exists`),
      todo: expect.stringContaining('remove it'),
    })
    rmSync(lock)
    expect(await kept.swap('s', swapOf(1))).toBe(true)
  })

  it('objects or refs are damaged: it is said what', async () => {
    const path = repository('--bare')
    const writer = await namespaceIn(path)
    for (let version = 0; version < 3; version++) await writer.swap('s', swapOf(version))
    const parent = git(path, 'rev-parse', `${REF}~1`)
    const objectOf = (name: string) => join(path, 'objects', name.slice(0, 2), name.slice(2))
    rmSync(objectOf(parent))
    expect(await problem((await namespaceIn(path)).load('s', 'session'))).toMatchObject({
      what: `the git repository is damaged: the commit ${parent} is lost`,
      todo: expect.stringContaining('git fsck'),
    })
    const tip = git(path, 'rev-parse', REF)
    rmSync(objectOf(tip))
    const leadsNowhere = { what: `the git repository is damaged: the ref ${REF} leads nowhere` }
    const cold = await namespaceIn(path)
    expect(await problem(cold.load('s', 'session'))).toMatchObject({ ...leadsNowhere, found: `${tip}, which is lost` })
    expect(await problem(cold.swap('s', swapOf(0)))).toMatchObject(leadsNowhere)
    writeFileSync(join(path, REF), 'no name at all\n')
    expect(await problem(cold.load('s', 'session'))).toMatchObject({ ...leadsNowhere, found: 'no name of an object' })
  })

  it('objects cannot be written', async () => {
    const path = repository('--bare')
    const kept = await namespaceIn(path)
    rmSync(join(path, 'objects'), { recursive: true })
    writeFileSync(join(path, 'objects'), 'a file')
    expect(await problem(kept.swap('s', swapOf(0)))).toMatchObject({ what: 'an object cannot be written' })
  })

  it.skipIf(process.getuid?.() === 0)('may only be read', async () => {
    const path = repository('--bare')
    chmodSync(join(path, 'objects'), 0o500)
    expect(await problem((await namespaceIn(path)).swap('s', swapOf(0)))).toMatchObject({
      todo: expect.stringContaining('let this user'),
    })
    chmodSync(join(path, 'objects'), 0o700)
  })
})

describe('processes on one git repository', () => {
  let program: string
  beforeAll(() => {
    program = built('test/stores/appender.ts')
  })
  afterAll(() => rmSync(join(program, '..'), { recursive: true, force: true }))

  const args = (path: string, owner: string, count: number) => [program, `git=${path}`, 'n', owner, String(count)]
  const appender = (path: string, owner: string, count: number): Program =>
    start(process.execPath, args(path, owner, count))
  const logOf = async (path: string): Promise<readonly LogEvent[]> =>
    (await pages(await namespaceIn(path), 0, 1_000)).map((text) => JSON.parse(text) as LogEvent)
  const firstSeqs = (count: number) => Array.from({ length: count }, (_, seq) => seq)

  it('race: four append while git packs, and all of it has one order', async () => {
    const path = repository('--bare')
    const racers = ['a', 'b', 'c', 'd'].map((owner) => appender(path, owner, 40))
    await racers[0]?.printed(5)
    git(path, 'pack-refs', '--all')
    expect(await Promise.all(racers.map(({ ended }) => ended)), racers.map(({ lines }) => lines.at(-1)).join()).toEqual(
      [0, 0, 0, 0],
    )
    expect(racers.flatMap(({ lines }) => lines.map(Number)).sort((a, b) => a - b)).toEqual(firstSeqs(160))
    const log = await logOf(path)
    expect(log.map(({ seq }) => seq)).toEqual(firstSeqs(160))
    expect(new Set(log.map(({ payload }) => payload)).size).toBe(160)
    const subjects = git(path, 'log', '--reverse', '--format=%s', REF).split('\n')
    expect(subjects.filter((subject) => subject.startsWith('append '))).toEqual(
      firstSeqs(160).map((seq) => `append ${seq} entry by all`),
    )
    git(path, 'fsck', '--strict', '--no-dangling')
  })

  it('one is killed in the middle of swaps: all that was acknowledged is there, no lock is left, and it goes on', async () => {
    const path = repository('--bare')
    for (let round = 0; round < 3; round++) {
      const victim = appender(path, `victim ${round}`, 1e6)
      await victim.printed(40)
      victim.child.kill('SIGKILL')
      expect(await victim.ended).toBe('SIGKILL')
      const log = await logOf(path)
      // The swap under way may have happened or not, and a line on its way to us may be cut.
      expect(log.length).toBeGreaterThan(Number(victim.lines.at(-1)))
      expect(log.map(({ seq }) => seq)).toEqual(firstSeqs(log.length))
    }
    expect(await appender(path, 'last', 5).ended).toBe(0)
    expect(readdirSync(join(path, 'refs', 'contention', 'n'))).toEqual(['s'])
    git(path, 'fsck', '--strict', '--no-dangling')
  })

  it.skipIf(process.platform === 'win32')('there is no more room: an error says so, and nothing is lost', async () => {
    const path = repository('--bare')
    expect(await appender(path, 'a', 5).ended).toBe(0)
    // No file of this process may have a byte.
    const full = start('bash', ['-c', 'ulimit -f 0; exec "$0" "$@"', process.execPath, ...args(path, 'b', 5)])
    expect(await full.ended).toBe(3)
    expect(full.lines.at(-2)).toMatch(/^an object cannot be written \(EFBIG/)
    expect(await appender(path, 'c', 5).ended).toBe(0)
    expect((await logOf(path)).map(({ seq }) => seq)).toEqual(firstSeqs(10))
    expect(git(path, 'count-objects', '--verbose')).toContain('garbage: 0')
  })
})

describe('what git says without a reason', () => {
  it('comes with what to look for', () => {
    const { problem } = gitError('a repository', 'the ref s cannot be moved', "couldn't write '/r/refs/s.lock'")
    expect(problem.todo).toContain('see whether the disk is full')
  })
})

const swapOf = (version: number, change: Partial<Swap> = {}): Swap => ({
  version,
  record: '{}',
  sessionKey: 'session',
  by: 'session',
  session: '{}',
  effect: undefined,
  atMs: version,
  command: 'append',
  ...change,
})

const event = (seq: number) =>
  ({ kind: 'append', event: { seq, epoch: 1, owner: 'a', type: 'entry', payload: seq } }) as const

async function pages(kept: Store, from: number, limit: number): Promise<readonly string[]> {
  const all: string[] = []
  for (let at = from; ; at += limit) {
    const { events } = await kept.view('s', at, limit)
    all.push(...events)
    if (events.length < limit) return all
  }
}

/** A folder with a `git` that runs `script`. */
function standIn(script: string): string {
  const path = mkdtempSync(join(folder, 'stand-in-'))
  writeFileSync(join(path, 'git'), `#!/bin/bash\n${script}\n`)
  chmodSync(join(path, 'git'), 0o755)
  return path
}

async function withPath(path: string, work: () => Promise<void>): Promise<void> {
  const before = process.env['PATH']
  process.env['PATH'] = path
  try {
    await work()
  } finally {
    process.env['PATH'] = before
  }
}

async function problem(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (thrown) => thrown,
  )
  return error instanceof StoreError ? error.problem : error
}

execFileSync('git', ['init', '--quiet', '--bare', join(folder, 'shared')])
describeStore('git', () => opened(`git=${join(folder, 'shared')}`))

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cliInThread as cli, folder } from '../support/cli.js'

/** A subject of the user's, in plain JavaScript, whose core answers renewals in its own way. */
const renews = (answer: string): string => `
export default { name: 'mine', core: ({ builtIn }) => ({ ...builtIn.core, renew: (command, nowMs) => { ${answer} } }) }
`
/** The built-in core, but a release frees the space whoever holds it. */
const careless = `
export default {
  name: 'careless',
  core: ({ builtIn }) => ({
    ...builtIn.core,
    release: ({ fence }, nowMs) => {
      const space = builtIn.spaces.get(fence.space)
      space.record = { ...space.record, lease: { ...space.record.lease, expiresAtMs: Math.min(nowMs, space.record.lease.expiresAtMs) } }
      return { kind: 'released' }
    },
  }),
}
`
const explore = (root: string, ...argv: readonly string[]) => cli(root, ['explore', ...argv])

describe('contention explore', () => {
  it('finds the same, whatever the number of workers', async () => {
    const root = folder({ 'careless.mjs': careless })
    const results = []
    for (const workers of ['1', '2', '3']) {
      const argv = [
        '--subject',
        'careless.mjs',
        '--seeds',
        '300',
        '--max-failures',
        '3',
        '--workers',
        workers,
        '--json',
      ]
      results.push(await explore(root, ...argv))
    }
    expect(results[0]?.code).toBe(1)
    expect(JSON.parse(results[0]?.stdout ?? '')).toMatchObject({ verdict: 'not-held', subject: 'careless' })
    expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(1)
  })

  it('is clean on the built-in core, says what was exercised, and what that is worth', async () => {
    const { code, stdout, stderr } = await explore(folder(), '--seeds', '120')
    expect(code).toBe(0)
    expect(stdout).toContain('faults by lease state')
    expect(stdout).toMatch(/PASS {2}no failure in 120 seeds/)
    expect(stdout).toContain('fewer than 3% of such seeds fail')
    expect(stderr).toMatch(/events\/s/)
  })

  it('prints the whole configuration of a single seed before it runs', async () => {
    const { stdout } = await explore(folder(), 'lease-lifecycle', '--from-seed', '7', '--seeds', '1')
    expect(stdout).toMatch(/^lease-lifecycle seed 7\n {2}parameters nodes=\d/)
    expect(stdout).toMatch(/\n {2}faults .*\(off: /)
  })

  it('explores the scenarios that are named, the measured ones as well, and those of the user', async () => {
    const { code, stdout } = await explore(folder(), 'lease-renewal-contention', '--seeds', '20')
    expect(code).toBe(0)
    expect(stdout).toContain('built-in: lease-renewal-contention')
  })

  it('keeps a counterexample that fails until the subject is mended', async () => {
    const root = folder({ 'careless.ts': careless, 'contention.config.json': '{ "subjects": ["./careless.ts"] }' })
    expect((await explore(root, '--save')).code).toBe(1)
    const kept = join(root, 'snapshots', 'counterexamples')
    const [file = ''] = readdirSync(kept)
    await cli(root, ['update'])
    const summary = join(root, 'summary.md')
    const broken = await cli(root, ['check'], { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary })
    expect(broken.code).toBe(1)
    expect(broken.stdout).toContain(`snapshots/counterexamples/${file}: mutual-exclusion at`)
    const [before = ''] = readFileSync(summary, 'utf8').split('# Contention report')
    expect(before).toContain(`- snapshots/counterexamples/${file}: mutual-exclusion at`)
    writeFileSync(
      join(root, 'careless.ts'),
      'export default { name: "mended", client: { believes: (nowMs: number, untilMs: number) => nowMs < untilMs } }',
    )
    const mended = await cli(root, ['check'])
    expect(mended).toMatchObject({ code: 0 })
    expect(mended.stdout).toMatch(/^PASS {2}no drift.*\n[\s\S]*PASS {2}1 counterexample kept, none fails\n$/)
    // The configuration no longer names the one that was found wanting: the counterexample does.
    const moved = join(root, 'moved.ts')
    renameSync(join(root, 'careless.ts'), moved)
    writeFileSync(join(root, 'contention.config.json'), '{}')
    const gone = await cli(root, ['check'])
    expect(gone.code).toBe(2)
    expect(gone.stderr).toContain('to do:    put it back, or have `subject` in the counterexample say where it is now')
    const example = readFileSync(join(kept, file), 'utf8')
    writeFileSync(join(kept, file), example.replace('"careless.ts"', '"moved.ts"'))
    expect((await cli(root, ['check'])).code).toBe(0)
    // The verdict is last: that of drift, where there is some.
    const drifted = await cli(root, ['check', 'lease-renewal-contention', '--param', 'nodes=15'])
    expect(drifted.code).toBe(1)
    expect(drifted.stdout).toMatch(/^PASS {2}1 counterexample kept, none fails\nDRIFT [\s\S]*commit it\.\n$/)
  })

  it('is shown by a command that names the configuration, where one was named', async () => {
    const root = folder({
      'careless.ts': careless,
      'own config.json': '{ "subjects": ["./careless.ts"], "snapshots": "kept" }',
    })
    const named = ['--config', 'own config.json']
    const found = await explore(root, '--save', ...named)
    const [, file] = /see npx contention replay (\S+) --config 'own config.json' --trace\n/.exec(found.stdout) ?? []
    expect(found.stdout).toMatch(/token \S+ --config 'own config.json' --subject careless.ts\n/)
    await cli(root, ['update', ...named])
    const { stdout } = await cli(root, ['check', ...named])
    expect(stdout).toContain(`see npx contention replay ${file} --config 'own config.json' --trace\n`)
    const again = await cli(root, ['replay', String(file), ...named])
    expect(again.stdout).toContain(`replay ${file} --config 'own config.json' --trace\n`)
    expect(again.code).toBe(1)
  })

  it('shows first whose clock is off, where one is, of a scenario and of a counterexample', async () => {
    const clocks = /^ {2}clocks {14}node-0 is \d+ ms (ahead|behind), node-1 \d+ ms (ahead|behind)\n {7}0 +0 ms {2}node-/
    const off = { nodes: 2, maxSkewMs: 200 }
    const example = { version: 1, scenario: 'lease-lifecycle', seed: 3, strategy: 'insertion', faults: [] }
    const found = { kind: 'breach', what: 'mutual-exclusion', message: 'two holders', atMs: 9 }
    const root = folder({ 'off.json': JSON.stringify({ ...example, found, parameters: off }) })
    const named = ['lease-lifecycle', '--seed', '3', '--param', 'nodes=2']
    for (const what of [[...named, '--param', 'maxSkewMs=200'], ['off.json']]) {
      const traced = await cli(root, ['replay', ...what, '--trace', '--to', '20'])
      expect(traced.stdout).toMatch(clocks)
      expect((await cli(root, ['replay', ...what, '--trace', '--json'])).stdout).toMatch(/^\{"index":0/)
    }
    expect((await cli(root, ['replay', ...named, '--trace', '--to', '20'])).stdout).toMatch(/^ {7}0/)
  })

  it('has a token that shows the same failure as the file', async () => {
    const root = folder({ 'careless.mjs': careless })
    const found = JSON.parse((await explore(root, '--subject', 'careless.mjs', '--json')).stdout)
    const [{ token, file, failure }] = found.failures
    expect(token.length).toBeLessThanOrEqual(120)
    for (const what of [token, file]) {
      const argv = ['replay', what, '--subject', 'careless.mjs', '--json']
      const { code, stdout } = await cli(root, argv)
      expect(code).toBe(1)
      expect(JSON.parse(stdout).failure.breach).toEqual(failure.breach)
    }
    const traced = await cli(root, ['replay', file, '--trace'])
    expect(traced.stdout.split('\n').length).toBeGreaterThan(5)
    const events = (text: string) => text.split('\n').filter((line) => /^ +\d+ +\d+ ms /.test(line))
    const ofOne = await cli(root, ['replay', file, '--trace', '--node', 'node-1', '--from', '1'])
    const wanted = events(traced.stdout).filter((line) => / ms {2}node-1(\/\d)? /.test(line) && !/ 0 ms /.test(line))
    expect(wanted.length).toBeGreaterThan(0)
    expect(events(ofOne.stdout)).toEqual(wanted)
    expect((await cli(root, ['replay', token])).stdout).toMatch(/^PASS .*\n {6}a token does not say on which subject/)
  })

  it('has a counterexample for each failure, named after its subject, and one for the same failure', async () => {
    const root = folder({ 'careless.mjs': careless, 'other.mjs': careless.replace("'careless'", "'Other one'") })
    const named = ['careless.mjs', 'other.mjs'].flatMap((file) => ['--subject', file])
    const argv = ['lease-lifecycle', ...named, '--max-failures', '2', '--quiet']
    const saved = async () => [...(await explore(root, ...argv)).stdout.matchAll(/saved counterexamples\/(\S+)/g)]
    const found = await saved()
    expect(found).toHaveLength(4)
    const files = readdirSync(join(root, 'counterexamples'))
    expect(new Set(found.map(([, file]) => file))).toEqual(new Set(files))
    expect(files.some((file) => /^other-one-lease-lifecycle-.*-\d+\.json$/.test(file))).toBe(true)
    const texts = files.map((file) => readFileSync(join(root, 'counterexamples', file), 'utf8'))
    expect(new Set(texts).size).toBe(files.length)
    const [first = ''] = files
    writeFileSync(join(root, 'counterexamples', first), 'mine')
    await saved()
    expect(readdirSync(join(root, 'counterexamples')).filter((file) => !files.includes(file))).toHaveLength(1)
    expect(readFileSync(join(root, 'counterexamples', first), 'utf8')).toBe('mine')
  })

  it('has a counterexample that is replayed from anywhere', async () => {
    const root = folder({ 'project/careless.mjs': careless, 'elsewhere/readme': '' })
    await explore(join(root, 'project'), 'lease-lifecycle', '--subject', 'careless.mjs')
    const [name = ''] = readdirSync(join(root, 'project', 'counterexamples'))
    const file = join(root, 'project', 'counterexamples', name)
    const elsewhere = join(root, 'elsewhere')
    expect(await cli(elsewhere, ['replay', file])).toMatchObject({ code: 1 })
    writeFileSync(
      join(elsewhere, 'careless.mjs'),
      "export default { name: 'right', client: { believes: (nowMs, untilMs) => nowMs < untilMs } }",
    )
    expect(await cli(elsewhere, ['replay', file])).toMatchObject({ code: 0 })
    rmSync(join(elsewhere, 'careless.mjs'))
    rmSync(join(root, 'project', 'careless.mjs'))
    const lost = await cli(elsewhere, ['replay', file])
    expect(lost).toMatchObject({ code: 2 })
    expect(lost.stderr).toContain('--subject')
  })

  it('has a counterexample that keeps which rules were judged, and a token printed with them', async () => {
    const root = folder({ 'careless.mjs': careless })
    const only = ['--invariant', 'exclusive-belief']
    const { code, stdout } = await explore(root, 'lease-lifecycle', '--subject', 'careless.mjs', ...only, '--quiet')
    expect(code).toBe(1)
    const [, token = ''] = /token (cx1.*)/.exec(stdout) ?? []
    const [, file = ''] = /saved (.*)/.exec(stdout) ?? []
    expect(token).toContain(` --subject careless.mjs ${only.join(' ')}`)
    for (const again of [token.split(' '), [file]]) {
      const replayed = await cli(root, ['replay', ...again])
      expect(replayed.stdout).toContain('exclusive-belief broke')
    }
    const other = await cli(root, ['replay', file, '--invariant', 'mutual-exclusion'])
    expect(other.stdout).toContain('mutual-exclusion broke')
    expect((await cli(root, ['replay', file, '--invariant', 'mutual-exlusion'])).stderr).toContain('mutual-exclusion?')
    expect((await cli(root, ['replay', 'lease-lifecycle', ...only])).stderr).toContain('--invariant cannot be used')
  })

  it('is no counterexample where it hangs on the runs before: that is told, with the command that comes to it again', async () => {
    const keeps = `
let longest = 0
export default {
  name: 'keeps',
  client: { believesUntilMs: ({ sentAtMs, ttlMs }) => (longest = Math.max(longest, sentAtMs + ttlMs)) },
}
`
    const root = folder({ 'keeps.mjs': keeps })
    const given = ['lease-lifecycle', '--subject', 'keeps.mjs', '--patience', '33']
    // A first seed whose two runs are alike.
    const { code, stdout } = await explore(root, ...given, '--from-seed', '4', '--quiet')
    expect(code).toBe(1)
    expect(stdout).toMatch(/^FAIL .* seed \d+: subject or scenario keeps something between runs at \d+ ms\n/)
    expect(stdout).toContain(', but only after other runs; in a fresh thread ')
    expect(stdout).not.toMatch(/saved|token cx/)
    expect(existsSync(join(root, 'counterexamples'))).toBe(false)
    const [, again = ''] = /see npx contention (explore .*)/.exec(stdout) ?? []
    expect(again).toMatch(
      /^explore lease-lifecycle --from-seed 4 --seeds \d+ --workers 1 --subject keeps\.mjs --patience 33$/,
    )
    const [seed] = /seed \d+/.exec(stdout) ?? []
    const once = await cli(root, again.split(' '))
    expect(once).toMatchObject({ code: 1, stdout: expect.stringContaining(`${seed}: subject or scenario keeps`) })
    const json = JSON.parse((await cli(root, [...again.split(' '), '--json'])).stdout)
    expect(json).toMatchObject({ verdict: 'not-held', failures: [{ failure: { kind: 'carried-over' } }] })
  })

  it('has a counterexample of runs that differ, which fails again', async () => {
    const root = folder({
      'mine.mjs': renews("return { kind: 'renewed', expiresAtMs: nowMs + Math.floor(Math.random() * 1e6) }"),
    })
    expect((await explore(root, 'lease-lifecycle', '--subject', 'mine.mjs', '--save')).code).toBe(1)
    const [file = ''] = readdirSync(join(root, 'snapshots', 'counterexamples'))
    const replayed = await cli(root, ['replay', `snapshots/counterexamples/${file}`])
    expect(replayed).toMatchObject({ code: 1 })
    expect(replayed.stdout).toMatch(/subject or scenario is not deterministic.*from event \d+ on/s)
    await cli(root, ['update'])
    const checked = await cli(root, ['check'])
    expect(checked).toMatchObject({ code: 1 })
    expect(checked.stdout).toContain('subject or scenario is not deterministic')
  })

  it('has a counterexample of a run that does not end, which fails again: it keeps the limit', async () => {
    const root = folder()
    const found = await explore(root, 'lease-lifecycle', '--max-events', '500', '--save')
    expect(found.stdout).toMatch(/token cx1\S+ --max-events 500\n/)
    const [file = ''] = readdirSync(join(root, 'snapshots', 'counterexamples'))
    const replayed = await cli(root, ['replay', `snapshots/counterexamples/${file}`])
    expect(replayed).toMatchObject({ code: 1 })
    expect(replayed.stdout).toContain('not over after 500 events')
    await cli(root, ['update'])
    expect((await cli(root, ['check'])).stdout).toContain('not over after 500 events')
  })

  it.each([
    ['throws', "throw new Error('no connection')", 'threw on renew: no connection'],
    ['answers in a wrong shape', "return { kind: 'ok' }", "answered renew with kind 'ok'"],
    ['writes to what it was given', 'command.ttlMs = 1', 'wrote to the renew that it was given'],
    ['never answers', 'return new Promise(() => {})', 'never answers renew, asked at'],
    ['loops for ever', 'for (;;);', 'loops for ever on renew, asked at'],
    [
      'is not deterministic',
      "return Math.random() < 0.5 ? { kind: 'lease-expired' } : builtIn.core.renew(command, nowMs)",
      'subject or scenario is not deterministic',
    ],
  ])('convicts a subject that %s', async (_what, answer, said) => {
    const root = folder({ 'mine.mjs': renews(answer) })
    const { code, stdout } = await explore(root, '--subject', 'mine.mjs', '--patience', '1', '--quiet')
    expect(code).toBe(1)
    expect(stdout).toContain(said)
  })

  it.each([
    ['loops for ever', 'for (;;);', 'loops for ever on acquire'],
    ['never answers', 'return new Promise(() => {})', 'never answers acquire'],
  ])('tells as it was found what a subject breaks that %s when it is made small', async (_what, answer, said) => {
    const root = folder({
      'mine.mjs': `
let worlds = 0
export default {
  name: 'mine',
  client: { believesUntilMs: ({ receivedAtMs, ttlMs }) => receivedAtMs + 10 * ttlMs },
  core: ({ builtIn }) => {
    worlds += 1
    return { ...builtIn.core, acquire(command, nowMs) {
      if (worlds > 60) ${answer}
      return builtIn.core.acquire(command, nowMs)
    } }
  },
}`,
    })
    const args = ['lease-lifecycle', '--subject', 'mine.mjs', '--patience', '1', '--workers', '1', '--quiet']
    const { code, stdout } = await explore(root, ...args)
    expect(code).toBe(1)
    expect(stdout).toMatch(/FAIL .*exclusive-belief/)
    expect(stdout).toContain(`not made small, and not told: the subject then ${said}, asked at `)
    const [file] = readdirSync(join(root, 'counterexamples'))
    expect(stdout).toContain(`saved counterexamples/${file}`)
  })

  it('says at which event the runs of a subject that is not deterministic part', async () => {
    const root = folder({
      'mine.mjs': renews("return { kind: 'renewed', expiresAtMs: nowMs + Math.floor(Math.random() * 1e6) }"),
    })
    const { stdout } = await explore(root, '--subject', 'mine.mjs', '--quiet')
    expect(stdout).toMatch(
      /from event \d+ on\n {6}one run: {3}\d+ ms {2}node-\d.* ← renewed: .*\n {6}the other: \d+ ms/,
    )
  })

  it('explores a subject that answers with promises as one that answers at once', async () => {
    const later = `
export default {
  name: 'later',
  core: ({ builtIn }) => Object.fromEntries(
    Object.entries(builtIn.core).map(([kind, handler]) => [kind, async (command, nowMs) => handler(command, nowMs)]),
  ),
  log: ({ builtIn }) => ({ ...builtIn.log, append: async (command, nowMs) => builtIn.log.append(command, nowMs) }),
}
`
    const atOnce = `
export default { name: 'later', core: ({ builtIn }) => ({ ...builtIn.core }), log: ({ builtIn }) => ({ ...builtIn.log }) }
`
    const root = folder({ 'later.mjs': later, 'at-once.mjs': atOnce })
    const [slow, quick] = [
      await explore(root, '--subject', 'later.mjs', '--seeds', '60', '--json'),
      await explore(root, '--subject', 'at-once.mjs', '--seeds', '60', '--json'),
    ]
    expect(slow).toMatchObject({ code: 0 })
    expect(slow.stdout).toBe(quick.stdout.replace('"awaited": false', '"awaited": true'))
  })

  it('says of several subjects what it says of each, as one document', async () => {
    const files = {
      'careless.mjs': careless,
      'right.mjs': "export default { name: 'right', client: { believes: (nowMs, untilMs) => nowMs < untilMs } }",
    }
    const root = folder({ ...files, 'contention.config.json': '{ "subjects": ["careless.mjs", "right.mjs"] }' })
    const { code, stdout } = await explore(root, 'lease-lifecycle', '--seeds', '40', '--json')
    expect(code).toBe(1)
    const { verdict, subjects } = JSON.parse(stdout)
    expect([verdict, ...subjects.map((each: { verdict: string }) => each.verdict)]).toEqual([
      'not-held',
      'not-held',
      'held',
    ])
  })

  it('skips what a subject has no command for, and says so', async () => {
    const root = folder({
      'small.mjs': `export default { name: 'small', log: 'none', core: ({ builtIn }) => ({ acquire: builtIn.core.acquire }) }`,
    })
    const { code, stdout } = await explore(root, '--subject', 'small.mjs', '--seeds', '100')
    expect(code).toBe(0)
    for (const kind of ['claim', 'renew', 'release', 'append', 'load']) expect(stdout).toContain(`skipped ${kind}: `)
  })

  it('has what a subject prints, wherever it does, beside what was asked for', () => {
    const root = folder({
      'chatty.mjs': `
export default { name: 'chatty', core: ({ builtIn }) => { console.log('a core is made'); return builtIn.core } }`,
    })
    const bin = join(import.meta.dirname, '../../bin/contention.js')
    const argv = [bin, 'explore', 'lease-lifecycle', '--subject', 'chatty.mjs', '--seeds', '3', '--json']
    const { stdout, stderr } = spawnSync(process.execPath, argv, { cwd: root, encoding: 'utf8' })
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'held' })
    expect(stderr).toContain('a core is made')
  })

  it('explores the jobs of a subject that answers every command in one function', async () => {
    const root = folder({
      'whole.mjs': `
export default { name: 'whole', core: ({ builtIn: { core, log, jobs } }) => {
  const all = { ...core, ...log, ...jobs }
  return { execute: (command, nowMs) => command.kind === 'take' ? { kind: 'idle' } : all[command.kind](command, nowMs) }
} }`,
    })
    const { code, stdout } = await explore(root, '--subject', 'whole.mjs', '--no-shrink')
    expect([code, stdout]).toEqual([1, expect.stringContaining('FAIL  job-lifecycle  seed 1: fair-jobs broke')])
  })

  it('writes the counterexample of a subject with a name longer than a file may have', async () => {
    const name = 'x'.repeat(300)
    const root = folder({ 'long.mjs': `export default { name: '${name}', client: { believes: () => true } }` })
    const { stdout } = await explore(root, '--subject', 'long.mjs', '--no-shrink', '--json')
    const [{ file }] = JSON.parse(stdout).failures
    expect(readFileSync(join(root, file), 'utf8')).toContain('"exclusive-belief"')
  })

  it('tells the same number of schedules, as text and as JSON', async () => {
    const root = folder({
      'generous.mjs': `
export default {
  name: 'generous',
  core({ builtIn }) {
    let epoch = 0
    const acquire = (_command, nowMs) => ({ kind: 'granted', fence: { epoch: ++epoch }, expiresAtMs: nowMs + 100 })
    return { ...builtIn.core, acquire }
  },
}`,
    })
    const argv = ['--strategy', 'exhaustive', '--subject', 'generous.mjs']
    const [text, json] = [await explore(root, ...argv), await explore(root, ...argv, '--json')]
    expect(text.code).toBe(1)
    const { schedules } = JSON.parse(json.stdout)
    expect(text.stdout.replaceAll(',', '')).toContain(` broke in schedule ${schedules}\n`)
  })

  it('tells of schedules that go another way the second time', async () => {
    const root = folder({
      'moody.mjs': `
let releases = 0
export default { name: 'moody', core: ({ builtIn: { core } }) => ({
  ...core,
  release: (command, nowMs) => (++releases === 1 ? core.release(command, nowMs) : { kind: 'stale-owner' }) }) }`,
    })
    const argv = ['--strategy', 'exhaustive', '--subject', 'moody.mjs']
    const { code, stdout } = await explore(root, ...argv)
    expect([code, stdout]).toEqual([
      1,
      expect.stringContaining('FAIL  moody: the subject is not deterministic, as seen in schedule 1\n'),
    ])
    expect(stdout).toContain(
      'first 0 ms  node-0 ← released: release of space-0 #4 (epoch 1), then 0 ms  node-0 ← stale-owner',
    )
    expect(JSON.parse((await explore(root, ...argv, '--json')).stdout).failure.kind).toBe('nondeterministic')
  })

  it('has nothing to prove of a subject that brings neither core nor log, and says so', async () => {
    const root = folder({ 'polite.mjs': "export default { name: 'polite', client: { believes: () => false } }" })
    const argv = ['--strategy', 'exhaustive', '--subject', 'polite.mjs']
    const { code, stdout } = await explore(root, ...argv)
    expect([code, stdout]).toEqual([2, expect.stringContaining('NOTHING TO CHECK  polite: ')])
    expect(JSON.parse((await explore(root, ...argv, '--json')).stdout)).toMatchObject({ verdict: 'not-checked' })
  })

  it('tells of the restart of the store without which a failure could not be understood', async () => {
    const root = folder({
      'forgetful.mjs': `
export default { name: 'forgetful', core({ builtIn, durable }) {
  const starts = durable('starts', () => ({ count: 0 }))
  const start = ++starts.count
  const acquire = (command, nowMs) => builtIn.core.acquire({ ...command, session: start + command.session }, nowMs)
  return { ...builtIn.core, acquire }
}, log: ({ builtIn }) => builtIn.log }`,
    })
    const { code, stdout } = await explore(root, '--strategy', 'exhaustive', '--subject', 'forgetful.mjs')
    expect([code, stdout]).toEqual([1, expect.stringContaining('effect-once broke')])
    expect(stdout).toContain('the store stops and starts again')
  })

  describe('ended by Ctrl-C', () => {
    const chatty = `
let made = 0
export default { name: 'chatty', core: ({ builtIn }) => { if (++made === 9) console.error('under way'); return builtIn.core } }`
    const interrupted = async (...args: readonly string[]) => {
      const root = folder({
        'chatty.mjs': chatty,
        'other.mjs': "export default { name: 'other', client: { believes: (nowMs, untilMs) => nowMs < untilMs } }",
      })
      const bin = join(import.meta.dirname, '../../bin/contention.js')
      const child = spawn(process.execPath, [bin, 'explore', '--subject', 'chatty.mjs', ...args], { cwd: root })
      const written = { stdout: '', stderr: '' }
      child.stdout.on('data', (text) => {
        written.stdout += text
      })
      child.stderr.on('data', (text) => {
        // Every worker says so, and a second signal would be another one.
        const before = written.stderr.includes('under way')
        written.stderr += text
        if (!before && written.stderr.includes('under way')) child.kill('SIGINT')
      })
      expect(await once(child, 'close')).toEqual([2, null])
      expect(written.stderr).toContain('stopped before its end\n')
      return written
    }
    const WORLD = ['--strategy', 'exhaustive', '--param', 'nodes=3']

    it('tells how far it came in a tiny world', async () => {
      expect((await interrupted(...WORLD)).stdout).toMatch(
        /^chatty: no failure in [\d,]+ schedules, and there are more\n$/,
      )
      const { stdout } = await interrupted(...WORLD, '--json')
      expect(JSON.parse(stdout)).toMatchObject({ verdict: 'not-checked', stopped: true })
    })

    it.each([
      ['in a tiny world', WORLD],
      ['by chance', ['--time', '60s']],
    ])('names the subjects that are left, and leaves them alone: %s', async (_, args) => {
      const { stdout, stderr } = await interrupted('--subject', 'other.mjs', ...args)
      expect(stderr).toContain('not explored: other\n')
      expect(stdout).toContain('chatty: ')
      expect(stdout).not.toMatch(/PASS|other: /)
    })
  })

  it('convicts a subject whose core cannot be made', async () => {
    const root = folder({ 'mine.mjs': "export default { name: 'mine', core: () => { throw new Error('no pool') } }" })
    const { code, stderr } = await explore(root, '--subject', 'mine.mjs')
    expect(code).toBe(1)
    expect(stderr).toContain('subject "mine" threw in core: no pool')
  })

  it.each([
    [['--seeds', '0'], '--seeds cannot be used'],
    [['--save', '--output', 'here'], '--save and --output both say where counterexamples go'],
    [['--time', 'soon'], '--time cannot be used'],
    [['--time', '0s'], '--time cannot be used'],
    [['--strategy', 'best'], 'expected: insertion, random, pct or exhaustive'],
    [['--invariant', 'mutual-exlusion'], 'expected: mutual-exclusion?'],
    [['lease-lifecicle'], 'expected: lease-lifecycle'],
    [['--subject', 'nowhere.ts'], 'the subject does not exist'],
    [['--param', 'nodes=0'], 'out of its range'],
    [['--strategy', 'exhaustive', '--param', 'nodes=9'], 'expected: 2 or 3'],
    [['--strategy', 'exhaustive', 'lease-lifecycle'], 'the scenario lease-lifecycle cannot be used with'],
    [['--strategy', 'exhaustive', '--seeds', '9'], '--seeds cannot be used with --strategy exhaustive'],
    [['--strategy', 'exhaustive', '--workers', '2'], '--workers cannot be used with --strategy exhaustive'],
    [['--strategy', 'exhaustive', '--time', '9s'], '--time cannot be used with'],
    [['--strategy', 'exhaustive', '--max-failures', '9'], '--max-failures cannot be used with'],
    [['--strategy', 'exhaustive', '--save'], 'expected: --subject, --store, --invariant,'],
    [['--strategy', 'exhaustive', '--no-shrink'], '--no-shrink cannot be used with'],
  ])('refuses %j', async (argv, said) => {
    const root = folder()
    const { code, stderr } = await explore(root, ...argv)
    expect(code).toBe(2)
    expect(stderr).toContain(said)
    expect(existsSync(join(root, 'counterexamples'))).toBe(false)
  })
})

describe('what is not the fault of a subject', () => {
  const own = (node: string, invariants = '[]', more = '') => ({
    'own.mjs': `
export const own = {
  name: 'own',
  description: 'own',
  parameters: {
    nodes: { default: 2, min: 1, max: 9, description: 'nodes' },
    spaces: { default: 1, min: 1, max: 9, description: 'spaces' },
    durationMs: { default: 500, min: 1, max: 9_999, description: 'duration' },
  },
  network: () => ({ requestDelayMs: [1, 5], replyDelayMs: [1, 5], timeoutMs: 50 }),
  *node(node) { ${node} },
  invariants: () => ${invariants},
}
`,
    'contention.config.json': `{ "scenarios": ["own.mjs"], "builtIn": false${more} }`,
  })
  const asks = 'for (;;) { yield node.acquire(node.spaces[0], 100); yield node.sleep(20) }'
  const rule = (kind: string, step: string) =>
    `[{ name: 'mine', rule: 'r', kinds: ['${kind}'], begin: () => ({ step() { ${step} } }) }]`

  it.each([
    [
      'a scenario that throws',
      own('yield node.sleep(9); throw new Error("oops")'),
      /own: the scenario throws, at 9 ms .* node-\d\n {2}at: .*own.mjs.*\n {2}found: {4}oops/,
    ],
    [
      'a scenario that forgets a yield',
      own('yield 5'),
      /own: node-\d does what it cannot, at 0 ms .*\n {2}file: .*own.mjs\n {2}found: {4}a process yielded 5(; seed 1 has drawn .*)?\n {2}expected: what waits, as in `yield/,
    ],
    [
      'an invariant that throws',
      own(asks, rule('granted', 'throw new Error("oops")')),
      /own: the scenario throws, at \d+ ms .* on behalf of its invariant mine\n {2}at: .*own.mjs.*\n {2}found: {4}oops/,
    ],
    [
      'an invariant of a kind that is none',
      own(asks, rule('grantd', '')),
      /the invariant "mine" looks at events of the kind "grantd", which there is not: is granted meant\?/,
    ],
  ])('is told: %s', async (_what, files, said) => {
    const root = folder(files)
    for (const command of [['run'], ['explore', 'own', '--seeds', '3']]) {
      const { code, stdout, stderr } = await cli(root, [...command, '--json'])
      expect(stderr).toMatch(said)
      expect({ code, problem: JSON.parse(stdout) }).toMatchObject({
        code: 2,
        problem: { verdict: 'not-checked', error: { found: expect.any(String) } },
      })
    }
  })

  it('is not called safe: a scenario that asks for nothing', async () => {
    const { code, stdout, stderr } = await cli(folder(own('return')), ['explore', 'own', '--seeds', '3'])
    expect(stderr).toContain('nothing was checked: no node asked the subject for anything\n')
    expect({ code, stop: stdout.includes('STOP  no failure in 3 seeds') }).toEqual({ code: 2, stop: true })
  })

  it('is bounded by what the configuration says', async () => {
    const { code, stdout } = await cli(folder(own(asks, '[]', ', "maxEvents": 10')), ['explore', 'own', '--seeds', '3'])
    expect(stdout).toContain('not over after 10 events, at ')
    expect(code).toBe(1)
  })
})

describe('what was found', () => {
  it('is shown again by a command that names the subject, of a scenario as well', async () => {
    const root = folder({ 'mine.mjs': renews("return { kind: 'renewed', expiresAtMs: nowMs + 9 * command.ttlMs }") })
    const args = ['replay', 'lease-renewal-contention', '--subject', 'mine.mjs']
    const { code, stdout } = await cli(root, args)
    expect(stdout).toMatch(/see npx contention replay lease-renewal-contention .*--subject mine.mjs/)
    expect(code).toBe(1)
  })

  it('is told without a file, where that cannot be written', async () => {
    const root = folder({ 'mine.mjs': careless, afile: '' })
    const args = ['explore', 'lease-lifecycle', '--subject', 'mine.mjs', '--output', 'afile']
    const { code, stdout } = await cli(root, args)
    expect(stdout).toMatch(/not saved: cannot write .*afile.*\n {6}token cx1\S+ --subject mine.mjs\n/)
    expect(code).toBe(1)
    const [, token = ''] = /token (cx1\S+)/.exec(stdout) ?? []
    expect((await cli(root, ['replay', token, '--subject', 'mine.mjs'])).code).toBe(1)
  })

  it('is told where it shows in one of two runs alone', async () => {
    const flaky = `
let asked = 0
export default {
  name: 'flaky',
  core: ({ builtIn }) => ({
    ...builtIn.core,
    acquire(command, nowMs) {
      if (++asked === 500) throw new TypeError('pool exhausted')
      return builtIn.core.acquire(command, nowMs)
    },
  }),
}
`
    const args = ['explore', 'lease-lifecycle', '--subject', 'flaky.mjs', '--seeds', '100', '--workers', '1']
    const { code, stdout } = await cli(folder({ 'flaky.mjs': flaky }), args)
    expect(stdout).toMatch(
      /subject or scenario is not deterministic at \d+ ms\n.*one of the two: .* threw on acquire: pool exhausted/,
    )
    expect(code).toBe(1)
  })

  it('does not take a command in the wrong part for one that is tested', async () => {
    const mistaken = `
export default {
  name: 'mistaken',
  core: ({ builtIn }) => ({ ...builtIn.core, append: () => ({ kind: 'appended', seq: 0 }) }),
}
`
    const { code, stderr } = await cli(folder({ 'mine.mjs': mistaken }), ['explore', '--subject', 'mine.mjs'])
    expect(stderr).toContain('core of subject "mistaken" is one with append: expected append in log')
    expect(code).toBe(1)
  })
})

describe('a counterexample that cannot be used', () => {
  const file = join('counterexamples', 'found.json')
  const value = {
    version: 1,
    scenario: 'lease-lifecycle',
    found: { kind: 'breach', what: 'mutual-exclusion', message: 'two holders', atMs: 9 },
    seed: 3,
    strategy: 'insertion',
    parameters: { nodes: 2 },
    faults: [{ kind: 'pause', node: 1, atMs: 5, durationMs: 10 }],
  }

  it.each<[string, (value: Record<string, unknown>) => string, readonly string[]]>([
    ['is damaged', (value) => JSON.stringify(value).slice(0, -9), ['is not valid JSON', 'line 1']],
    [
      'is of another version',
      (value) => JSON.stringify({ ...value, version: 99 }),
      ['another version', 'version', '99'],
    ],
    ['is of no scenario', (value) => JSON.stringify({ ...value, scenario: 'gone' }), ['does not exist', '"gone"']],
    ['has no such field', (value) => JSON.stringify({ ...value, sede: 1 }), ['sede', 'seed?']],
    [
      'strikes a node that is not there',
      (value) => JSON.stringify({ ...value, faults: [{ kind: 'pause', node: 40, atMs: 0, durationMs: 1 }] }),
      ['faults[0]', 'node 40'],
    ],
    [
      'has a fault of no kind',
      (value) => JSON.stringify({ ...value, faults: [{ kind: 'nap', node: 0, atMs: 0 }] }),
      ['faults[0]', 'pause, crash'],
    ],
    [
      'has a parameter out of bounds',
      (value) => JSON.stringify({ ...value, parameters: { nodes: 0 } }),
      ['parameters.nodes'],
    ],
  ])('%s', async (_what, damage, said) => {
    const root = folder({ [file]: damage(value) })
    const replayed = await cli(root, ['replay', file])
    expect(replayed.code).toBe(2)
    for (const words of [file, ...said]) expect(replayed.stderr).toContain(words)
  })

  it('is refused by the gate as well, and the same without the damage is run', async () => {
    const kept = join('snapshots', file)
    const root = folder({ [kept]: JSON.stringify(value) })
    await cli(root, ['update'])
    expect((await cli(root, ['check'])).code).toBe(0)
    writeFileSync(join(root, kept), JSON.stringify({ ...value, version: 99 }))
    expect((await cli(root, ['check'])).code).toBe(2)
  })

  it('is a token that was not copied whole', async () => {
    const { code, stderr } = await cli(folder(), ['replay', 'cx1qDgAAC0AB'])
    expect(code).toBe(2)
    expect(stderr).toContain('the token is damaged')
  })
})

describe('contention conformance', () => {
  it('holds for the built-in core', async () => {
    const { code, stdout } = await cli(folder(), ['conformance'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/PASS {2}built-in: \d+ hold, 0 broken, 0 skipped\n$/)
  })

  it('has nothing to check of a subject that is a client alone', async () => {
    const root = folder({ 'client.mjs': 'export default { name: "eager", client: { retryAfterMs: () => 1 } }' })
    const { code, stdout } = await cli(root, ['conformance', '--subject', 'client.mjs'])
    expect(stdout).toMatch(/^- \d+ skipped: its core is the built-in one \(--json names them\)$/m)
    expect(stdout).toMatch(/NOTHING TO CHECK {2}eager: 0 hold, 0 broken, \d+ skipped\n$/)
    expect(code).toBe(2)
  })

  it('tries a forged token in every way in which one can be shown', async () => {
    const forgiving = (command: string) => `
      export default { name: 'forgiving', core: ({ builtIn }) => ({ ...builtIn.core, ${command}(given, nowMs) {
        const { token } = builtIn.spaces.get(given.fence.space).record.lease
        return builtIn.core.${command}({ ...given, fence: { ...given.fence, token } }, nowMs)
      } }) }`
    for (const command of ['renew', 'validate']) {
      const root = folder({ 'forgiving.mjs': forgiving(command) })
      const { code, stdout } = await cli(root, ['conformance', '--subject', 'forgiving.mjs', '--quiet'])
      expect(stdout).toContain('✗ a token is needed, and that of the right epoch\n    a made-up token')
      expect(code).toBe(1)
    }
  })

  it.each([
    [
      'leaves something to fail by itself',
      'acquire(command, nowMs) { Promise.reject(new Error("orphan")); return builtIn.core.acquire(command, nowMs) }',
      [2, /^$/, /^error: subject "mine" failed by itself\n {2}found: {4}orphan\n/],
    ],
    [
      'promises to close',
      'close: async () => { throw new Error("disk full") }',
      [
        1,
        /^✗ epochs survive.*\n {4}subject "mine" answered close with a promise: .*\n {4}and 2 more, all for this reason\nFAIL {2}mine: .* 3 broken/,
        /^$/,
      ],
    ],
    [
      'keeps something in its module',
      'acquire: (command, nowMs) => ++asked > 99 ? { kind: "lease-held" } : builtIn.core.acquire(command, nowMs)',
      [
        1,
        /^✗ .*\n {4}first .*: the subject is not deterministic, or keeps .*\n {4}to do: take time from nowMs, .*\nFAIL {2}mine: 0 hold, 1 broken, \d+ skipped\n$/,
        /^$/,
      ],
    ],
  ] as const)('says of a subject that %s no more than that', async (_, command, [code, stdout, stderr]) => {
    const mine = `let asked = 0; export default { name: 'mine', core: ({ builtIn }) => ({ ...builtIn.core, ${command} }) }`
    const root = folder({ 'mine.mjs': mine })
    const said = await cli(root, ['conformance', '--subject', 'mine.mjs', '--quiet'])
    expect(said).toEqual({ code, stdout: expect.stringMatching(stdout), stderr: expect.stringMatching(stderr) })
    const all = await cli(root, ['conformance', '--subject', 'mine.mjs'])
    expect([all.code, all.stdout.includes('PASS')]).toEqual([code, false])
  })

  it('says once why most is broken, and names all of it as JSON', async () => {
    const root = folder({
      'throws.mjs': `export default { name: 'throws', core: () => ({ acquire() { throw new Error('no connection') } }) }`,
    })
    const { code, stdout } = await cli(root, ['conformance', '--subject', 'throws.mjs', '--quiet'])
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^✗ a free space is granted\n {4}subject "throws" threw on acquire: no connection\n {4}and \d+ more, all for this reason\nFAIL/,
    )
    const json = await cli(root, ['conformance', '--subject', 'throws.mjs', '--json'])
    const broken = JSON.parse(json.stdout).subjects[0].results.filter(
      ({ verdict }: { verdict: string }) => verdict === 'broken',
    )
    expect(stdout).toContain(`and ${broken.length - 1} more, all for this reason\n`)
  })

  it('names what is broken and what is skipped', async () => {
    const root = folder({ 'careless.mjs': careless })
    const { code, stdout } = await cli(root, ['conformance', '--subject', 'careless.mjs', '--json'])
    expect(code).toBe(1)
    const [{ results }] = JSON.parse(stdout).subjects
    const broken = results.filter(({ verdict }: { verdict: string }) => verdict === 'broken')
    expect(broken.map(({ name }: { name: string }) => name)).toEqual([
      'a token is needed, and that of the right epoch',
      'a token is of one space and one epoch, and cannot be guessed from their names',
      'an older fence of the same owner is refused',
      'who names an epoch without owning it is refused',
      'a release by an owner of the past frees nothing',
    ])
    const skipped = results.filter(({ verdict }: { verdict: string }) => verdict === 'skipped')
    expect(new Set(skipped.map(({ why }: { why: string }) => why))).toEqual(
      new Set(['its log is the built-in one', 'its jobs are the built-in ones']),
    )
  })
})

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { main } from '../../src/cli/main.js'
import { packageRoot } from '../../src/package.js'
import { cliInThread as cli, folder, memoryIo } from '../support/cli.js'

const bin = join(packageRoot(), 'bin/contention.js')

/** A subject whose renew does `body`; `renewals` counts. */
const subject = (name: string, body: string) => `
let renewals = 0
export default {
  name: '${name}',
  core: ({ builtIn }) => ({ ...builtIn.core, renew(command, nowMs) { renewals += 1; ${body}; return builtIn.core.renew(command, nowMs) } }),
}`

const files = {
  'silent.mjs': subject('silent', 'return new Promise(() => {})'),
  'busy.mjs': subject('busy', 'setInterval(() => {}, 50); return new Promise(() => {})'),
  'loop.mjs': subject('loop', 'for (;;);'),
  'slow.mjs': subject('slow', 'if (renewals === 1) for (const end = Date.now() + 1200; Date.now() < end; );'),
  'late.mjs': subject(
    'late',
    'if (renewals === 1) return new Promise((r) => setTimeout(r, 1200)).then(() => builtIn.core.renew(command, nowMs))',
  ),
  'client.mjs': "export default { name: 'client', client: { believes() { for (;;); } } }",
  'core.mjs': "export default { name: 'core', core() { for (;;); } }",
  'getter.mjs': subject('getter', 'return { get kind() { for (;;); } }'),
  'begins.mjs': subject('begins', "if (renewals === 1) setTimeout(() => { throw new Error('lost') })"),
  'rejects.mjs': subject('rejects', "if (renewals === 1) Promise.reject(new Error('lost'))"),
  'exits.mjs': subject('exits', 'process.exit(0)'),
  'fails.mjs': subject('fails', "return new Promise(() => setTimeout(() => { throw new Error('lost') }))"),
}

const RENEWAL = ['run', 'lease-renewal-contention'] as const

describe('a subject that hangs', () => {
  it.each([
    ['run', [...RENEWAL], 'silent', 'never answers renew, asked at 482 ms of virtual time'],
    ['run', [...RENEWAL, '--store', 'memory'], 'loop', 'loops for ever on renew, asked at 482 ms of virtual time'],
    ['replay', ['replay', 'lease-lifecycle'], 'client', 'loops for ever on client.believes\n'],
    ['conformance', ['conformance'], 'busy', 'never answers renew, asked at 1 ms of virtual time'],
    ['conformance', ['conformance'], 'getter', 'loops for ever on renew, asked at 1 ms of virtual time'],
    ['explore', ['explore', 'lease-lifecycle', '--seeds', '9'], 'client', 'loops for ever on client.believes\n'],
    ['explore', ['explore', 'lease-lifecycle', '--seeds', '9'], 'core', 'loops for ever on core\n'],
    ['explore', ['explore', '--strategy', 'exhaustive'], 'core', 'loops for ever on core\n'],
  ])('is ended in %s and found guilty, with what it was asked: %s %s', async (_command, args, name, said) => {
    const { code, stdout, stderr } = await cli(folder(files), [...args, '--subject', `${name}.mjs`, '--patience', '1'])
    // What an exploration finds is its result; elsewhere there is none.
    const [told, other] = args.includes('--seeds') ? [stdout, stderr] : [stderr, stdout]
    expect(told).toContain(`FAIL  subject "${name}" ${said}`)
    expect(told).toMatch(/\n {6}(it was given 1 s|nothing is left that might bring the answer)/)
    expect({ code, other }).toEqual({ code: 1, other: '' })
  })

  it('does not hide what was found before: that is told, and kept, as well', async () => {
    const both = `
let asked = 0
export default {
  name: 'both',
  core: ({ builtIn }) => ({
    ...builtIn.core,
    release(command, nowMs) { asked += 1; if (asked > 300) for (;;); return builtIn.core.release(command, nowMs) },
    validate: () => ({ kind: 'valid', expiresAtMs: 1e9 }),
  }),
}`
    const project = folder({ 'both.mjs': both })
    const args = ['explore', 'lease-lifecycle', '--subject', 'both.mjs', '--workers', '1', '--patience', '1']
    const many = ['--seeds', '1000', '--max-failures', '1000']
    const { code, stdout, stderr } = await cli(project, [...args, ...many, '--no-shrink'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout).toMatch(/^FAIL {2}lease-lifecycle {2}seed 1: valid-means-held broke/)
    expect(stdout).toMatch(/\nFAIL {2}subject "both" loops for ever on release[^\n]*\n[^\n]*; seeds \d+ to \d+\n/)
    const told = JSON.parse((await cli(project, [...args, ...many, '--no-shrink', '--json'])).stdout)
    expect(told).toMatchObject({ verdict: 'not-held', fault: 'endless', command: 'release' })
    const seeds = told.failures.map(({ failure }: { failure: { seed: number } }) => failure.seed)
    expect(stdout.match(/(?<=seed )\d+(?=: )/g)).toEqual(seeds.map(String))
    expect(readdirSync(join(project, 'counterexamples'))).toHaveLength(seeds.length)
    expect(await cli(project, [...args, ...many])).toMatchObject({ stdout: expect.stringContaining('smallest:') })
    // A hundred failures are made small.
  }, 180_000)

  it('is told in JSON', async () => {
    const { code, stdout } = await cli(folder(files), [
      'conformance',
      ...['--subject', 'loop.mjs', '--patience', '1', '--json'],
    ])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toEqual({
      verdict: 'not-held',
      error: { what: 'subject "loop" loops for ever on renew, asked at 1 ms of virtual time' },
    })
  })

  it.each(['slow', 'late'])('is not one that is %s, but comes back in time', async (name) => {
    const args = ['conformance', '--quiet', '--subject', `${name}.mjs`, '--patience', '2']
    const { code, stdout } = await cli(folder(files), args)
    expect(stdout).toContain(`PASS  ${name}:`)
    expect(code).toBe(0)
  })

  it('is named with the counterexample, when it is a kept one that has it hang', async () => {
    const broken = `
export default {
  name: 'mine',
  client: { believesUntilMs: ({ receivedAtMs, ttlMs }) => receivedAtMs + 10 * ttlMs },
}`
    const root = folder({ 'mine.mjs': broken })
    const args = ['lease-lifecycle', '--subject', 'mine.mjs', '--quiet', '--save', '--no-shrink', '--from-seed', '19']
    expect((await cli(root, ['explore', ...args])).code).toBe(1)
    await cli(root, ['update'])
    const [file] = readdirSync(join(root, 'snapshots/counterexamples'))
    const kept = `snapshots/counterexamples/${file}`
    expect((await cli(root, ['check'])).stdout).toContain(`FAIL  ${kept}: exclusive-belief`)

    writeFileSync(join(root, 'mine.mjs'), files['loop.mjs'])
    const { code, stdout, stderr } = await cli(root, ['check', '--patience', '1'])
    expect(stderr).toMatch(/FAIL {2}subject "loop" loops for ever on renew, asked at \d+ ms/)
    expect(stderr).toContain(`it was given 1 s; ${kept}`)
    expect(stdout).toContain('PASS  no drift')
    expect(code).toBe(1)
    const replayed = await cli(root, ['replay', kept, '--patience', '1'])
    expect(replayed.stderr).toContain('loops for ever on renew')
    expect(replayed.code).toBe(1)

    writeFileSync(join(root, 'mine.mjs'), "export default { name: 'mine', core() { for (;;); } }")
    const made = await cli(root, ['replay', kept, '--patience', '1'])
    expect([made.code, made.stderr]).toEqual([1, expect.stringContaining('loops for ever on core')])
  })
})

describe('a scenario of the user that', () => {
  const scenario = (body: string, more = '') => ({
    'contention.config.mjs': "export default { builtIn: false, scenarios: ['./mine.mjs'] }",
    'mine.mjs': `
const bounds = (value) => ({ description: 'a number', default: value, min: 1, max: 10_000 })
export default {
  name: 'mine',
  description: 'contends',
  parameters: { nodes: bounds(4), spaces: bounds(1), durationMs: bounds(2_000) },
  network: () => ({ requestDelayMs: [1, 3], replyDelayMs: [1, 3], timeoutMs: 100 }),
  *node(node) {
    for (;;) {
      yield node.acquire('space-0', 100)
      yield node.sleep(50)
      ${body}
    }
  },
  invariants: () => [],
  ${more}
}`,
  })
  const loops = 'if (node.index === 3 && node.nowMs > 500) for (;;);'
  const judging =
    "invariants: () => [{ name: 'judges', rule: 'x', kinds: ['granted'], begin: () => ({ step() { for (;;); } }) }],"

  const lossy = 'network: () => ({ requestDelayMs: [60, 60], replyDelayMs: [60, 60], timeoutMs: 100 }),'

  it.each([
    ['run', scenario(loops), /in node-3, does not come to an end: it was called at 5\d\d ms of the node's clock\n/],
    ['check', scenario(loops), /in node-3, does not/],
    ['update', scenario(loops), /in node-3, does not/],
    ['tune', scenario(loops), /in node-3, does not/],
    ['init', scenario(loops), /in node-3, does not/],
    ['replay', scenario(`node.spawn(function* (task) { yield task.sleep(9); for (;;); })`), /in node-\d, does not/],
    ['run', scenario('', 'network() { for (;;); },'), /in network, does not come to an end\n/],
    ['run', scenario('', 'faults() { for (;;); },'), /in faults, does not come to an end\n/],
    [
      'run',
      scenario('for (;;);', 'clockSkewMs: () => Date.UTC(2026),'),
      /called at 17672256000\d\d ms of the node's clock/,
    ],
    ['run', scenario('', 'clockSkewMs() { for (;;); },'), /in clockSkewMs, does not come to an end\n/],
    ['run', scenario(`yield node.insist(node.load('space-0'), () => { for (;;); })`, lossy), /in node-\d, does not/],
    ['run', scenario('', judging), /in invariant judges, does not come to an end\n/],
  ])('loops for ever is ended in %s, and said to be where it is', async (command, given, said) => {
    const root = folder(given)
    const args = command === 'replay' ? [command, 'mine'] : [command]
    const { code, stdout, stderr } = await cli(root, [...args, '--patience', '1'])
    expect(stderr).toMatch(/^error: scenario "mine", in /)
    expect(stderr).toMatch(said)
    expect(stderr).toContain('\n  found:    it was given 1 s\n')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(existsSync(join(root, 'snapshots'))).toBe(false)
  })

  it.each([
    ['run', '^error: scenario "mine", in node-\\d, does not come to an end'],
    ['explore', '^error: scenario "mine" does not come to an end'],
  ])('asks its client for ever is ended in %s, and not taken for a client that hangs', async (command, said) => {
    const spins = `for (;;) node.client.retryAfterMs({ attempt: 1, unanswered: 0, maxUnanswered: 3, baseMs: 1, capMs: 9 }, node.random)`
    const client = "export default { name: 'polite', client: { retryAfterMs: () => 5 } }"
    const root = folder({ ...scenario(spins), 'polite.mjs': client })
    const { code, stderr } = await cli(root, [command, 'mine', '--subject', 'polite.mjs', '--patience', '1'])
    expect(stderr).toMatch(new RegExp(said))
    expect(code).toBe(2)
  })

  it('loops for ever on one thread of `tune` alone keeps nobody from the end', async () => {
    const elsewhere = `if (process.getBuiltinModule('node:worker_threads').workerData?.jobs !== undefined) {
        process.getBuiltinModule('node:fs').writeFileSync(import.meta.dirname + '/looped', '')
        for (;;);
      }`
    const root = folder(scenario(elsewhere))
    const many = ['--seeds', '300', '--param', 'durationMs=10000']
    const { code, stdout } = await cli(root, ['tune', ...many, '--workers', '2', '--patience', '1'])
    expect(existsSync(join(root, 'looped'))).toBe(true)
    expect(stdout).toContain('Seeds 1 to 300, twice each')
    expect(code).toBe(0)
  })

  it('loops for ever in a counterexample that is kept is ended when that is run again', async () => {
    const wrong =
      "invariants: () => [{ name: 'wrong', rule: 'x', kinds: ['granted'], begin: () => ({ step: () => 'x' }) }],"
    const root = folder(scenario('', wrong))
    await cli(root, ['explore', 'mine', '--seeds', '1', '--no-shrink', '--save'])
    const [file] = readdirSync(join(root, 'snapshots/counterexamples'))
    const loopsAtOnce = 'if (node.index === 0) for (;;);'
    writeFileSync(join(root, 'mine.mjs'), scenario(loopsAtOnce)['mine.mjs'])
    const kept = `snapshots/counterexamples/${file}`
    const { code, stderr } = await cli(root, ['replay', kept, '--patience', '1'])
    expect(stderr).toMatch(/^error: scenario "mine", in node-0, does not come to an end/)
    expect(code).toBe(2)
  })

  it('is the instance of a class, and has a watch of its own, runs as any other', async () => {
    const root = folder({
      'contention.config.mjs': scenario('')['contention.config.mjs'],
      'mine.mjs': `
const { default: plain } = await import('./plain.mjs')
class Mine {
  #plain = plain
  get name() { return this.#plain.name }
  description = plain.description
  parameters = plain.parameters
  network() { return this.#plain.network() }
  node(node) { return this.watch(node) }
  *watch(node) { yield* this.#plain.node(node) }
  invariants() { return [] }
}
export default new Mine()`,
      'plain.mjs': scenario('')['mine.mjs'],
    })
    for (const args of [['run'], ['tune', '--seeds', '2'], ['explore', 'mine', '--seeds', '2']]) {
      const { code, stderr } = await cli(root, args)
      expect({ args, code, failed: /error/.test(stderr) }).toEqual({ args, code: 0, failed: false })
    }
  })

  const slow = 'if (node.index === 3 && node.nowMs > 1_900) for (const end = Date.now() + 300; Date.now() < end; );'

  it('loops for ever in an exploration is not taken for the built-in subject', async () => {
    const args = ['explore', 'mine', '--seeds', '2', '--patience', '1']
    const { code, stdout, stderr } = await cli(folder(scenario('for (;;);')), args)
    expect(stderr).toMatch(
      /^error: scenario "mine" does not come to an end, in seeds 1 to \d\n {2}found: {4}it was given 1 s/,
    )
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  it.each([
    ['a node', scenario('for (;;);')],
    ['an invariant', scenario('', judging)],
  ])(
    'loops for ever in an exploration is not taken for the fault of a subject of one’s own: %s',
    async (_what, given) => {
      const mine = "export default { name: 'fine', core: ({ builtIn }) => ({ ...builtIn.core }) }"
      const args = ['explore', 'mine', '--seeds', '2', '--patience', '1', '--subject', 'fine.mjs']
      const { code, stdout, stderr } = await cli(folder({ ...given, 'fine.mjs': mine }), args)
      expect(stderr).toMatch(/^error: scenario "mine" does not come to an end, in seeds 1 to \d\n/)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    },
  )

  it('loops for ever while a failure is made small is not taken for the built-in subject', async () => {
    const wrong =
      "invariants: () => [{ name: 'wrong', rule: 'x', kinds: ['granted'], begin: () => ({ step: () => 'always' }) }],"
    // The failure is found, and seen again, by then.
    const later = `*node(node) {
      if (node.index === 0) globalThis.runs = (globalThis.runs ?? 0) + 1
      while (globalThis.runs > 2);
      yield node.acquire('space-0', 100)
    },`
    const args = ['explore', 'mine', '--seeds', '1', '--workers', '1', '--patience', '1']
    const { code, stdout } = await cli(folder(scenario('', wrong + later)), args)
    expect(stdout).toContain('not made small, and not told: the scenario then does not come to an end\n')
    expect(code).toBe(1)
  })

  it('loops after a progress bar has been drawn takes that away', async () => {
    const second = `if (node.index === 0 && node.nowMs < 100) {
      if (globalThis.contentionSecond) for (;;);
      globalThis.contentionSecond = true
      for (const end = performance.now() + 1_100; performance.now() < end; );
    }`
    const { io, written } = memoryIo({}, folder(scenario(second)))
    expect(await main(['run', '--patience', '2'], { ...io, stderr: { ...io.stderr, redraws: true } })).toBe(2)
    expect(written.stderr).toContain('1/2 runs')
    expect(written.stderr).toContain('\r\u001b[2Kerror: scenario "mine", in node-0')
  })

  it('stands still in a debugger is not ended', () => {
    const stands = slow.replace('300', '2_000')
    const args = ['--inspect=127.0.0.1:0', bin, 'run', '--patience', '1']
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: folder(scenario(stands)), encoding: 'utf8' })
    expect(stdout).toContain('PASS  mine')
    expect(status).toBe(0)
  })

  it('is only slow is waited for', async () => {
    const { code, stdout } = await cli(folder(scenario(slow)), ['run', '--patience', '2'])
    expect(stdout).toContain('PASS  mine')
    expect(code).toBe(0)
  })

  const rejects = "if (node.nowMs > 1_900) Promise.reject(new Error('later'))"
  const throwsSoon = "if (node.nowMs > 1_900) setTimeout(() => { throw new Error('later') })"
  it.each([
    ['run --reporter json=report.json', rejects],
    ['run --reporter json=report.json', throwsSoon],
    ['update', rejects],
    ['update', throwsSoon],
    ['tune --seeds 1 --write', throwsSoon],
    ['replay mine', throwsSoon],
  ])(
    'fails later by itself is not taken for the subject, and nothing is printed or written: %s',
    async (argv, later) => {
      const args = argv.split(' ')
      const root = folder(scenario(later))
      const before = readdirSync(root)
      const { code, stdout, stderr } = await cli(root, args)
      expect(stderr).toMatch(
        /^error: the configuration, or a file that it names, failed by itself\n {2}found: {4}later\n/,
      )
      expect({ code, stdout, files: readdirSync(root) }).toEqual({ code: 2, stdout: '', files: before })
    },
  )

  it.each([rejects, throwsSoon])(
    'fails later by itself on a store is told in a line, and nothing is written',
    (later) => {
      const root = folder(scenario(later))
      const before = readdirSync(root)
      const args = [bin, 'run', '--store', 'sqlite', '--quiet', '--reporter', 'json=report.json']
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
      expect(stderr).toMatch(/^error: something that .* has left failed by itself: later\n$/)
      expect({ status, stdout, files: readdirSync(root) }).toEqual({ status: 2, stdout: '', files: before })
    },
  )
})

describe('a subject that goes its own way', () => {
  it.each([
    ['conformance', 'exits', 'error: subject "exits" ended the process, in renew\n  found:    process.exit(0)'],
    ['conformance', 'fails', 'error: subject "fails" failed by itself, in renew\n  found:    lost'],
    ['conformance', 'begins', 'error: subject "begins" failed by itself\n  found:    lost'],
    ['conformance', 'rejects', 'error: subject "rejects" failed by itself\n  found:    lost'],
    ['explore', 'exits', 'error: subject "exits" ended the process\n  found:    process.exit(0)'],
    ['explore', 'rejects', 'error: subject "rejects" failed by itself\n  found:    lost'],
  ])('in %s: %s is told, and not checked', async (command, name, said) => {
    const args = command === 'explore' ? ['explore', 'lease-lifecycle', '--seeds', '9'] : [command]
    const { code, stdout, stderr } = await cli(folder(files), [...args, '--json', '--subject', `${name}.mjs`])
    expect(stderr).toContain(said)
    expect({ code, verdict: JSON.parse(stdout).verdict }).toEqual({ code: 2, verdict: 'not-checked' })
  })

  it('does not keep an exploration that has ended from telling what it found', async () => {
    const goesOn = subject('goes-on', 'if (renewals === 1) setTimeout(() => { for (;;); })')
    const args = ['explore', 'lease-lifecycle', '--seeds', '9', '--workers', '1', '--subject', 'mine.mjs']
    const { code, stdout } = await cli(folder({ 'mine.mjs': goesOn }), args)
    expect(stdout).toContain('PASS  no failure in 9 seeds')
    expect(code).toBe(0)
  })

  it('is at fault for an answer that throws when it is looked at', async () => {
    const root = folder({ 'mine.mjs': subject('mine', "return { get then() { throw new Error('no then') } }") })
    const { code, stderr } = await cli(root, [...RENEWAL, '--subject', 'mine.mjs'])
    expect(stderr).toContain('FAIL  lease-renewal-contention: subject "mine" threw on renew: no then')
    expect(code).toBe(1)
  })

  it('is the one that is run, as the instance of a class too', async () => {
    const own = `class Mine {
  name = 'mine'
  refusal = 'no lease'
  core({ builtIn }) { return { ...builtIn.core, acquire: () => { throw new Error(this.refusal) } } }
}
export default new Mine()`
    const { code, stdout } = await cli(folder({ 'mine.mjs': own }), ['conformance', '--subject', 'mine.mjs'])
    expect(stdout).toContain('subject "mine" threw on acquire: no lease')
    expect(code).toBe(1)
  })
})

describe('a file that ends the process', () => {
  it('is said, and nothing has been checked', () => {
    const files = { 'contention.config.mjs': 'process.exit(0)', 'mine.mjs': subject('mine', '') }
    const root = folder(files)
    for (const args of [['check'], ['run', '--subject', 'mine.mjs']]) {
      const env = { ...process.env, GITHUB_ACTIONS: 'true' }
      const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
        cwd: root,
        env,
        encoding: 'utf8',
      })
      expect(stderr).toMatch(/^error: .*ended the process/)
      expect(stderr.match(/^::error title=contention::.*ended the process/gm)).toHaveLength(1)
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    }
  })
})

describe('a subject whose file', () => {
  it('loops when it is loaded is not waited for', async () => {
    const root = folder({ 'mine.mjs': 'for (;;);' })
    const commands = [['run'], ['explore', '--seeds', '1'], ['explore', '--strategy', 'exhaustive']]
    await Promise.all(
      commands.map(async (command) => {
        const { code, stdout, stderr } = await cli(root, [...command, '--subject', 'mine.mjs', '--patience', '1'])
        expect(stderr).toMatch(/^error: \/.*mine\.mjs does not come to an end when it is loaded\n.*\n.*was given 6 s\n/)
        expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      }),
    )
  })

  it('prints does so beside what was asked for', () => {
    const root = folder({
      'mine.mjs':
        "console.log('loaded'); export default { name: 'mine', client: { believes: (nowMs, untilMs) => nowMs < untilMs } }",
    })
    const args = [bin, 'explore', 'lease-lifecycle', '--seeds', '1', '--json', '--subject', 'mine.mjs']
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'held', subject: 'mine' })
    expect(stderr).toContain('loaded\n')
  })
})

describe('a configuration that loops when it is loaded', () => {
  it.each([[['run']], [['explore', '--seeds', '1']], [['list']], [['init']]])(
    'is not waited for: %j',
    async (command) => {
      const root = folder({ 'contention.config.mjs': 'for (;;);' })
      const { code, stdout, stderr } = await cli(root, [...command, '--patience', '1'])
      expect(stderr).toMatch(/^error: \/.*config\.mjs does not come to an end when it is loaded\n.*\n.*was given 6 s\n/)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    },
  )
})

describe('a promise that nobody keeps', () => {
  it('in a configuration is said, with and without a subject', () => {
    const files = { 'contention.config.mjs': 'await new Promise(() => {})', 'mine.mjs': subject('mine', '') }
    for (const args of [['run'], ['run', '--subject', 'mine.mjs']]) {
      const { status, stderr } = spawnSync(process.execPath, [bin, ...args], { cwd: folder(files), encoding: 'utf8' })
      expect(stderr).toContain('error: waiting for a promise that is never kept')
      expect(status).toBe(2)
    }
  })
})

describe('a command in a thread', () => {
  it('prints a document once, however long it takes to be read', async () => {
    const { io, written } = memoryIo({}, folder(files))
    expect(await main([...RENEWAL, '--json', '--subject', 'late.mjs', '--patience', '2'], io)).toBe(0)
    await sleep(2_500)
    expect(JSON.parse(written.stdout)).toMatchObject({ verdict: 'held', subject: 'late' })
  })

  it('loses nothing of what the subject prints, and keeps it out of its own output', async () => {
    const loud = "console.log('renewal', renewals); console.error('err', renewals); if (renewals === 3) for (;;);"
    const root = folder({ 'loud.mjs': subject('loud', loud) })
    const { stdout, stderr } = await cli(root, [...RENEWAL, '--subject', 'loud.mjs', '--patience', '1'])
    expect(stdout).toBe('')
    expect(stderr).toMatch(
      /^renewal 1\nerr 1\nrenewal 2\nerr 2\nrenewal 3\nerr 3\nFAIL {2}subject "loud" loops for ever/,
    )
  })

  it('has the command line in `process.argv`, where a configuration may look', async () => {
    const root = folder({
      'contention.config.mjs': "export default { seed: process.argv.slice(2).join() === 'run,--json' ? 7 : 8 }",
    })
    const { stdout } = await cli(root, ['run', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'held', seed: 7 })
  })

  it('refuses a patience that is none, with and without a subject', async () => {
    const root = folder(files)
    for (const args of [['run'], ['check'], ['conformance', '--subject', 'loop.mjs']]) {
      const { code, stderr } = await cli(root, [...args, '--patience', '0'])
      expect({ code, said: stderr.includes('--patience cannot be used') }).toEqual({ code: 2, said: true })
    }
  })

  it('prints what it prints without one, but for the name of the subject', async () => {
    const root = folder({
      'mine.mjs': "export default { name: 'mine', client: { believes: (nowMs, untilMs) => nowMs < untilMs } }",
    })
    mkdirSync(join(root, 'snapshots'))
    cpSync('snapshots', join(root, 'snapshots'), { recursive: true })
    const [here, there] = [
      await cli(root, ['run', '--json']),
      await cli(root, ['run', '--json', '--subject', 'mine.mjs']),
    ]
    expect(there).toEqual({ ...here, stdout: here.stdout.replace('"subject": null', '"subject": "mine"') })
    const wrong = await cli(root, ['run', '--subject', 'mine.mjs', '--seed', 'x'])
    expect(wrong).toEqual(await cli(root, ['run', '--seed', 'x']))
    expect(wrong.code).toBe(2)
  })
})

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/package.js'
import { cli, folder } from '../support/cli.js'

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
  'exits.mjs': subject('exits', 'process.exit(0)'),
  'fails.mjs': subject('fails', "return new Promise(() => setTimeout(() => { throw new Error('lost') }))"),
}

const RENEWAL = ['run', 'lease-renewal-contention'] as const

describe('a subject that hangs', () => {
  it.each([
    ['run', [...RENEWAL], 'silent', 'never answers renew, asked at 482 ms of virtual time'],
    ['run', [...RENEWAL], 'loop', 'loops for ever on renew, asked at 482 ms of virtual time'],
    ['run', [...RENEWAL], 'core', 'loops for ever on core\n'],
    ['replay', ['replay', 'lease-lifecycle'], 'client', 'loops for ever on client.believes\n'],
    ['conformance', ['conformance'], 'busy', 'never answers renew, asked at 100 ms of virtual time'],
    [
      'explore',
      ['explore', 'lease-lifecycle', '--seeds', '9'],
      'client',
      'loops for ever on client.believes, asked at',
    ],
  ])('is ended in %s and found guilty, with what it was asked: %s %s', async (_command, args, name, said) => {
    const { code, stdout, stderr } = await cli(folder(files), [...args, '--subject', `${name}.mjs`, '--patience', '1'])
    expect(stdout).toContain(`FAIL  subject "${name}" ${said}`)
    expect(stdout).toMatch(/\n {6}(it was given 1 s|nothing is left that might bring the answer)/)
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
  })

  it('is told in JSON', async () => {
    const { code, stdout } = await cli(folder(files), [
      'conformance',
      ...['--subject', 'loop.mjs', '--patience', '1', '--json'],
    ])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toEqual({
      verdict: 'not-held',
      subject: 'loop',
      fault: 'endless',
      command: 'renew',
      atMs: 100,
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
    const args = ['lease-lifecycle', '--subject', 'mine.mjs', '--quiet', '--save', '--no-shrink']
    expect((await cli(root, ['explore', ...args])).code).toBe(1)
    await cli(root, ['update'])
    const [file] = readdirSync(join(root, 'snapshots/counterexamples'))
    const kept = `snapshots/counterexamples/${file}`
    expect((await cli(root, ['check'])).stdout).toContain(`FAIL  ${kept}: exclusive-belief`)

    writeFileSync(join(root, 'mine.mjs'), files['loop.mjs'])
    const { code, stdout } = await cli(root, ['check', '--patience', '1'])
    expect(stdout).toMatch(/FAIL {2}subject "loop" loops for ever on renew, asked at \d+ ms/)
    expect(stdout).toContain(`it was given 1 s; ${kept}`)
    expect(code).toBe(1)
    const replayed = await cli(root, ['replay', kept, '--patience', '1'])
    expect(replayed.stdout).toContain('loops for ever on renew')
    expect(replayed.code).toBe(1)
  })
})

describe('a subject that goes its own way', () => {
  it.each([
    ['exits', 'error: subject "exits" ended the process\n  found:    process.exit(0)'],
    ['fails', 'error: what subject "fails" has begun failed outside of any command\n  found:    lost'],
  ])('%s: says so, and is not checked', async (name, said) => {
    const { code, stdout, stderr } = await cli(folder(files), ['conformance', '--subject', `${name}.mjs`])
    expect(stderr).toContain(said)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
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
  it('prints what it prints without one', async () => {
    const root = folder({ 'mine.mjs': "export default { name: 'mine', client: {} }" })
    mkdirSync(join(root, 'snapshots'))
    cpSync('snapshots', join(root, 'snapshots'), { recursive: true })
    const [here, there] = [
      await cli(root, ['run', '--json']),
      await cli(root, ['run', '--json', '--subject', 'mine.mjs']),
    ]
    expect(there).toEqual(here)
    const wrong = await cli(root, ['run', '--subject', 'mine.mjs', '--seed', 'x'])
    expect(wrong).toEqual(await cli(root, ['run', '--seed', 'x']))
    expect(wrong.code).toBe(2)
  })
})

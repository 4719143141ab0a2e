import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { jsonConfigSchema, scenarioSchema } from '../src/config/schema.js'
import { Contender, type Fault, type Invariant, type TraceEvent } from '../src/index.js'
import * as invariants from '../src/invariants/index.js'
import { packageRoot } from '../src/package.js'
import { eventKinds } from '../src/trace/index.js'
import { cliInThread as cli, folder } from './support/cli.js'

/**
 * The README's code is run, and its outputs are what the commands print. After a change of what is printed,
 * `UPDATE_README=1 npx vitest run test/readme.test.ts` puts the new outputs in.
 */
const path = join(packageRoot(), 'README.md')
const readme = readFileSync(path, 'utf8')

/** The block of code after the comment `<!-- kind: name -->`. */
function blockAfter(kind: string, name: string): string {
  const marker = `<!-- ${kind}: ${name} -->\n`
  const at = readme.indexOf(marker)
  if (at < 0) throw new Error(`the README has no "${marker.trim()}"`)
  const match = /^```\w+\n([\s\S]*?)```/.exec(readme.slice(at + marker.length))
  if (match === null) throw new Error(`the README has no code after "${marker.trim()}"`)
  return match[1] ?? ''
}

function expectOutput(name: string, printed: string): void {
  if (process.env['UPDATE_README'] === undefined) {
    expect(printed).toBe(blockAfter('output', name))
    return
  }
  const marker = `<!-- output: ${name} -->\n\`\`\`text\n`
  const current = readFileSync(path, 'utf8')
  const from = current.indexOf(marker) + marker.length
  writeFileSync(path, current.slice(0, from) + printed + current.slice(current.indexOf('```', from)))
}

function project(...names: string[]): string {
  const root = folder()
  for (const name of names) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), blockAfter('file', name))
  }
  return root
}

/** The words in code of the first column of the table with this heading: `--n`, not the `--n` of `--node`. */
function inTable(heading: string): string[] {
  const at = readme.indexOf(`\n| ${heading} |`)
  if (at < 0) throw new Error(`the README has no table of "${heading}"`)
  const rows =
    readme
      .slice(at + 1)
      .split('\n\n')[0]
      ?.split('\n')
      .slice(2) ?? []
  const cells = rows.map((row) => (row.split(/(?<!\\)\|/)[1] as string).matchAll(/`([^`]*)`/g))
  return cells.flatMap((codes) =>
    [...codes].flatMap(([, code]) => {
      const [, kind, word] = /kind: '([a-z-]+)'|^\*?((?:--)?[A-Za-z-]+)/.exec(code as string) ?? []
      return kind ?? word ?? []
    }),
  )
}

const examples = join(packageRoot(), 'examples')

/** The examples as the package has them, in a project. */
function exampleProject(): string {
  const root = folder()
  cpSync(examples, root, { recursive: true })
  return root
}

/** The lease core of the README, without the three bugs that it names. */
function mendedLease(text: string): string {
  const mends: readonly (readonly [bug: string, mended: string])[] = [
    [
      `        if (lock !== undefined) lock.expiresAtMs = nowMs\n`,
      `        if (lock?.epoch === fence.epoch && lock.owner === fence.owner) lock.expiresAtMs = nowMs\n`,
    ],
    [
      `return { kind: 'lease-expired' }\n`,
      `return { kind: 'lease-expired' }\n        if (lock.owner !== fence.owner) return { kind: 'split-brain' }\n`,
    ],
    [
      `new Map<string, Lock>())\n`,
      `new Map<string, Lock>())
    /** By session, its latest acquire: what comes later with an older number is late, and takes no effect. */
    const latest = durable('latest', () => new Map<string, number>())\n`,
    ],
    [
      `return granted(lock)\n`,
      `return granted(lock)
        if (request <= (latest.get(session) ?? -1)) return { kind: 'superseded' }
        latest.set(session, request)\n`,
    ],
  ]
  return mends.reduce((before, [bug, mended]) => {
    expect(before).toContain(bug)
    return before.replace(bug, mended)
  }, text)
}

/** For its fields. */
const anEvent: Readonly<Record<keyof TraceEvent, true>> = {
  index: true,
  atMs: true,
  sinceMs: true,
  kind: true,
  command: true,
  node: true,
  task: true,
  space: true,
  request: true,
  attempt: true,
  repeated: true,
  epoch: true,
  seq: true,
  untilMs: true,
  peer: true,
  token: true,
  content: true,
}

const faultKinds: Readonly<Record<Fault['kind'], true>> = {
  pause: true,
  crash: true,
  restart: true,
  skew: true,
  drift: true,
  partition: true,
  drop: true,
  duplicate: true,
  delay: true,
  'store-restart': true,
  'slow-store': true,
}

describe('the README', () => {
  it('shows what `contention run` prints', async () => {
    const { code, stdout } = await cli(packageRoot(), ['run'])
    expect(code).toBe(0)
    expectOutput('contention run', stdout)
  })

  it('shows what a replay prints', async () => {
    const command = 'contention replay ownership-fencing-contention --trace --node node-10 --from 24940 --to 25370'
    const { stdout } = await cli(packageRoot(), command.split(' ').slice(1))
    const [events = ''] = stdout.split('\n\n')
    expect(events).toContain('stale-owner: append')
    expectOutput(command, `${events}\n`)
  })

  it('shows how metrics answer to a parameter', async () => {
    const command = 'contention tune checkpoint-replay-windows --vary checkpointEvery=24..384:6'
    const { code, stdout } = await cli(packageRoot(), command.split(' ').slice(1))
    expect(code).toBe(0)
    expectOutput(command, stdout)
  })

  it('shows what drift looks like', async () => {
    const root = folder({ 'contention.config.json': '{}' })
    await cli(root, ['update'])
    const slower = { parameters: { 'lease-renewal-contention': { renewEveryMs: 600 } } }
    writeFileSync(join(root, 'contention.config.json'), JSON.stringify(slower))
    const { code, stdout } = await cli(root, ['check'])
    expect(code).toBe(1)
    expectOutput('drift', stdout)
  })

  it.each(['contention.config.ts', 'scenarios/shard-handover.ts', 'scenarios/few-writes.ts'])(
    'shows the example that comes with the package: %s',
    (name) => {
      expect(blockAfter('file', name)).toBe(readFileSync(join(examples, name), 'utf8'))
    },
  )

  it('has a scenario that runs, and passes, from the configuration it shows', async () => {
    const root = exampleProject()
    expect(await cli(root, ['run', 'shard-handover', '--quiet'])).toMatchObject({ code: 0, stderr: '' })
    const { stdout } = await cli(root, ['run', 'shard-handover', '--json'])
    const [outcome] = JSON.parse(stdout).outcomes
    expect(outcome.profile.takeoverSuccesses).toBeGreaterThan(10)
    expect(outcome.profile.staleOwnerRejections).toBeGreaterThan(0)
  })

  it('has an invariant that looks: of a rule that is stricter than the scenario it says where it broke', async () => {
    const root = exampleProject()
    const file = join(root, 'scenarios/shard-handover.ts')
    writeFileSync(file, readFileSync(file, 'utf8').replace('fewWrites(8)', 'fewWrites(3)'))
    const { code, stdout } = await cli(root, ['run', 'shard-handover', '--quiet'])
    expect(code).toBe(1)
    expect(stdout).toMatch(/few-writes.*\n?.*node-\d+ wrote 4 times to space-\d/)
  })

  it('has a lease core whose bugs are found, told, kept, and gone when it is mended', async () => {
    const root = project('my-lease.ts')
    expect(blockAfter('file', 'my-lease.ts').trimEnd().split('\n').length).toBeLessThanOrEqual(40)
    const found = await cli(root, ['explore', '--subject', 'my-lease.ts', '--workers', '2'])
    expect(found.code).toBe(1)
    expectOutput('contention explore --subject my-lease.ts', `${found.stdout.split('\n\n')[0]}\n`)
    const checked = await cli(root, ['conformance', '--subject', 'my-lease.ts', '--quiet'])
    expect(checked.code).toBe(1)
    expectOutput('contention conformance --subject my-lease.ts --quiet', checked.stdout)

    const [file = ''] = readdirSync(join(root, 'counterexamples'))
    const again = ['replay', join('counterexamples', file)]
    expect((await cli(root, again)).code).toBe(1)
    writeFileSync(join(root, 'my-lease.ts'), mendedLease(blockAfter('file', 'my-lease.ts')))
    expect((await cli(root, again)).code).toBe(0)
  })

  it('names all the bugs of that lease core: without them it is the example, and nothing is found in it', async () => {
    const mended = mendedLease(blockAfter('file', 'my-lease.ts'))
    expect(mended).toBe(readFileSync(join(examples, 'my-lease.ts'), 'utf8'))
    const root = folder({ 'my-lease.ts': mended })
    const explored = await cli(root, ['explore', '--subject', 'my-lease.ts', '--workers', '2'])
    expect(explored.stdout).toContain('no failure in 1,000 seeds')
    const checked = await cli(root, ['conformance', '--subject', 'my-lease.ts', '--quiet'])
    expect(checked).toMatchObject({ code: 0, stdout: expect.stringMatching(/ 0 broken/) })
  })

  it('has a core that reads, and then writes: what comes in between is found and told', async () => {
    const root = project('reads-then-sets.ts')
    const found = await cli(root, ['explore', '--subject', 'reads-then-sets.ts', '--workers', '2'])
    expect(found.code).toBe(1)
    expectOutput('contention explore --subject reads-then-sets.ts', `${found.stdout.split('\n\n')[0]}\n`)
    const mended = blockAfter('file', 'reads-then-sets.ts').replace(
      'await step(() => rows.set(space, next))',
      `if (!(await step(() => rows.get(space) === row && rows.set(space, next)))) return { kind: 'lease-held' }`,
    )
    writeFileSync(join(root, 'reads-then-sets.ts'), mended)
    const checked = await cli(root, ['explore', '--subject', 'reads-then-sets.ts', '--invariant', 'mutual-exclusion'])
    expect(checked).toMatchObject({ code: 0, stdout: expect.stringContaining('no failure in 1,000 seeds') })
  })

  it('has a library that crashes between two writes, which is found and told; one write is right', async () => {
    const root = project('sets-then-expires.ts')
    const found = await cli(root, ['explore', '--subject', 'sets-then-expires.ts', '--workers', '2'])
    expect(found.code).toBe(1)
    expectOutput('contention explore --subject sets-then-expires.ts', `${found.stdout.split('\n\n')[0]}\n`)
    const mended = blockAfter('file', 'sets-then-expires.ts')
      .replace('Number.POSITIVE_INFINITY', 'nowMs + ttlMs')
      .replace('return step((nowMs) => {', 'return (() => {')
      .replace('key.expiresAtMs = nowMs + ttlMs', '')
      .replace('key.expiresAtMs }\n        })', 'key.expiresAtMs } as const\n        })()')
    writeFileSync(join(root, 'sets-then-expires.ts'), mended)
    const checked = await cli(root, ['explore', '--subject', 'sets-then-expires.ts', '--workers', '2'])
    expect(checked).toMatchObject({ code: 0, stdout: expect.stringContaining('no failure in 1,000 seeds') })
  })

  it('has a gate for the lease core of the examples, as they are copied', async () => {
    const root = exampleProject()
    const commands = ['update', 'update --subject my-lease.ts', 'check', 'check --subject my-lease.ts']
    for (const command of commands) {
      const { code, stdout } = await cli(root, command.split(' '))
      expect(`${command}: ${code}\n${stdout}`).toContain(`${command}: 0\n`)
    }
    const { code, stderr } = await cli(root, ['run', '--subject', 'my-lease.ts', '--quiet'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('shows what exploration of the built-in core prints, by chance and exhaustively', async () => {
    for (const command of ['contention explore', 'contention explore --strategy exhaustive']) {
      const { code, stdout } = await cli(folder(), command.split(' ').slice(1))
      expect(code).toBe(0)
      expectOutput(command, stdout)
    }
  })

  it.each([
    ['has a careless lease core that is caught', 'careless.mjs'],
    ['has nodes that append to one log on a store', 'authority.mjs'],
  ])('%s: %s', (_, file) => {
    const root = project(file)
    mkdirSync(join(root, 'node_modules'))
    symlinkSync(packageRoot(), join(root, 'node_modules', 'contention'))
    const { stdout, stderr } = spawnSync(process.execPath, [file], { cwd: root, encoding: 'utf8' })
    expect(stderr).toBe('')
    expectOutput(`node ${file}`, stdout)
  })

  it('leads to headings that it has, in lines that can be read', () => {
    const text = readme.replace(/^```[\s\S]*?^```/gm, '')
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      (heading as string)
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    )
    const anchors = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor as string)
    expect(anchors.length).toBeGreaterThan(10)
    expect(headings).toEqual(expect.arrayContaining(anchors))
    expect(text.split('\n').filter((line) => line.length > 130 && !line.startsWith('|'))).toEqual([])
  })

  it('has a program on the library that runs', () => {
    const root = project('library.mjs')
    mkdirSync(join(root, 'node_modules'))
    symlinkSync(packageRoot(), join(root, 'node_modules', 'contention'))
    const { stdout, stderr } = spawnSync(process.execPath, ['library.mjs'], { cwd: root, encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^true 0 [0-9a-f]{64}\nownership-fencing-contention true true \d+\n/)
  })

  it('has a configuration in JSON that leads to its schema', () => {
    const { $schema, ...config } = JSON.parse(blockAfter('file', 'contention.config.json'))
    const schema = $schema.replace('./node_modules/contention/', '')
    expect(JSON.parse(readFileSync(join(packageRoot(), schema), 'utf8')).title).toBe('Configuration of contention')
    expect(jsonConfigSchema.safeParse(config).success).toBe(true)
  })

  it('names every command and every option there is', async () => {
    const help = (await cli(packageRoot(), ['--help'])).stdout
    const commands = [...help.matchAll(/^ {2}(\w+) (?:\[|<)/gm)].map(([, name]) => name as string)
    expect(commands).toContain('check')
    for (const command of commands.filter((name) => name !== 'help')) {
      expect(readme).toMatch(new RegExp(`^\\| \`${command}\\b`, 'm'))
      const options = (await cli(packageRoot(), [command, '--help'])).stdout.matchAll(/^ {2}(--[a-z-]+)/gm)
      for (const [, option] of options) expect(inTable('option'), `${command} ${option}`).toContain(option)
    }
  })

  it('has the rules of the invariants as they stand in the code', () => {
    const calmFromMs = 0
    const all = [
      ...Object.values(invariants).filter((each): each is Invariant => typeof each === 'object'),
      invariants.serviceOrder({ queueMs: 1 }),
      invariants.fairJobs({ maxAttempts: 1 }),
      invariants.writesAccepted({ calmFromMs }),
    ]
    expect(all.length).toBeGreaterThan(12)
    for (const { name, rule } of all) expect(readme).toContain(`| \`${name}\` | ${rule} |`)
  })

  it('names every method of a node, field of a scenario, kind of fault and kind of event', () => {
    const methods = Object.getOwnPropertyNames(Contender.prototype).filter((name) => name !== 'constructor')
    expect(inTable('of a node')).toEqual(expect.arrayContaining([...methods, 'timeoutMs']))
    expect(inTable('field of a scenario')).toEqual(expect.arrayContaining(Object.keys(scenarioSchema.shape)))
    expect(inTable('fault')).toEqual(expect.arrayContaining(Object.keys(faultKinds)))
    expect(inTable('kinds of events')).toEqual(expect.arrayContaining([...eventKinds]))
    expect(inTable('field of an event')).toEqual(expect.arrayContaining(Object.keys(anEvent)))
  })
})

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createFile } from '../../src/cli/terminal/create-file.js'
import { defaultBudgets } from '../../src/index.js'
import { astray, cli, folder, ownProject, polite, scenarioFile } from '../support/cli.js'

const budgetsIn = (project: string, version: number) =>
  JSON.parse(readFileSync(join(project, `budgets/v${version}.json`), 'utf8'))

describe('contention tune', () => {
  it('shows what was measured beside the limits, and proposes', async () => {
    const { code, stdout } = await cli(ownProject(polite), ['tune', '--seeds', '6'])
    expect(code).toBe(0)
    expect(stdout).toMatchSnapshot()
  })

  it.each([
    ['measures the same', polite, 0],
    [
      'stops at the same seed that does not come to its end',
      `if (node.random.int(1, 12) === 1) throw new Error('no'); ${polite}`,
      2,
    ],
    ['stops at the same seed that does not hold', `if (node.random.int(1, 12) === 1) { ${astray} } ${polite}`, 1],
  ])('%s, whatever the number of threads', async (_, body, expected) => {
    const project = ownProject(body)
    const told = async (workers: number) => {
      const { code, stdout, stderr } = await cli(project, [
        'tune',
        '--seeds',
        '24',
        '--workers',
        `${workers}`,
        '--json',
      ])
      expect(code).toBe(expected)
      const { failed, ...rest } = JSON.parse(stdout)
      // Where two runs part is not to be compared: threads count for themselves.
      return { stderr, rest, seed: failed?.seed }
    }
    const alone = await told(1)
    for (const workers of [2, 3]) expect(await told(workers)).toEqual(alone)
  })

  it('writes the next version with its evidence, which run then holds to', async () => {
    const project = ownProject(polite)
    expect((await cli(project, ['tune', '--seeds', '6', '--write'])).stdout).toContain('written: budgets/v1.json')
    const { derivedFrom, version, $schema } = budgetsIn(project, 1)
    expect({ version, $schema }).toEqual({
      version: 1,
      $schema: '../node_modules/contention/schemas/budgets.schema.json',
    })
    expect(derivedFrom).toEqual({
      'own-scenario': {
        seeds: { from: 1, to: 6 },
        percentile: 'max',
        headroomPercent: 25,
        evidence: expect.objectContaining({ maxQueueDepth: { median: 2, p95: 2, max: 2 } }),
      },
    })
    const { code, stdout } = await cli(project, ['run'])
    expect(code).toBe(0)
    expect(stdout).toContain('budgets v1')
    expect((await cli(project, ['tune', '--seeds', '6', '--write'])).stdout).toContain('nothing written')
    expect(readdirSync(join(project, 'budgets'))).toEqual(['v1.json'])
  })

  it('measures a subject of one’s own on every thread, says so in what it writes and in the commands that it prints', async () => {
    const project = ownProject(polite, {
      // Frees nothing: the others wait until the lease has run out.
      'slow.mjs': `export default { name: 'Slow', core: ({ builtIn }) => ({ ...builtIn.core, release: () => ({ kind: 'released' }) }) }`,
    })
    const tune = ['tune', '--seeds', '6', '--subject', 'slow.mjs']
    const builtIn = JSON.parse((await cli(project, ['tune', '--seeds', '6', '--json'])).stdout)
    const [alone, shared] = await Promise.all(
      ['1', '3'].map(async (workers) => (await cli(project, [...tune, '--workers', workers, '--json'])).stdout),
    )
    expect(shared).toBe(alone)
    expect(JSON.parse(alone as string).scenarios).not.toEqual(builtIn.scenarios)

    expect((await cli(project, tune)).stdout).toContain('  npx contention tune --subject slow.mjs --seeds 6 --write\n')
    await cli(project, [...tune, '--write'])
    expect(budgetsIn(project, 1).derivedFrom['own-scenario'].subject).toBe('Slow')
    expect((await cli(project, ['run', '--subject', 'slow.mjs'])).code).toBe(0)
  })

  it('says at which seed a subject throws, and refuses one without the commands that a scenario needs', async () => {
    const project = ownProject(polite, {
      'throws.mjs': `export default { name: 'Throws', core: ({ builtIn }) => ({ ...builtIn.core, acquire: (command, nowMs) => {
  if (nowMs > 300) throw new Error('no')
  return builtIn.core.acquire(command, nowMs)
} }) }`,
    })
    const thrown = await cli(project, ['tune', '--seeds', '3', '--subject', 'throws.mjs'])
    expect(thrown.code).toBe(1)
    expect(thrown.stderr).toMatch(
      /^stopped at seed 1: npx contention replay own-scenario --seed 1 --subject throws\.mjs --trace\nFAIL {2}own-scenario: subject "Throws" threw on acquire: no, at \d+ ms of virtual time\n$/,
    )
    const mute = folder({
      'mute.mjs': "export default { name: 'Mute', core: () => ({ acquire: () => ({ kind: 'lease-held' }) }) }",
    })
    const lacking = await cli(mute, ['tune', '--subject', 'mute.mjs'])
    expect(lacking.code).toBe(2)
    expect(lacking.stderr).toMatchInlineSnapshot(`
      "error: subject "Mute" has what it takes for none of these scenarios
        found:    without claim, renew, release
      "
    `)
  })

  it('raises a limit only for a reason, never writes over a version, and calls a broken limit broken', async () => {
    const project = ownProject(polite)
    await cli(project, ['tune', '--seeds', '6', '--headroom', '0', '--write'])
    const first = readFileSync(join(project, 'budgets/v1.json'), 'utf8')
    writeFileSync(join(project, 'own.ts'), scenarioFile(polite.replace('sleep(20)', 'sleep(90)')))
    const broken = await cli(project, ['tune', '--seeds', '6'])
    expect(broken.code).toBe(1)
    expect(broken.stdout).toMatchSnapshot()
    const quiet = await cli(project, ['tune', '--seeds', '6', '--quiet'])
    expect(quiet.code).toBe(1)
    expect(quiet.stdout).toMatchSnapshot()
    const [, seed] = /replay own-scenario --seed (\d+)/.exec(broken.stdout) ?? []
    expect((await cli(project, ['replay', 'own-scenario', '--seed', seed as string])).code).toBe(1)
    const silent = await cli(project, ['tune', '--seeds', '6', '--write'])
    expect(silent.code).toBe(2)
    expect(silent.stderr).toMatch(
      /limits? would be raised: nothing was written\n {2}found: {4}own-scenario max\w+ \d+ → \d+/,
    )
    expect(existsSync(join(project, 'budgets/v2.json'))).toBe(false)
    expect((await cli(project, ['tune', '--seeds', '6', '--write', '--reason', 'longer holds'])).code).toBe(0)
    expect(budgetsIn(project, 2).raised[0]).toMatchObject({ scenario: 'own-scenario', reason: 'longer holds' })
    expect(readFileSync(join(project, 'budgets/v1.json'), 'utf8')).toBe(first)
  })

  it('ends with the very command that writes what it shows', async () => {
    const project = ownProject(polite, { "it's.json": '{ "scenarios": ["./own.ts"], "builtIn": false, "seed": 3 }' })
    const given = ['tune', 'own-scenario', '--config', "it's.json", '--seeds', '4', '--headroom', '0']
    const typed = "npx contention tune own-scenario --config 'it'\\''s.json' --seeds 4 --headroom 0"
    const shown = await cli(project, given)
    expect(shown.stdout).toContain(`\nto make the proposals the next version of the budgets:\n  ${typed} --write\n`)
    expect((await cli(project, ['run', '--config', "it's.json"])).stdout).toContain(
      "no budget: `npx contention tune own-scenario --config 'it'\\''s.json' --write` proposes one\n",
    )
    const written = await cli(project, [...given, '--write'])
    expect(written.stdout).toMatch(/^written: budgets\/v1.json, 5 limits new$/m)
    const proposals = (text: string) => text.split('\n\n')[0]?.replaceAll(/\s+-|-\s+/g, '')
    expect(proposals(written.stdout)).toBe(proposals(shown.stdout))

    const raised = await cli(project, given.with(5, '30').with(7, '50'))
    const [, reason] = /^ {2}npx contention tune .* --write --reason "(.*)"$/m.exec(raised.stdout) ?? []
    expect(raised.stdout).toMatch(/with \d limits raised:\n/)
    const again = await cli(project, [...given.with(5, '30').with(7, '50'), '--write', '--reason', reason as string])
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^written: .*, \d limits raised$/m) })
    const same = await cli(project, given.with(5, '30').with(7, '50'))
    expect(same.stdout).not.toContain('to make the proposals')
  })

  it('writes no limits for parameters that check does not run with, and says where to put them', async () => {
    const project = ownProject(polite)
    const given = ['tune', '--seeds', '2', '--param', 'nodes=3']
    const { code, stderr } = await cli(project, [...given, '--write'])
    expect(code).toBe(2)
    expect(stderr).toMatchInlineSnapshot(`
      "error: --param does not go with --write
        found:    --param nodes=3
        expected: limits of what \`npx contention check\` runs, which takes its parameters from the configuration
        to do:    put nodes=3 into \`parameters\` of the configuration, and run it again without --param
      "
    `)
    expect(existsSync(join(project, 'budgets'))).toBe(false)
    expect((await cli(project, given)).stdout).toMatch(
      /, put nodes=3 into `parameters` of the configuration, and then:\n {2}npx contention tune --seeds 2 --write\n$/,
    )
    const parameters = { 'own-scenario': { nodes: 3 } }
    const config = { scenarios: ['./own.ts'], builtIn: false, parameters }
    writeFileSync(join(project, 'contention.config.json'), JSON.stringify(config))
    expect((await cli(project, ['tune', '--seeds', '2', '--write'])).code).toBe(0)
    expect(budgetsIn(project, 1).derivedFrom['own-scenario'].parameters).toEqual({ nodes: 3 })
    expect((await cli(project, ['update'])).code).toBe(0)
    expect((await cli(project, ['check'])).code).toBe(0)
  })

  it('prints nothing when asked for what did not hold, and all did', async () => {
    const project = ownProject(polite)
    for (const more of [[], ['--write'], []]) {
      expect(await cli(project, ['tune', '--seeds', '6', '--quiet', ...more])).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      })
    }
  })

  it('keeps what it does not tune, limits and evidence, and takes over the package’s where there is no file yet', async () => {
    const project = folder({
      'contention.config.json': JSON.stringify({
        scenarios: ['./own.ts'],
        builtIn: ['lease-renewal-contention'],
        parameters: { 'own-scenario': { ttlMs: 50 } },
      }),
      'own.ts': scenarioFile(polite),
    })
    const names = ['lease-renewal-contention', 'own-scenario']
    const { stdout } = await cli(project, ['tune', 'own-scenario', '--seeds', '3', '--write'])
    expect(stdout).toMatch(/new\nbudgets v1 are those of this project from here on, in place of v1 of the package\n$/)
    const first = budgetsIn(project, 1)
    expect(Object.keys(first.scenarios)).toEqual(names)
    expect(first.scenarios['lease-renewal-contention']).toEqual(defaultBudgets.scenarios['lease-renewal-contention'])
    expect(first.derivedFrom['lease-renewal-contention'].seeds).toEqual({ from: 1, to: 200 })
    expect(first.derivedFrom['own-scenario'].parameters).toEqual({ ttlMs: 50 })

    const argv = ['tune', 'lease-renewal-contention', '--seeds', '2', '--from-seed', '7', '--headroom', '5', '--write']
    expect((await cli(project, argv)).stdout).toMatch(/written: budgets\/v2.json, \d limits lowered$/m)
    const second = budgetsIn(project, 2)
    expect(second.scenarios['own-scenario']).toEqual(first.scenarios['own-scenario'])
    expect(second.derivedFrom['own-scenario']).toEqual(first.derivedFrom['own-scenario'])
    expect(second.derivedFrom['lease-renewal-contention'].seeds).toEqual({ from: 7, to: 8 })
    expect(second.raised).toBeUndefined()
  })

  it('raises a limit of the package for a reason only, in a project without budgets too', async () => {
    const project = folder({ 'contention.config.json': JSON.stringify({ builtIn: ['lease-renewal-contention'] }) })
    const argv = ['tune', '--seeds', '1', '--headroom', '100', '--write']
    const { code, stderr } = await cli(project, argv)
    expect(code).toBe(2)
    expect(stderr).toContain('lease-renewal-contention maxQueueDepth 20 → 32')
    expect(existsSync(join(project, 'budgets'))).toBe(false)
  })

  it('gives machines all of it, with a verdict', async () => {
    const project = ownProject(polite)
    const argv = ['tune', '--seeds', '4', '--json']
    const first = JSON.parse((await cli(project, [...argv, '--write'])).stdout)
    expect(first).toMatchObject({
      verdict: 'held',
      seeds: { from: 1, to: 4 },
      written: { kind: 'written', file: join(project, 'budgets/v1.json'), version: 1, changes: [] },
    })
    const [own] = first.scenarios
    expect(own.spreads).toHaveLength(11)
    expect(own.proposals).toHaveLength(5)
    writeFileSync(join(project, 'own.ts'), scenarioFile(polite.replace('sleep(20)', 'sleep(120)')))
    const second = await cli(project, argv)
    expect(second.code).toBe(1)
    expect(JSON.parse(second.stdout)).toMatchObject({ verdict: 'not-held', budgetVersion: 1 })
    const third = await cli(project, [...argv, '--write'])
    expect(third.code).toBe(2)
    expect(JSON.parse(third.stdout)).toMatchObject({ verdict: 'not-checked' })
    const varied = JSON.parse((await cli(project, [...argv, '--vary', 'ttlMs=20..100:2'])).stdout)
    expect(varied).toMatchObject({ verdict: 'held', parameter: 'ttlMs', values: [20, 100] })
  })

  it('never writes over a file that appears meanwhile, and leaves no other behind', () => {
    const file = join(folder(), 'budgets/v1.json')
    createFile(file, 'first')
    expect(() => createFile(file, 'second')).toThrow(/exists, and is not written over/)
    expect(readFileSync(file, 'utf8')).toBe('first')
    expect(readdirSync(join(file, '..'))).toEqual(['v1.json'])
  })

  it('shows how metrics answer to one parameter, and marks where it is now', async () => {
    const { code, stdout } = await cli(ownProject(polite), ['tune', '--vary', 'ttlMs=20..100:3', '--seeds', '6'])
    expect(code).toBe(0)
    expect(stdout).toMatchSnapshot()
  })

  it('takes a parameter of whatever name', async () => {
    const project = folder({
      'contention.config.json': JSON.stringify({ scenarios: ['./own.ts'], builtIn: false }),
      'own.ts': scenarioFile(polite).replace(
        'spaces, durationMs, ttlMs }',
        "spaces, durationMs, ttlMs, 'my-ttl': ttlMs }",
      ),
    })
    const varied = await cli(project, ['tune', '--vary', 'my-ttl=20..100:2', '--param', 'my-ttl=90', '--seeds', '2'])
    expect(varied).toMatchObject({ code: 0, stderr: '' })
    expect(varied.stdout).toContain('my-ttl is 90 now')
    await cli(project, ['update', '--param', 'my-ttl=30'])
    expect((await cli(project, ['check'])).stdout).toContain('parameter my-ttl 30 → 100 (+70)')
  })

  it('fits on a hundred columns', async () => {
    const project = ownProject(polite)
    await cli(project, ['tune', '--seeds', '2', '--headroom', '0', '--write'])
    const spreads = await cli(project, ['tune', '--seeds', '20'])
    const varied = await cli(project, ['tune', '--vary', 'nodes=2..64:9', '--seeds', '2'])
    const widest = Math.max(...`${spreads.stdout}${varied.stdout}`.split('\n').map((line) => line.length))
    expect(widest).toBeLessThanOrEqual(100)
    expect(varied.stdout.match(/^ {2}nodes /gm)?.length).toBeGreaterThan(1)
  })

  it('stops at a seed that does not hold, and says how to see it', async () => {
    const project = ownProject(astray)
    const { code, stdout } = await cli(project, ['tune', '--seeds', '3', '--write'])
    expect(code).toBe(1)
    expect(stdout).toContain('npx contention replay own-scenario --seed 1 --trace')
    expect(existsSync(join(project, 'budgets'))).toBe(false)
  })

  it('prints a command that replays what it ran, whatever the configuration says', async () => {
    const config = { scenarios: ['./own.ts'], builtIn: false, parameters: { 'own-scenario': { nodes: 3 } } }
    const over = { maxLeaseWindowP95Ms: 0, maxCheckpointWindowEvents: 0, maxReplayWindowMs: 0, maxQueueDepth: 0 }
    const project = folder({
      'other.json': JSON.stringify(config),
      'own.ts': scenarioFile(polite),
      'strict.json': JSON.stringify({ version: 1, scenarios: { 'own-scenario': { ...over, maxRetryAttempts: 0 } } }),
    })
    const given = ['--config', 'other.json', '--budget', 'strict.json', '--seeds', '2', '--param', 'nodes=2']
    const broken = await cli(project, ['tune', ...given])
    const replayed = 'npx contention replay own-scenario --seed'
    expect(broken.stdout).toMatch(
      new RegExp(`see ${replayed} \\d --param nodes=2 --config other.json --budget strict.json --trace\n`),
    )
    writeFileSync(join(project, 'own.ts'), scenarioFile(astray))
    const failed = await cli(project, ['tune', ...given, '--vary', 'ttlMs=100..200:2'])
    expect(failed.stdout).toContain(
      `see ${replayed} 1 --param nodes=2 --config other.json --budget strict.json --trace\n`,
    )
    writeFileSync(join(project, 'own.ts'), scenarioFile('throw new Error("no")'))
    const stopped = await cli(project, ['tune', '--config', 'other.json', '--seeds', '2'])
    expect(stopped.stderr).toContain(`stopped at seed 1: ${replayed} 1 --param nodes=3 --config other.json --trace\n`)
  })

  it('says at which seed a scenario threw, or did not end', async () => {
    const project = ownProject(
      'yield node.acquire("space-0", 50); if (node.random.chance(200)) throw new Error("unlucky")',
    )
    const { code, stdout, stderr } = await cli(project, ['tune', '--seeds', '50'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    const [, seed] = /stopped at seed (\d+): npx contention replay own-scenario/.exec(stderr) ?? []
    expect(stderr).toContain('unlucky')
    expect((await cli(project, ['replay', 'own-scenario', '--seed', seed as string])).stderr).toContain('unlucky')
  })

  it.each([
    [['--vary', 'ttlMs=20..50', '--vary', 'nodes=2..4'], '--vary was given more than once'],
    [['--vary', 'ttlMs=90..50'], 'expected: a value to end with that is not below 90'],
    [['--vary', 'ttlMs'], '--vary cannot be used'],
    [['--vary', 'ttlMs=20=50'], 'expected: name=from..to[:steps] in whole numbers'],
    [['--vary', 'ttlMs=20..50:1'], 'expected: 2 to 100 steps'],
    [['--vary', 'tllMs=20..50'], 'there is no parameter "tllMs" in own-scenario\n  expected: ttlMs?'],
    [['--vary', 'ttlMs=1..50'], 'parameter ttlMs of own-scenario is out of its range\n  found:    1\n'],
    [['--vary', 'ttlMs=50..99999999999999999999'], 'expected: a whole number from 10 to 1000'],
    [['--vary', 'ttlMs=20..50', '--write'], '--write does not go with --vary'],
    [['--vary', 'ttlMs=20..50', '--headroom', '5'], '--headroom does not go with --vary'],
    [['--seeds', '0'], '--seeds cannot be used'],
    [['--seeds', '2', '--from-seed', '4294967295'], '--from-seed cannot be used'],
    [['--headroom', 'much'], '--headroom cannot be used'],
    [['--reason', 'why not'], '--reason goes with --write'],
    [['--write', '--reason', ' '], '--reason is empty'],
    [['--write', '--budget', 'v1'], '--budget does not go with --write'],
    [['own-scenaro'], 'there is no scenario "own-scenaro"\n  expected: own-scenario?'],
  ])('refuses %j', async (argv, what) => {
    const { code, stdout, stderr } = await cli(ownProject(polite), ['tune', ...argv])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(what)
  })
})

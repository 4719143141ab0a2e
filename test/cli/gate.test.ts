import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { astray, cli, folder, ownProject, polite, scenarioFile } from '../support/cli.js'

const snapshotOf = (project: string): string => readFileSync(join(project, 'snapshots/report.md'), 'utf8')

describe('contention update and check', () => {
  it('accepts what scenarios do, and then holds them to it', async () => {
    const project = ownProject(polite)
    expect(await cli(project, ['update'])).toMatchObject({ code: 0, stderr: '' })
    const accepted = snapshotOf(project)
    const checked = await cli(project, ['check'])
    expect(checked).toEqual({
      code: 0,
      stdout: 'PASS  no drift: 1 scenario behaves as in the snapshot; no budget: own-scenario\n',
      stderr: '',
    })
    expect(snapshotOf(project)).toBe(accepted)
  })

  it('says which metric went from what to what, and how to accept it', async () => {
    const project = ownProject(polite)
    await cli(project, ['update'])
    writeFileSync(join(project, 'own.ts'), scenarioFile(polite.replace('sleep(20)', 'sleep(40)')))
    const { code, stdout } = await cli(project, ['check'])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^DRIFT own-scenario: changed: [0-9a-f]{12} → [0-9a-f]{12}, \d+ → \d+ events$/m)
    expect(stdout).toMatch(/^ {6}ownershipConflicts \d+ → \d+ \([+-]\d+\)$/m)
    expect(stdout).toContain('\nno budget: own-scenario\n')
    expect(stdout).toContain('npx contention update')
  })

  it('advises the command with the options that were given, which then accepts', async () => {
    const project = ownProject(polite, { "it's.json": '{ "scenarios": ["./own.ts"], "builtIn": false, "seed": 3 }' })
    await cli(project, ['update'])
    const options = ['--config', "it's.json", '--seed', '2', '--param', 'nodes=5', '--param', 'ttlMs=200']
    const typed = "--config 'it'\\''s.json' --seed 2 --param nodes=5 --param ttlMs=200"
    const { code, stdout, stderr } = await cli(project, ['check', ...options], { GITHUB_ACTIONS: 'true' })
    expect(code).toBe(1)
    expect(stdout).toContain(`If this is what you want: \`npx contention update ${typed}\`, look`)
    expect(stderr).toContain(`%0Aaccept: npx contention update ${typed}\n`)
    const refused = await cli(project, ['update', ...options], { CI: 'true' })
    expect(refused.stderr).toContain(`run \`npx contention update ${typed}\` on your machine`)

    // Plain `check` would find drift from now on: that is said with what to type instead.
    const updated = await cli(project, ['update', ...options])
    expect(updated.stdout).toMatch(/^written: snapshots\/report\.md, 1 scenario · [0-9a-f]{12}\n/)
    expect(updated.stdout).toContain(`\nto compare with it: npx contention check ${typed}\n`)
    expect((await cli(project, ['check', ...options])).code).toBe(0)
    expect((await cli(project, ['check'])).code).toBe(1)
    expect((await cli(project, ['update'])).stdout).not.toContain('to compare with it')
  })

  it('advises so where there is no snapshot yet, and as JSON', async () => {
    const project = ownProject(polite)
    const { stdout } = await cli(project, ['check', 'own-scenario', '--seed', '9'])
    expect(stdout).toContain('make it with `npx contention update --seed 9`, look at it')
    const json = JSON.parse((await cli(project, ['check', '--seed', '9', '--json'])).stdout)
    expect(json).toMatchObject({ verdict: 'not-checked', gate: { accept: 'npx contention update --seed 9' } })
  })

  it('has found what does not hold, though there is no snapshot; and update does not speak of one', async () => {
    const always = "{ name: 'none', rule: 'nothing is sent', kinds: ['sent'], begin: () => ({ step: () => 'sent' }) }"
    const project = ownProject('', {
      'own.ts': scenarioFile(polite).replace('invariants: () => []', `invariants: () => [${always}]`),
    })
    const { code, stdout } = await cli(project, ['check'])
    expect(code).toBe(1)
    expect(stdout).toContain('FAIL  there is no snapshot: snapshots/report.md is missing\n')
    const updated = await cli(project, ['update'])
    expect(updated.code).toBe(1)
    expect(updated.stdout).toContain(
      'nothing written: snapshots/report.md is still missing\nfirst: mend own-scenario\n',
    )
    writeFileSync(join(project, 'own.ts'), scenarioFile(polite))
    expect((await cli(project, ['check'])).code).toBe(2)
  })

  it('says so where metrics are equal but traces differ', async () => {
    const alone = (pauseMs: number) => `
      const outcome = yield node.acquire(node.spaces[0], p.ttlMs)
      if (outcome.kind !== 'granted') return
      yield node.sleep(${pauseMs})
      yield node.validate(outcome.fence)`
    const project = ownProject(alone(20))
    await cli(project, ['update'])
    writeFileSync(join(project, 'own.ts'), scenarioFile(alone(21)))
    const { code, stdout } = await cli(project, ['check'])
    expect(code).toBe(1)
    expect(stdout).toContain('metrics are equal, but the traces differ')
  })

  it('says which scenarios are within budget and which have none, and the version only of budgets that were applied', async () => {
    const config = { scenarios: ['./own.ts'], builtIn: ['lease-renewal-contention'] }
    const project = ownProject(polite, { 'other.json': JSON.stringify(config) })
    expect((await cli(project, ['run'])).stdout).toMatch(/ {2}seed 1, no budgets · [0-9a-f]{12}\n$/)
    await cli(project, ['update', '--config', 'other.json'])
    expect((await cli(project, ['check', '--config', 'other.json'])).stdout).toBe(
      'PASS  no drift: 2 scenarios behave as in the snapshot, 1 within budget; no budget: own-scenario\n',
    )
    expect((await cli(project, ['run', '--config', 'other.json'])).stdout).toContain('seed 1, budgets v1')
    const one = await cli(project, ['check', 'lease-renewal-contention', '--config', 'other.json'])
    expect(one.stdout).toContain('1 scenario behaves as in the snapshot, within budget\n')
  })

  it('says which limit is nearer and which is broken', async () => {
    const budget = (maxRetryAttempts: number) =>
      JSON.stringify({
        version: 1,
        scenarios: {
          'own-scenario': {
            maxLeaseWindowP95Ms: 100_000,
            maxCheckpointWindowEvents: 0,
            maxReplayWindowMs: 0,
            maxQueueDepth: 100,
            maxRetryAttempts,
          },
        },
      })
    const project = ownProject(polite, { 'budgets/v1.json': budget(1_000) })
    await cli(project, ['update'])
    writeFileSync(join(project, 'own.ts'), scenarioFile(polite.replace('sleep(20)', 'sleep(90)')))
    expect((await cli(project, ['check'])).stdout).toMatch(
      /budget nearer: retryAttempts has \d+ left of its limit 1000, it had \d+/,
    )
    writeFileSync(join(project, 'budgets/v1.json'), budget(0))
    const broken = await cli(project, ['check'])
    expect(broken.code).toBe(1)
    expect(broken.stdout).toMatch(/budget broken: retryAttempts is \d+ above its limit 0/)
    expect(broken.stdout).toMatch(/over budget: retryAttempts is \d+, \d+ above maxRetryAttempts 0/)
  })

  it('calls it drift when a limit, the version of the budgets or the invariants are not those of the snapshot', async () => {
    const rest = { maxLeaseWindowP95Ms: 100_000, maxCheckpointWindowEvents: 0, maxReplayWindowMs: 0 }
    const budget = (version: number, maxQueueDepth: number) =>
      JSON.stringify({ version, scenarios: { 'own-scenario': { ...rest, maxQueueDepth, maxRetryAttempts: 1_000 } } })
    const judged = (names: readonly string[]) =>
      scenarioFile(polite).replace(
        'invariants: () => []',
        `invariants: () => ${JSON.stringify(names)}.map((name) =>
          ({ name, rule: name, kinds: ['granted'], begin: () => ({ step: () => undefined }) }))`,
      )
    const project = ownProject(polite, { 'budgets/v1.json': budget(1, 4), 'own.ts': judged(['a', 'b']) })
    await cli(project, ['update'])

    writeFileSync(join(project, 'budgets/v1.json'), budget(1, 4_000))
    const loosened = await cli(project, ['check'])
    expect(loosened.code).toBe(1)
    expect(loosened.stdout).toContain(`DRIFT own-scenario: behaves as in the snapshot, but its limits are others
      limit maxQueueDepth 4 → 4000 (+3996)
`)
    expect((await cli(project, ['update'])).stdout).toMatch(/^written: /)
    expect((await cli(project, ['check'])).code).toBe(0)
    expect((await cli(project, ['update'])).stdout).toMatch(/^unchanged: /)

    writeFileSync(join(project, 'budgets/v2.json'), budget(2, 4_000))
    const newer = await cli(project, ['check'])
    expect(newer.code).toBe(1)
    expect(newer.stdout).toMatch(/^DRIFT the snapshot is of budgets v1, this run of budgets v2\n\n/)
    await cli(project, ['update'])

    const told = async (names: readonly string[]) => {
      writeFileSync(join(project, 'own.ts'), judged(names))
      const { code, stdout } = await cli(project, ['check'])
      expect(code).toBe(1)
      return stdout.replaceAll(/[0-9a-f]{12}|\d+(?= (→ \d+ )?events)/g, '…').split('\n\n')[0]
    }
    expect(await told(['b', 'c'])).toMatchInlineSnapshot(`
      "DRIFT own-scenario: changed: … → …, … → … events
            invariants gone: a
            invariants new: c"
    `)
    expect(await told(['b', 'a'])).toContain('invariants in another order')
  })

  it('tells a missing snapshot, a scenario missing from it, an obsolete one, and an old format', async () => {
    const project = ownProject(polite)
    const missing = await cli(project, ['check'])
    expect(missing).toMatchObject({ code: 2 })
    expect(missing.stdout).toContain('there is no snapshot: snapshots/report.md is missing')

    await cli(project, ['update'])
    writeFileSync(join(project, 'own.ts'), scenarioFile(polite, 'renamed-scenario'))
    const renamed = await cli(project, ['check'])
    expect(renamed.stdout).toContain('DRIFT renamed-scenario: not in the snapshot')
    expect(renamed.stdout).toContain('DRIFT own-scenario: in the snapshot, but there is no such scenario any more')

    const file = join(project, 'snapshots/report.md')
    writeFileSync(file, snapshotOf(project).replace('Snapshot v1,', 'Snapshot v0,'))
    expect((await cli(project, ['check'])).stdout).toContain(
      'the snapshot is obsolete: snapshots/report.md has format v0\n      make it with `npx contention update`',
    )
    writeFileSync(file, snapshotOf(project).replace('Snapshot v0,', 'Snapshot v2,'))
    const newer = await cli(project, ['check'])
    expect(newer.code).toBe(2)
    expect(newer.stdout).toContain(
      'made by a newer contention: snapshots/report.md has format v2\n      upgrade contention; or make it with `npx',
    )
    expect((await cli(project, ['init'])).stderr).toContain('to do:    upgrade contention, or delete it, and run')
  })

  it.each([
    ['edited', (text: string) => text.replace(/\| retryAttempts \| \d+/, '| retryAttempts | 1')],
    ['cut off', (text: string) => text.slice(0, text.length / 2)],
    ['empty', () => ''],
    ['with a merge conflict', (text: string) => text.replace('# Contention', '<<<<<<< HEAD\n# Contention')],
  ])('calls a snapshot that is %s damaged', async (_how, damage) => {
    const project = ownProject(polite)
    await cli(project, ['update'])
    writeFileSync(join(project, 'snapshots/report.md'), damage(snapshotOf(project)))
    const { code, stdout } = await cli(project, ['check'])
    expect(code).toBe(2)
    expect(stdout).toContain('the snapshot is damaged: snapshots/report.md, line')
    // What was accepted is in the repository: to accept whatever is so now comes after that.
    const restore = 'restore it from version control: `git checkout HEAD -- snapshots/report.md`, and check again'
    const todo = `${restore}; only if it is lost, make it anew with \`npx contention update\`, and look at it`
    expect(stdout.endsWith(`\n      ${todo}\n`)).toBe(true)
    const summary = join(folder(), 'summary.md')
    const inCi = await cli(project, ['check'], { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary })
    expect(inCi.stderr).toContain(`%0A${todo}\n`)
    expect(readFileSync(summary, 'utf8')).toContain(`\n\nTo do: ${todo}.\n`)
  })

  it('names the line at which a merge has left its mark', async () => {
    const project = ownProject(polite)
    await cli(project, ['update'])
    const [first, second, ...rest] = snapshotOf(project).split('\n')
    const merged = [first, second, '<<<<<<< HEAD', 'one', '=======', 'other', '>>>>>>> theirs', ...rest].join('\n')
    writeFileSync(join(project, 'snapshots/report.md'), merged)
    expect((await cli(project, ['check'])).stdout).toContain(
      'snapshots/report.md, line 3: found <<<<<<< HEAD, expected',
    )
  })

  it('reads a snapshot whose line ends a checkout has changed, and that an editor has given a byte order mark', async () => {
    const project = ownProject(polite)
    await cli(project, ['update'])
    writeFileSync(join(project, 'snapshots/report.md'), `\uFEFF${snapshotOf(project).replaceAll('\n', '\r\n')}`)
    expect(await cli(project, ['check'])).toMatchObject({ code: 0, stderr: '' })
  })

  it('advises what to do first, and not to accept, where that would be refused', async () => {
    const onGithub = (summary: string) => ({ GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary })
    const told = async (project: string, times: number) => {
      const summary = join(folder(), 'summary.md')
      const { code, stdout, stderr } = await cli(project, ['check', '--seed', '3'], onGithub(summary))
      expect(code).toBe(1)
      const all = `${stdout}${stderr}${readFileSync(summary, 'utf8')}`
      expect(all).not.toContain('contention update')
      const { gate } = JSON.parse((await cli(project, ['check', '--seed', '3', '--json'])).stdout)
      expect(gate.accept).toBeNull()
      expect(all.split(gate.first)).toHaveLength(times + 1)
      return { stdout, first: gate.first as string }
    }
    const project = ownProject(polite)
    await cli(project, ['update', '--seed', '3'])

    writeFileSync(join(project, 'own.ts'), scenarioFile(astray))
    // Of what was not compared, no annotation says that it has drifted.
    const chance = await told(project, 2)
    expect(chance.first).toBe('mend own-scenario')
    expect(chance.stdout).not.toContain('DRIFT')
    expect(chance.stdout).toContain('not compared: own-scenario, which goes another way each time\n')

    const rest = { maxLeaseWindowP95Ms: 0, maxCheckpointWindowEvents: 0, maxReplayWindowMs: 0 }
    const budget = { version: 1, scenarios: { 'own-scenario': { ...rest, maxQueueDepth: 9, maxRetryAttempts: 99 } } }
    mkdirSync(join(project, 'budgets'))
    writeFileSync(join(project, 'budgets/v1.json'), JSON.stringify(budget))
    writeFileSync(join(project, 'own.ts'), scenarioFile(polite))
    const over = await told(project, 3)
    expect(over.first).toBe(
      'mend own-scenario, or raise what is over budget with `npx contention tune own-scenario --from-seed 3 --write --reason "why more is acceptable"`',
    )
    const param = await cli(project, ['check', '--param', 'nodes=3', '--seed', '3', '--json'])
    expect(JSON.parse(param.stdout).gate.first).toBe(
      'mend own-scenario, or put nodes=3 into `parameters` of the configuration, and raise what is over budget with `npx contention tune own-scenario --from-seed 3 --write --reason "why more is acceptable"`',
    )
    const tune = 'tune own-scenario --from-seed 3 --write --reason later --seeds 5'.split(' ')
    expect((await cli(project, tune)).code).toBe(0)
    expect((await cli(project, ['update', '--seed', '3'])).code).toBe(0)
  })

  it('writes what differs, and says so, and leaves line ends and byte order marks as they are', async () => {
    const config = (names: readonly string[]) => JSON.stringify({ scenarios: names, builtIn: false })
    const project = ownProject(polite, {
      'contention.config.json': config(['./own.ts', './other.ts']),
      'other.ts': scenarioFile(polite, 'other-scenario'),
    })
    const file = join(project, 'snapshots/report.md')
    await cli(project, ['update'])
    chmodSync(file, 0o640)
    const first = snapshotOf(project)

    writeFileSync(join(project, 'contention.config.json'), config(['./other.ts', './own.ts']))
    const json = JSON.parse((await cli(project, ['update', '--json'])).stdout)
    expect(json).toMatchObject({ verdict: 'held', written: file })
    expect(snapshotOf(project)).not.toBe(first)
    expect(statSync(file).mode & 0o777).toBe(0o640)
    writeFileSync(join(project, 'contention.config.json'), config(['./own.ts', './other.ts']))
    expect((await cli(project, ['update'])).stdout).toMatch(/^written: /)
    expect(snapshotOf(project)).toBe(first)

    for (const text of [first, first.replaceAll('\n', '\r\n'), `\uFEFF${first}`]) {
      writeFileSync(file, text)
      expect((await cli(project, ['update'])).stdout).toMatch(/^unchanged: /)
      expect(JSON.parse((await cli(project, ['update', '--json'])).stdout)).toMatchObject({
        verdict: 'held',
        written: null,
      })
      expect(snapshotOf(project)).toBe(text)
    }
  })

  it('accepts nothing that did not hold', async () => {
    const project = ownProject(astray)
    const { code, stdout } = await cli(project, ['update'])
    expect(code).toBe(1)
    expect(stdout).toContain('not deterministic, from event 0 on')
    expect(stdout).toContain(
      '      to do take time from nowMs, chance from random (of a node: node.nowMs, node.random), ',
    )
    expect(stdout).toContain('nothing written')
    expect(() => snapshotOf(project)).toThrow()
  })

  it('passes nothing beside a counterexample that cannot be read', async () => {
    const project = ownProject(polite)
    await cli(project, ['update'])
    mkdirSync(join(project, 'snapshots/counterexamples'))
    writeFileSync(join(project, 'snapshots/counterexamples/cut-off.json'), '{ "version": 1, ')
    const { code, stdout, stderr } = await cli(project, ['check'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('snapshots/counterexamples/cut-off.json is not valid JSON')
  })

  it('refuses to update in CI unless forced', async () => {
    const project = ownProject(polite)
    const refused = await cli(project, ['update'], { CI: 'true' })
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('update does not write in CI')
    expect((await cli(project, ['update', '--force'], { CI: 'true' })).code).toBe(0)
  })

  it('names the file when the snapshot cannot be written', async () => {
    const project = ownProject(polite, { snapshots: 'a file, where a folder should be' })
    const { code, stderr } = await cli(project, ['update'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/cannot (read|write)/)
    expect(stderr).toContain('snapshots/report.md')
    expect(stderr).not.toContain('    at ')
  })

  it('points out on GitHub what drifted, which is the first thing in the step summary', async () => {
    const project = ownProject(polite)
    const summary = join(folder(), 'summary.md')
    const onGithub = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary }
    const { stderr } = await cli(project, ['check'], onGithub)
    expect(stderr).toMatch(
      /^::error title=contention::there is no snapshot: .*%0Amake it with `npx contention update`, look/m,
    )
    expect(readFileSync(summary, 'utf8')).toMatch(
      /^## Drift\n\n- there is no snapshot[\s\S]*\n\n# Contention report\n\nPASS/,
    )

    await cli(project, ['update'])
    writeFileSync(join(project, 'own.ts'), scenarioFile(polite.replace('sleep(20)', 'sleep(40)')))
    const before = readFileSync(summary, 'utf8')
    await cli(project, ['check'], onGithub)
    expect(readFileSync(summary, 'utf8').slice(before.length)).toMatch(/^## Drift\n\n- own-scenario: changed/)
  })

  it('leaves out of the step summary what GitHub would drop it for, whoever has begun it', async () => {
    const project = ownProject(polite)
    const begun = 'x'.repeat(1024 * 1024 - 600)
    const summary = join(folder({ 'summary.md': begun }), 'summary.md')
    const { stderr } = await cli(project, ['run'], { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary })
    const text = readFileSync(summary, 'utf8')
    expect(text.length).toBeLessThanOrEqual(1024 * 1024)
    expect(text.slice(begun.length)).toMatch(/^# Contention report\n[\s\S]*\n\n\d+ of \d+ lines left out at the end: /)
    expect(stderr).toMatch(/^::warning title=contention::the step summary is full: \d+ of \d+ lines left out/)
  })

  it('annotates once on GitHub, by stdout where that is the reporter, and what could not be checked too', async () => {
    const onGithub = { GITHUB_ACTIONS: 'true' }
    const own = ownProject(astray)
    const byReporter = await cli(own, ['run', '--reporter', 'github'], onGithub)
    expect(byReporter).toMatchObject({ code: 1, stderr: '' })
    expect(byReporter.stdout.match(/^::error /gm)).toHaveLength(1)
    const toFile = await cli(own, ['run', '--reporter', 'github=annotations', '--reporter', 'terminal'], onGithub)
    expect(toFile.stderr.match(/^::error /gm)).toHaveLength(1)
    expect(toFile.stdout).not.toContain('::error')

    const broken = await cli(folder({ 'contention.config.json': '{' }), ['check'], onGithub)
    expect(broken.code).toBe(2)
    expect(broken.stderr.match(/^::error .*/gm)).toEqual([
      expect.stringMatching(/^::error title=contention::.*contention.config.json is not valid JSON%0A/),
    ])
    const usage = await cli(own, ['run', '--sed', '1'], onGithub)
    expect(usage.stderr).toContain("::error title=contention::unknown option '--sed'%0A  expected: --seed?\n")
    expect((await cli(own, ['run', '--help'], onGithub)).stderr).toBe('')
  })

  it('leaves a read-only snapshot folder as it is', async () => {
    const project = ownProject(polite)
    mkdirSync(join(project, 'snapshots'))
    chmodSync(join(project, 'snapshots'), 0o500)
    const { code } = await cli(project, ['update'])
    chmodSync(join(project, 'snapshots'), 0o700)
    // Permissions do not bind root, as which containers often run.
    expect(code).toBe(process.getuid?.() === 0 ? 0 : 2)
  })
})

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cli, folder, ownProject, polite, scenarioFile } from '../support/cli.js'

/** The built-in core under another name, with `acquire` as given. */
const subject = (name: string, acquire = '(command, nowMs) => builtIn.core.acquire(command, nowMs)') =>
  `export default { name: '${name}', core: ({ builtIn }) => ({ ...builtIn.core, acquire: ${acquire} }) }`
/** Forgets the lease when somebody new asks. */
const careless = '(command, nowMs) => (builtIn.spaces.delete(command.space), builtIn.core.acquire(command, nowMs))'

const judged = scenarioFile(polite).replace(
  'invariants: () => []',
  `invariants: () => [{
    name: 'one-holder',
    rule: 'one holder',
    kinds: ['granted', 'released'],
    begin() {
      let holders = 0
      return { step: ({ kind }) => ((holders += kind === 'granted' ? 1 : -1) > 1 ? 'two holders' : undefined) }
    },
  }]`,
)

function project(subjects: Readonly<Record<string, string>>): string {
  const config = { scenarios: ['./own.ts'], builtIn: false, subjects: Object.keys(subjects).map((name) => `./${name}`) }
  return folder({ 'contention.config.json': JSON.stringify(config), 'own.ts': judged, ...subjects })
}

const reportOf = (root: string, slug: string): string =>
  readFileSync(join(root, 'snapshots/subjects', slug, 'report.md'), 'utf8')

describe('the gate on a lease core of one’s own', () => {
  it.each(['my\\u2028lease', 'my\\rlease', 'half \\ud800 a letter'])(
    'keeps a snapshot of one called %s',
    async (name) => {
      const root = project({ 'odd.ts': subject(name) })
      expect((await cli(root, ['update', '--subject', 'odd.ts'])).code).toBe(0)
      expect(await cli(root, ['check', '--subject', 'odd.ts'])).toMatchObject({ code: 0, stderr: '' })
      expect((await cli(root, ['update', '--subject', 'odd.ts'])).stdout).toContain('unchanged')
    },
  )

  it('is named in the reports of run', async () => {
    const root = project({ 'good.ts': subject('Good Core') })
    const run = async (reporter: string) =>
      (await cli(root, ['run', '--subject', 'good.ts', '--reporter', reporter])).stdout
    expect(await run('markdown')).toMatch(/^# Contention report of subject Good Core\n/)
    expect(JSON.parse(await run('json')).subject).toBe('Good Core')
  })

  it('keeps a snapshot of it beside that of the built-in core, and holds it to that', async () => {
    const root = project({ 'good.ts': subject('Good Core') })
    await cli(root, ['update'])
    const builtIn = readFileSync(join(root, 'snapshots/report.md'), 'utf8')
    const given = ['--subject', 'good.ts', '--patience', '60']

    const missing = await cli(root, ['check', ...given])
    expect(missing.code).toBe(2)
    expect(missing.stdout).toBe(
      'FAIL  there is no snapshot of subject "Good Core": snapshots/subjects/good-core/report.md is missing\n' +
        '      make it with `npx contention update --subject good.ts --patience 60`, look at it, and commit it\n',
    )
    expect((await cli(root, ['update', ...given])).stdout).toMatch(
      /^written: snapshots\/subjects\/good-core\/report\.md, 1 scenario · .*\nto compare with it: npx contention check --subject good\.ts --patience 60\n$/,
    )
    expect(reportOf(root, 'good-core')).toMatch(/^# Contention report of subject Good Core\n/)
    expect(readFileSync(join(root, 'snapshots/report.md'), 'utf8')).toBe(builtIn)
    expect((await cli(root, ['check', ...given])).stdout).toBe(
      'PASS  no drift: 1 scenario behaves as in the snapshot; no budget: own-scenario\n',
    )

    writeFileSync(join(root, 'good.ts'), subject('Good Core', careless))
    const broken = await cli(root, ['check', ...given])
    expect(broken.code).toBe(1)
    expect(broken.stdout).toContain('invariant one-holder broke')
    expect(broken.stdout).toContain(
      'see npx contention replay own-scenario --seed 1 --subject good.ts --patience 60 --trace',
    )
    expect((await cli(root, ['update', ...given])).code).toBe(1)
    expect(JSON.parse((await cli(root, ['check', ...given, '--json'])).stdout)).toMatchObject({ subject: 'Good Core' })
  })

  it('says, when it passes, which subjects of the configuration it has not run', async () => {
    const root = project({ 'good.ts': subject('good'), 'broken core.ts': subject('broken', careless) })
    await cli(root, ['update'])
    const { code, stdout } = await cli(root, ['check'])
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `PASS  no drift: 1 scenario behaves as in the snapshot; no budget: own-scenario
      not checked: good.ts; npx contention check --subject good.ts
      not checked: broken core.ts; npx contention check --subject 'broken core.ts'
`,
    })
    expect(JSON.parse((await cli(root, ['check', '--json'])).stdout).gate.unchecked).toEqual([
      { file: 'good.ts', command: 'npx contention check --subject good.ts' },
      { file: 'broken core.ts', command: "npx contention check --subject 'broken core.ts'" },
    ])
    expect((await cli(root, ['check', '--quiet'])).stdout).toBe('')
    expect((await cli(root, ['update', '--subject', 'good.ts'])).code).toBe(0)
    expect((await cli(root, ['check', '--subject', 'good.ts'])).stdout).not.toContain('not checked')
  })

  it('does not depend on the other subjects, which may not load', async () => {
    const root = project({ 'a.ts': subject('a'), 'b.ts': 'export default 1' })
    expect(await cli(root, ['update', '--subject', 'a.ts'])).toMatchObject({ code: 0, stderr: '' })
    expect(await cli(root, ['check', '--subject', 'a.ts'])).toMatchObject({ code: 0, stderr: '' })
    expect((await cli(root, ['check', '--subject', 'b.ts'])).code).toBe(2)
  })

  it('refuses two subjects whose snapshots would be one, in the configuration or out of it', async () => {
    const root = project({ 'a.ts': subject('my core'), 'b.ts': subject('My Core') })
    const refused = await cli(root, ['update', '--subject', 'a.ts'])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('two subjects would have one snapshot: that of "my-core"')
    expect(existsSync(join(root, 'snapshots'))).toBe(false)

    writeFileSync(join(root, 'contention.config.json'), '{ "scenarios": ["./own.ts"], "builtIn": false }')
    await cli(root, ['update', '--subject', 'a.ts'])
    const before = reportOf(root, 'my-core')
    for (const command of ['check', 'update']) {
      const { code, stderr } = await cli(root, [command, '--subject', 'b.ts'])
      expect(code).toBe(2)
      expect(stderr).toContain('the snapshot is that of another subject')
    }
    expect(reportOf(root, 'my-core')).toBe(before)
    const nameless = await cli(folder({ 'x.ts': subject('!') }), ['check', '--subject', 'x.ts'])
    expect(nameless.stderr).toContain('a name with letters or digits')
  })

  it('leaves out the scenarios that the subject has no commands for, says so, and calls it drift where they are in the snapshot', async () => {
    const root = ownProject('yield node.load(node.spaces[0])', {
      'contention.config.json': '{ "builtIn": ["lease-renewal-contention", "ownership-fencing-contention"] }',
      'lock.ts': subject('lock'),
    })
    await cli(root, ['update', '--subject', 'lock.ts'])
    const without = '({ builtIn: { core } }) => ({ acquire: core.acquire, renew: core.renew, release: core.release })'
    writeFileSync(join(root, 'lock.ts'), `export default { name: 'lock', core: ${without} }`)
    const drifted = await cli(root, ['check', '--subject', 'lock.ts'])
    expect(drifted.code).toBe(1)
    expect(drifted.stdout).toContain(
      'DRIFT ownership-fencing-contention: in the snapshot, but the subject no longer has claim\n',
    )
    const updated = await cli(root, ['update', '--subject', 'lock.ts'])
    expect(updated.stdout).toContain(
      'left out: ownership-fencing-contention needs claim, which the subject does not have\n',
    )
    const { code, stdout } = await cli(root, ['check', '--subject', 'lock.ts'])
    expect(code).toBe(0)
    expect(stdout).toContain('      left out: ownership-fencing-contention needs claim')
    const named = await cli(root, ['check', 'ownership-fencing-contention', '--subject', 'lock.ts'])
    expect(named.code).toBe(2)
  })

  it('leaves out the scenario that needs a queue where the subject has none, and accepts the others', async () => {
    const acquire = '(command, nowMs) => ({ ...builtIn.core.acquire({ ...command, queueMs: 0 }, nowMs) })'
    const config = { builtIn: ['lease-renewal-contention', 'takeover-queue-retry-pressure'], scenarios: ['./needy.ts'] }
    const root = folder({
      'contention.config.json': JSON.stringify(config),
      'lock.ts': subject('lock'),
      'needy.ts': scenarioFile(polite, 'needy').replace('invariants:', "needs: ['queue'], invariants:"),
    })
    const measured = async () => (await cli(root, ['update', '--subject', 'lock.ts'])).stdout
    expect(await measured()).toMatch(/^written: .*, 3 scenarios/)
    writeFileSync(join(root, 'lock.ts'), subject('lock', acquire))
    const drifted = await cli(root, ['check', '--subject', 'lock.ts', '--json'])
    expect(drifted.code).toBe(1)
    expect(JSON.parse(drifted.stdout).gate).toMatchObject({
      leftOut: [
        { scenario: 'takeover-queue-retry-pressure', lacks: ['queue'] },
        { scenario: 'needy', lacks: ['queue'] },
      ],
      accept: 'npx contention update --subject lock.ts',
    })
    expect((await cli(root, ['check', '--subject', 'lock.ts'])).stdout).toContain(
      'DRIFT takeover-queue-retry-pressure: in the snapshot, but the subject no longer has a queue\n',
    )
    expect(await measured()).toContain(
      'left out: takeover-queue-retry-pressure needs a queue, which the subject does not have: its refusals have no position\n',
    )
    expect((await cli(root, ['check', '--subject', 'lock.ts'])).code).toBe(0)
    const named = await cli(root, ['run', 'takeover-queue-retry-pressure', '--subject', 'lock.ts'])
    expect(named.code).toBe(2)
    expect(named.stderr).toContain('found:    without a queue: its refusals have no position\n')
    // What is searched for bugs is searched without one too.
    const explored = ['explore', 'takeover-queue-retry-pressure', '--subject', 'lock.ts', '--seeds', '2']
    expect((await cli(root, explored)).code).toBe(0)
  })
})

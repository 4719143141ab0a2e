import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cli, folder, ownProject, polite } from '../support/cli.js'

const filesIn = (root: string): readonly string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort()

/** Refused, and nothing written. */
async function refusal(root: string, cwd = root): Promise<string> {
  const before = filesIn(root)
  const { code, stdout, stderr } = await cli(cwd, ['init'])
  expect(filesIn(root)).toEqual(before)
  expect([code, stdout]).toEqual([2, ''])
  return stderr.replaceAll(root, '.')
}

describe('contention init', () => {
  it('makes what a project needs, and says what to add to git', async () => {
    const root = folder()
    expect(await cli(root, ['init'])).toMatchInlineSnapshot(`
      {
        "code": 0,
        "stderr": "",
        "stdout": "written contention.config.ts
      written budgets/v1.json
      written .github/workflows/contention.yml
      written snapshots/report.md

      Next:
        npm install --save-dev contention
        git add contention.config.ts budgets/v1.json .github/workflows/contention.yml snapshots/report.md
        npx contention check
      ",
      }
    `)
    expect(readFileSync(join(root, 'contention.config.ts'), 'utf8')).toContain("  // subjects: ['./my-lease.ts'],\n")
    expect((await cli(root, ['check'])).code).toBe(0)
  })

  it('puts budgets and snapshot where the configuration wants them, and names only what it has written', async () => {
    const root = ownProject(polite)
    const config = { scenarios: ['./own.ts'], builtIn: false, budgets: 'all/our limits', snapshots: 'snap' }
    writeFileSync(join(root, 'contention.config.json'), JSON.stringify(config))
    const { stdout } = await cli(root, ['init'])
    expect(filesIn(root)).toEqual([
      '.github/workflows/contention.yml',
      'all/our limits/v1.json',
      'contention.config.json',
      'own.ts',
      'snap/report.md',
    ])
    expect(stdout).toContain('kept    contention.config.json\nwritten all/our limits/v1.json\n')
    expect(stdout).toContain("git add 'all/our limits' .github/workflows/contention.yml snap/report.md\n")
    expect(JSON.parse(readFileSync(join(root, 'all/our limits/v1.json'), 'utf8'))).toMatchObject({
      $schema: '../../node_modules/contention/schemas/budgets.schema.json',
    })
    expect((await cli(root, ['check'])).code).toBe(0)
    expect((await cli(root, ['init'])).stdout).not.toMatch(/written|git add/)
  })

  it('writes the budgets of what the project runs, and says how the others come to theirs', async () => {
    const root = ownProject(polite, {
      'contention.config.json': '{ "scenarios": ["./own.ts"], "builtIn": ["checkpoint-replay-windows"] }',
    })
    const { stdout } = await cli(root, ['init'])
    const { scenarios, derivedFrom } = JSON.parse(readFileSync(join(root, 'budgets/v1.json'), 'utf8'))
    expect([Object.keys(scenarios), Object.keys(derivedFrom)]).toEqual([
      ['checkpoint-replay-windows'],
      ['checkpoint-replay-windows'],
    ])
    expect(stdout).toContain(
      '  npx contention tune own-scenario --write\n  npx contention update\n  git add budgets .github/workflows/contention.yml snapshots/report.md\n',
    )
    expect((await cli(root, ['tune', 'own-scenario', '--write', '--seeds', '3'])).code).toBe(0)
    expect((await cli(root, ['update'])).code).toBe(0)
    expect((await cli(root, ['check'])).stdout).toBe(
      'PASS  no drift: 2 scenarios behave as in the snapshot, within budget\n',
    )
    expect((await cli(root, ['init'])).stdout).not.toMatch(/tune|update|git add/)
  })

  it('puts the workflow of a package where GitHub looks for it, each in a file of its own, and finds what is hoisted', async () => {
    const repository = folder({
      '.git/HEAD': 'ref: refs/heads/main',
      'node_modules/contention/package.json': '{}',
      'packages/own/package-lock.json': '{}',
      'packages/one/package.json': '{}',
    })
    const init = async (path: string) => {
      const { code, stdout } = await cli(join(repository, path), ['init'])
      expect(code).toBe(0)
      return stdout.replaceAll(repository, '/repository')
    }
    const read = (path: string) => readFileSync(join(repository, path), 'utf8')
    const first = await init('packages/one')
    expect(first).toContain('written /repository/.github/workflows/contention.yml\n')
    expect(first).not.toContain('npm install')
    expect(read('.github/workflows/contention.yml')).toMatchInlineSnapshot(`
      "name: "contention in packages/one"
      on:
        push:
          branches: [main]
        pull_request:
      jobs:
        check:
          runs-on: ubuntu-latest
          defaults:
            run:
              working-directory: "packages/one"
          steps:
            - uses: actions/checkout@v4
            - uses: actions/setup-node@v4
              with:
                node-version: 22
                cache: npm
            - run: npm ci
            - run: npx contention check
      "
    `)
    expect(JSON.parse(read('packages/one/budgets/v1.json'))).toMatchObject({
      $schema: '../../../node_modules/contention/schemas/budgets.schema.json',
    })
    expect(await init('packages/one')).toContain('kept    /repository/.github/workflows/contention.yml\n')

    expect(await init('packages/own')).toContain('written /repository/.github/workflows/contention-packages-own.yml\n')
    expect(read('.github/workflows/contention-packages-own.yml')).toContain(
      'cache-dependency-path: "packages/own/package-lock.json"\n',
    )
    expect(await init('packages/own')).not.toMatch(/written|git add/)
    expect(filesIn(join(repository, 'packages'))).not.toContain('one/.github/workflows/contention.yml')
    // Of names that are one in letters that every system has, each has its own.
    for (const name of ['é', 'ü']) mkdirSync(join(repository, 'packages', name))
    expect(await init('packages/é')).toContain('written /repository/.github/workflows/contention-packages-.yml\n')
    expect(await init('packages/ü')).toContain('written /repository/.github/workflows/contention-packages--2.yml\n')
    expect(await init('packages/ü')).not.toMatch(/written|git add/)
  })

  it('writes the workflow for the package manager of the project, and says so where it knows nothing of that', async () => {
    const made = async (files: Readonly<Record<string, string>>, at = '.') => {
      const root = folder({ '.git/HEAD': 'ref: refs/heads/main', [`${at}/contention.config.json`]: '{}', ...files })
      const { stdout } = await cli(join(root, at), ['init'])
      const text = readFileSync(join(root, '.github/workflows/contention.yml'), 'utf8')
      return { stdout, steps: text.slice(text.indexOf('    steps:\n') + 11) }
    }
    const pnpm = await made({ 'pnpm-lock.yaml': '', 'package.json': '{ "packageManager": "pnpm@9.1.0" }' })
    expect(pnpm.stdout).toContain('  pnpm add --save-dev contention\n')
    expect(pnpm.steps).toMatchInlineSnapshot(`
      "      - uses: actions/checkout@v4
            - uses: pnpm/action-setup@v4
            - uses: actions/setup-node@v4
              with:
                node-version: 22
                cache: pnpm
            - run: pnpm install --frozen-lockfile
            - run: pnpm exec contention check
      "
    `)
    expect((await made({ 'pnpm-lock.yaml': '' })).steps).toContain(
      '- uses: pnpm/action-setup@v4\n        with:\n          version: 10\n',
    )
    const first = await made({ 'yarn.lock': '# yarn lockfile v1\n' })
    expect(first.steps).toMatch(/cache: yarn\n.*run: yarn install --frozen-lockfile\n.*run: yarn contention check\n$/s)
    const berry = await made({ 'yarn.lock': '__metadata:\n' })
    expect(berry.steps).toMatch(/run: corepack enable\n.*setup-node.*run: yarn install --immutable\n/s)
    const bun = await made({ 'bun.lock': '' })
    expect(bun.stdout).toContain('The workflow is for npm: change its steps if bun.lock is what counts.\n')
    const both = await made({ 'package-lock.json': '{}', 'yarn.lock': '' })
    expect(both.stdout).toContain('The workflow is for npm: change its steps if yarn.lock is what counts.\n')

    // The next step makes a lock file of its own, unless the package is one of a workspace.
    const alone = await made({}, 'packages/one')
    expect(alone.steps).toContain('cache-dependency-path: "packages/one/package-lock.json"\n')
    const beside = await made({ 'package-lock.json': '{}' }, 'packages/one')
    expect(beside.steps).toContain('cache-dependency-path: "packages/one/package-lock.json"\n')
    const member = await made({ 'package.json': '{ "workspaces": ["packages/*"] }' }, 'packages/one')
    expect(member.steps).not.toContain('cache-dependency-path')
    const deep = await made({ 'js/pnpm-lock.yaml': '', 'js/pnpm-workspace.yaml': '' }, 'js/packages/one')
    expect(deep.steps).toContain('cache: pnpm\n          cache-dependency-path: "js/pnpm-lock.yaml"\n')
  })

  it('has the workflow check the subjects of the configuration, and says how their snapshots are made', async () => {
    const subject = (name: string) => `export default { name: '${name}', core: ({ builtIn }) => ({ ...builtIn.core }) }`
    const config = { scenarios: ['./own.ts'], builtIn: false, subjects: ['./a.ts', './our cores/b.ts'] }
    const root = ownProject(polite, {
      'contention.config.json': JSON.stringify(config),
      'a.ts': subject('a'),
      'our cores/b.ts': subject('b'),
    })
    const { stdout } = await cli(root, ['init'])
    expect(readFileSync(join(root, '.github/workflows/contention.yml'), 'utf8')).toMatch(
      /- run: npx contention check\n.*check --subject a.ts\n.*check --subject 'our cores\/b.ts'\n.*contention conformance\n.*contention explore --seeds 200\n$/,
    )
    expect(stdout.slice(stdout.indexOf('Next:'))).toMatchInlineSnapshot(`
      "Next:
        npm install --save-dev contention
        npx contention tune own-scenario --write
        npx contention update
        npx contention update --subject a.ts
        npx contention update --subject 'our cores/b.ts'
        git add budgets .github/workflows/contention.yml snapshots/report.md snapshots/subjects
        npx contention check
        npx contention check --subject a.ts
        npx contention check --subject 'our cores/b.ts'
      "
    `)
    for (const file of ['a.ts', 'our cores/b.ts']) {
      expect((await cli(root, ['update', '--subject', file])).code).toBe(0)
      expect((await cli(root, ['check', '--subject', file])).code).toBe(0)
    }
    expect((await cli(root, ['init'])).stdout).not.toMatch(/update|git add/)
  })

  it('says which steps the workflow lacks that it keeps, and what check says where none of them is there', async () => {
    const part = 'core: ({ builtIn }) => ({ ...builtIn.core })'
    const root = ownProject(polite, { '.git/HEAD': '', 'a.mjs': `export default { name: 'a', ${part} }` })
    expect((await cli(root, ['init'])).code).toBe(0)
    const config = { scenarios: ['./own.ts'], builtIn: false, subjects: ['./a.mjs', './b.mjs'] }
    writeFileSync(join(root, 'contention.config.json'), JSON.stringify(config))
    // A client alone has nothing that conformance asks for.
    writeFileSync(join(root, 'b.mjs'), "export default { name: 'b', client: { believes: () => true } }")
    const missing = async () => {
      const { stdout } = await cli(root, ['init'])
      return stdout.slice(stdout.indexOf('Next:')).replace(/ {2}npx contention (update|check)[\s\S]*/, '')
    }
    const add = 'Next:\n  add to the steps in .github/workflows/contention.yml, which is kept as it is:\n'
    const checks = ['a', 'b'].map((name) => `      - run: npx contention check --subject ${name}.mjs\n`)
    const explore = '      - run: npx contention explore --seeds 200\n'
    const install = '  npm install --save-dev contention\n'
    expect(await missing()).toBe(`${add}${checks.join('')}${explore}${install}`)
    const warned = async () => (await cli(root, ['check'], { GITHUB_ACTIONS: 'true' })).stderr
    const warning = (name: string) =>
      `::warning title=contention::${name}.mjs is a subject of the configuration, and was not checked: add a step, npx contention check --subject ${name}.mjs\n`
    expect(await warned()).toBe(`${warning('a')}${warning('b')}`)
    expect((await cli(root, ['check'])).stderr).toBe('')

    // In whatever words: in a script of the package, too.
    const file = join(root, '.github/workflows/contention.yml')
    writeFileSync(file, `${readFileSync(file, 'utf8')}${explore}      - run: npm run gate\n`)
    writeFileSync(join(root, 'package.json'), '{ "scripts": { "gate": "contention check --subject=\\"./a.mjs\\"" } }')
    expect(await missing()).toBe(`${add}${checks[1]}${install}`)
    expect(await warned()).toBe(warning('b'))
    writeFileSync(file, `${readFileSync(file, 'utf8')}${checks[1]}`)
    expect(await missing()).toBe(`Next:\n${install}`)
    expect(await warned()).toBe('')
  })

  it('keeps the workflow of a project of which somebody has steps run elsewhere', async () => {
    const workflow = 'jobs:\n  check:\n    steps:\n      - run: npm ci\n        working-directory: docs\n'
    const root = folder({ '.git/HEAD': 'ref: refs/heads/main', '.github/workflows/contention.yml': workflow })
    expect((await cli(root, ['init'])).stdout).toContain('kept    .github/workflows/contention.yml\n')
  })

  it('keeps the budgets that count, whichever version they are', async () => {
    const root = ownProject(polite, { 'budgets/v2.json': '{ "version": 2, "scenarios": {} }' })
    expect((await cli(root, ['init'])).stdout).toContain('kept    budgets/v2.json\n')
    expect(filesIn(root)).not.toContain('budgets/v1.json')
  })

  it('writes nothing where not all can be written, or the configuration cannot be used', async () => {
    expect(await refusal(folder({ budgets: 'a file' }))).toContain('a file where a folder should be')
    expect(await refusal(folder({ '.github': 'a file' }))).toMatchInlineSnapshot(`
      "error: cannot write ./.github/workflows/contention.yml
        file:     ./.github/workflows/contention.yml
        found:    a file where a folder should be
        expected: a file that can be written, in a folder that can be written
      "
    `)
    expect(await refusal(folder({ 'contention.config.mjs': 'throw new Error("no database")' }))).toContain(
      'no database',
    )
    expect(await refusal(folder({ 'contention.config.json': '{ "builtIn": false }' }))).toContain('nothing to run')
  })

  it('says of a snapshot that is damaged or obsolete that it is', async () => {
    const root = ownProject(polite, { 'snapshots/report.md': 'half of a snapsh' })
    expect(await refusal(root)).toMatchInlineSnapshot(`
      "error: the snapshot is damaged: snapshots/report.md, line 1: found half of a snapsh, expected the snapshot signature as the last line
        to do:    take it back from git, or delete it, and run \`npx contention init\` again
      "
    `)
    writeFileSync(join(root, 'snapshots/report.md'), `Snapshot v0, signature: \`${'0'.repeat(64)}\`\n`)
    expect(await refusal(root)).toContain('the snapshot is obsolete: snapshots/report.md has format v0')
  })

  it('makes no second project below one, unless it is begun by hand', async () => {
    const root = ownProject(polite)
    const below = join(root, 'packages/inner')
    mkdirSync(below, { recursive: true })
    expect(await refusal(root, below)).toMatchInlineSnapshot(`
      "error: this folder is in a project already
        file:     ./contention.config.json
        expected: a folder that no configuration above it counts for
        to do:    run \`npx contention init\` in .; or, for a project of its own, put a contention.config.json that holds {} here first
      "
    `)
    writeFileSync(join(below, 'contention.config.json'), '{}')
    expect((await cli(below, ['init'])).code).toBe(0)
    expect(filesIn(below)).toContain('snapshots/report.md')
  })

  it('writes nothing where a scenario does not hold', async () => {
    const limits = ['LeaseWindowP95Ms', 'CheckpointWindowEvents', 'ReplayWindowMs', 'QueueDepth', 'RetryAttempts']
    const budget = Object.fromEntries(limits.map((limit) => [`max${limit}`, 0]))
    const root = ownProject(polite, {
      'budgets/v1.json': JSON.stringify({ version: 1, scenarios: { 'own-scenario': budget } }),
    })
    const before = filesIn(root)
    const { code, stdout } = await cli(root, ['init'])
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^FAIL {2}own-scenario[\s\S]*nothing written: mend it, and run `npx contention init` again\n$/,
    )
    expect(filesIn(root)).toEqual(before)
    expect(JSON.parse((await cli(root, ['init', '--json'])).stdout)).toMatchObject({ verdict: 'not-held', files: [] })
  })
})

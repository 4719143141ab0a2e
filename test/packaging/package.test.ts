import { execFileSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as library from '../../src/index.js'
import { packageRoot } from '../../src/package.js'

const root = packageRoot()

/** A user's project with the package in it as `npm pack` makes it, out of what is built already. */
function project(): string {
  const user = mkdtempSync(join(tmpdir(), 'contention-user-'))
  writeFileSync(join(user, 'package.json'), '{ "name": "user", "private": true, "type": "module" }')
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', user], {
    cwd: root,
    encoding: 'utf8',
  })
  mkdirSync(join(user, 'node_modules'))
  execFileSync('tar', ['-xzf', packed.trim()], { cwd: user })
  renameSync(join(user, 'package'), join(user, 'node_modules/contention'))
  return user
}

/** The names that src/index.ts exports, values and types: what stands between the braces. */
const exported = [
  ...readFileSync(join(root, 'src/index.ts'), 'utf8').matchAll(/^export (type )?\{([^}]*)\}/gm),
].flatMap(([, type, names]) =>
  (names as string)
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .map((name) => ({
      name: name.replace(/^type /, ''),
      isType: type !== undefined || name.startsWith('type '),
    })),
)

describe('the package', () => {
  let user: string
  let files: readonly string[]
  beforeAll(() => {
    user = project()
    files = readdirSync(join(user, 'node_modules/contention'), { recursive: true, encoding: 'utf8' })
  })

  afterAll(() => rmSync(user, { recursive: true, force: true }))

  it('has what a user needs, and nothing of the workshop', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'CHANGELOG.md',
        'bin/contention.js',
        'budgets/v1.json',
        'dist/THIRD_PARTY_LICENSES.txt',
        'dist/types/src/index.d.ts',
        'examples/contention.config.ts',
        'examples/my-lease.ts',
        'examples/scenarios/shard-handover.ts',
        'schemas/budgets.schema.json',
        'schemas/config.schema.json',
      ]),
    )
    expect(files.filter((file) => /^(src|test|scenarios|node_modules)\b|^[^/]*\.config\./.test(file))).toEqual([])
  })

  it('has links in its README to nothing that it does not have', () => {
    const readme = readFileSync(join(user, 'node_modules/contention/README.md'), 'utf8')
    const links = [...readme.matchAll(/\]\(([^)#]+)/g)].map(([, to]) => to as string)
    expect(links.filter((to) => !/^https?:/.test(to) && !files.includes(to.replace(/\/$/, '')))).toEqual([])
  })

  it('has examples that run where they are copied to', () => {
    const copied = join(user, 'copied')
    cpSync(join(user, 'node_modules/contention/examples'), copied, { recursive: true })
    for (const name of ['jiti', 'lilconfig']) {
      symlinkSync(join(root, 'node_modules', name), join(user, 'node_modules', name))
    }
    const contention = (...args: string[]) =>
      execFileSync(process.execPath, ['../node_modules/contention/bin/contention.js', ...args], {
        cwd: copied,
        encoding: 'utf8',
      })
    const { outcomes } = JSON.parse(contention('run', 'shard-handover', '--json'))
    expect(outcomes).toMatchObject([{ scenario: 'shard-handover', deterministic: true, invariantsMet: true }])
    expect(contention('conformance', '--quiet')).toMatch(/^PASS {2}my-lease: \d+ hold, 0 broken/)
    expect(contention('explore', '--seeds', '50')).toMatch(/^my-lease: [\s\S]*no failure in 50 seeds/)
  })

  it('has no scripts that run, or are asked about, when it is installed; a fresh clone is built by its own', () => {
    const { scripts } = JSON.parse(readFileSync(join(user, 'node_modules/contention/package.json'), 'utf8'))
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) expect(scripts).not.toHaveProperty(script)
    expect(scripts).toMatchObject({ postprepare: 'npm run build', prepack: 'npm run build' })
  })

  it('names every package whose code it carries, with its licence', () => {
    const licences = readFileSync(join(user, 'node_modules/contention/dist/THIRD_PARTY_LICENSES.txt'), 'utf8')
    for (const name of ['commander', 'chalk', 'seedrandom', 'zod', 'cli-progress']) {
      expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+\\n\\n.*licen[cs]e`, 'ims'))
    }
  })

  it('exports what the source exports', () => {
    const values = exported.filter(({ isType }) => !isType).map(({ name }) => name)
    expect(values.sort()).toEqual(Object.keys(library).sort())
    const program = `import * as all from 'contention'; console.log(JSON.stringify(Object.keys(all)))`
    const seen = execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: user, encoding: 'utf8' })
    expect(JSON.parse(seen).sort()).toEqual(values)
  })

  it.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])('type-checks in a strict program that imports every name, with module %s and resolution %s', (module, how) => {
    const imports = exported.map(({ name, isType }) => (isType ? `type ${name}` : name))
    writeFileSync(
      join(user, 'user.ts'),
      [
        `import { ${imports.join(', ')} } from 'contention'`,
        'const scenario: Scenario = leaseRenewalContention',
        'export const outcome: ScenarioOutcome = await runScenario(scenario, { seed: 1 })',
        'export default defineConfig({ scenarios: [scenario] })',
      ].join('\n'),
    )
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--verbatimModuleSyntax', '--target', 'es2022']
    const options = [...strict, '--noEmit', '--skipLibCheck', 'false', '--types', '', '--module', module]
    const compile = () =>
      execFileSync(join(root, 'node_modules/.bin/tsc'), [...options, '--moduleResolution', how, 'user.ts'], {
        cwd: user,
        encoding: 'utf8',
      })
    expect(compile).not.toThrow()
  })
})

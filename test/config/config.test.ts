import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadProject, loadSubject } from '../../src/config/index.js'
import { folder, polite, scenarioFile } from '../support/cli.js'

const esm =
  'import { defineConfig } from "contention"\nexport default defineConfig({ seed: 7, builtIn: false, scenarios: ["./own.ts"] })'

describe('the configuration', () => {
  it.each([
    ['contention.config.ts', esm.replace('7', '7 as number')],
    ['contention.config.mts', esm],
    ['contention.config.cts', esm],
    ['contention.config.js', esm],
    ['contention.config.mjs', esm],
    ['contention.config.cjs', 'module.exports = { seed: 7, builtIn: false, scenarios: ["./own.ts"] }'],
    ['contention.config.json', '{ "seed": 7, "builtIn": false, "scenarios": ["./own.ts"] }'],
  ])('is found from below and loaded as %s, with paths relative to it', async (name, text) => {
    const root = folder({ [name]: text, 'own.ts': scenarioFile(polite) })
    mkdirSync(join(root, 'deep/down'), { recursive: true })
    const project = await loadProject(join(root, 'deep/down'))
    expect(project).toMatchObject({
      configFile: join(root, name),
      root,
      seed: 7,
      snapshotFolder: join(root, 'snapshots'),
    })
    expect(project.scenarios.map((scenario) => scenario.name)).toEqual(['own-scenario'])
  })

  it.each([
    ['contention.config.cts', 'import { defineConfig } from "contention"\nexport = defineConfig({ seed: 7 })'],
    ['contention.config.cts', 'module.exports = { seed: 7 }'],
    [
      'contention.config.cjs',
      'const { defineConfig } = require("contention")\nmodule.exports = defineConfig({ seed: 7 })',
    ],
    ['contention.config.cjs', 'exports.default = { seed: 7 }'],
    ['contention.config.js', 'module.exports = { seed: 7 }'],
    [
      'contention.config.js',
      'Object.defineProperty(exports, "__esModule", { value: true })\nexports.default = { seed: 7 }',
    ],
    [
      'contention.config.cjs',
      'Object.defineProperty(exports, "__esModule", { value: true })\nconst { defineConfig } = require("contention")\nexports.default = defineConfig({ seed: 7 })',
    ],
  ])('may be CommonJS: %s with %s', async (name, text) => {
    const root = folder({ [name]: text, 'package.json': '{ "type": "commonjs" }' })
    expect((await loadProject(root)).seed).toBe(7)
  })

  it('may name scenarios and subjects that are CommonJS', async () => {
    const own = scenarioFile(polite).replace('export default', 'module.exports =')
    const root = folder({
      'package.json': '{ "type": "commonjs" }',
      'contention.config.json': '{ "builtIn": false, "scenarios": ["./one.cjs", "./other.cjs", "./third.cjs"] }',
      'one.cjs': own,
      'other.cjs': `const { defineScenario } = require('contention')\n${own.replace('own-scenario', 'other-scenario')}`,
      'third.cjs': own.replace('own-scenario', 'third-scenario').replace('module.exports =', 'exports.third ='),
      'subject.cjs': `const { defineSubject } = require('contention')
module.exports = defineSubject({ name: 'common', client: { retryAfterMs: () => 1 } })`,
    })
    const { scenarios } = await loadProject(root)
    expect(scenarios.map(({ name }) => name)).toEqual(['own-scenario', 'other-scenario', 'third-scenario'])
    expect((await loadSubject(join(root, 'subject.cjs'))).name).toBe('common')
  })

  it.each(['contention.config.yaml', 'Contention.config.ts', 'contention.conf.ts'])(
    'is not passed over in silence under the name %s',
    async (name) => {
      const root = folder({ [name]: esm, 'below/file': '' })
      for (const directory of [root, join(root, 'below')]) {
        await expect(loadProject(directory)).rejects.toThrow(
          `${name} is not a name under which a configuration is looked for`,
        )
      }
      writeFileSync(join(root, 'below/contention.config.json'), '{}')
      await expect(loadProject(join(root, 'below'))).resolves.toMatchObject({ root: join(root, 'below') })
    },
  )

  it('is none that was put aside, nor a folder', async () => {
    const root = folder({ 'contention.config.ts~': '', 'contention.config.ts.bak': '', 'contention.configs/file': '' })
    await expect(loadProject(root)).resolves.toMatchObject({ seed: 1 })
  })

  it('is one: two in a folder are refused, and a link that leads nowhere', async () => {
    const two = folder({ 'contention.config.json': '{}', 'contention.config.ts': esm })
    await expect(loadProject(two)).rejects.toThrow('found:    contention.config.json and contention.config.ts')
    const root = folder({ 'contention.config.json': '{}', 'below/file': '' })
    symlinkSync('nowhere.ts', join(root, 'below/contention.config.ts'))
    await expect(loadProject(join(root, 'below'))).rejects.toThrow(
      /cannot read .*\n.*\n.*symbolic link to what does not/,
    )
  })

  it('runs the built-in scenarios beside one’s own unless told otherwise', async () => {
    const names = async (config: object) =>
      (
        await loadProject(folder({ 'contention.config.json': JSON.stringify(config), 'own.ts': scenarioFile(polite) }))
      ).scenarios.map(({ name }) => name)
    expect(await names({})).toHaveLength(4)
    expect(await names({ scenarios: ['./own.ts'] })).toHaveLength(5)
    expect(await names({ builtIn: ['lease-renewal-contention'] })).toEqual(['lease-renewal-contention'])
  })

  it('refuses two scenarios of one name', async () => {
    const root = folder({
      'contention.config.json': '{ "scenarios": ["./own.ts"] }',
      'own.ts': scenarioFile(polite, 'lease-renewal-contention'),
    })
    await expect(loadProject(root)).rejects.toThrow('two scenarios are called "lease-renewal-contention"')
  })
})

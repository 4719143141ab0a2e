import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadProject } from '../../src/config/index.js'
import { folder, polite, scenarioFile } from '../support/cli.js'

const esm =
  'import { defineConfig } from "contention"\nexport default defineConfig({ seed: 7, builtIn: false, scenarios: ["./own.ts"] })'

describe('the configuration', () => {
  it.each([
    ['contention.config.ts', esm.replace('7', '7 as number')],
    ['contention.config.mts', esm],
    ['contention.config.js', esm],
    ['contention.config.mjs', esm],
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

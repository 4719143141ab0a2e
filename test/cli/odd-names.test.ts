import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cli, ownProject, polite, scenarioFile } from '../support/cli.js'

describe('a name that every object has from elsewhere', () => {
  it('is that of a scenario: it has no budget, and gets one', async () => {
    const root = ownProject(polite, { 'own.ts': scenarioFile(polite, 'constructor') })
    expect((await cli(root, ['run'])).stdout).toContain('no budget')
    expect((await cli(root, ['replay', 'constructor'])).code).toBe(0)
    expect((await cli(root, ['list'])).stdout).toMatch(/^constructor \(no budget\)\n/)
    expect(JSON.parse((await cli(root, ['list', '--json'])).stdout).scenarios[0].budget).toBeNull()
    const tuned = await cli(root, ['tune', '--seeds', '3', '--write'])
    expect(tuned).toMatchObject({ code: 0, stdout: expect.stringContaining('5 limits: 5 new') })
    const { scenarios } = JSON.parse(readFileSync(join(root, 'budgets/v1.json'), 'utf8'))
    expect(scenarios.constructor.maxQueueDepth).toBe(3)
    expect((await cli(root, ['run'])).stdout).toContain('2 of         3')
    expect((await cli(root, ['update'])).code).toBe(0)
    expect((await cli(root, ['check'])).code).toBe(0)
  })

  it('is that of a parameter', async () => {
    const named = (name: string, parameter: string) => scenarioFile(polite, name).replaceAll('ttlMs', parameter)
    const root = ownProject(polite, {
      'own.ts': named('own-scenario', 'valueOf'),
      'other.ts': scenarioFile(polite, 'other-scenario'),
      'contention.config.json': '{ "scenarios": ["./own.ts", "./other.ts"], "builtIn": false }',
    })
    expect((await cli(root, ['run'])).code).toBe(0)
    const { outcomes } = JSON.parse((await cli(root, ['run', '--param', 'valueOf=200', '--json'])).stdout)
    expect(outcomes.map(({ overrides }: { overrides: object }) => Object.entries(overrides))).toEqual([
      [['valueOf', 200]],
      [],
    ])
  })
})

import { describe, expect, it } from 'vitest'
import { cli, ownProject, polite } from '../support/cli.js'

describe('contention list', () => {
  it('shows the parameters as they will be used, and the default beside one that is another', async () => {
    const config = { scenarios: ['./own.ts'], builtIn: false, parameters: { 'own-scenario': { ttlMs: 250 } } }
    const root = ownProject(polite, { 'contention.config.json': JSON.stringify(config) })
    expect((await cli(root, ['list', 'own-scenario', '--params'])).stdout).toMatchInlineSnapshot(`
      "own-scenario (no budget)
        a scenario of the user
          nodes       2 (1 to 64)  nodes
          spaces      1 (1 to 8)  spaces
          durationMs  500 (1 to 60000)  length
          ttlMs       250 (default 100; 10 to 1000)  time to live
      "
    `)
    const { scenarios } = JSON.parse((await cli(root, ['list', '--json'])).stdout)
    expect(scenarios[0]).toMatchObject({ values: { nodes: 2, ttlMs: 250 }, parameters: { ttlMs: { default: 100 } } })
  })

  it('shows a scenario once that is named twice, as whatever takes names does', async () => {
    const root = ownProject(polite)
    const once = await cli(root, ['list', 'own-scenario'])
    expect(await cli(root, ['list', 'own-scenario', 'own-scenario'])).toEqual(once)
    const { outcomes } = JSON.parse((await cli(root, ['run', 'own-scenario', 'own-scenario', '--json'])).stdout)
    expect(outcomes).toHaveLength(1)
  })
})

import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { cliInThread as cli, ownProject, polite, scenarioFile } from '../support/cli.js'

const acquireAlone = "export default { name: 'acq', core: ({ builtIn: { core } }) => ({ acquire: core.acquire }) }"

describe('a command that a subject does not have', () => {
  it.each([
    ['run'],
    ['check'],
    ['update'],
    ['replay', 'own-scenario'],
    ['explore', 'own-scenario'],
    ['run', 'own-scenario'],
  ])(
    'is no fault of its: the scenario that asks for it is to declare that, and nothing is saved: %s %s',
    async (...argv) => {
      const root = ownProject(polite, { 'acq.mjs': acquireAlone })
      const before = readdirSync(root)
      const { code, stdout, stderr } = await cli(root, [...argv, '--subject', 'acq.mjs'])
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toBe(
        'error: own-scenario asks for release, which acq does not have\n' +
          "  to do:    declare `needs: ['release', …]` in the scenario: then it is not run on subjects without\n",
      )
      expect(readdirSync(root)).toEqual(before)
    },
  )

  it('is said by name, and the other scenarios with the command that runs them, where it is declared', async () => {
    const needy = scenarioFile(polite, 'needy').replace('invariants:', "needs: ['acquire', 'release'], invariants:")
    const root = ownProject('yield node.acquire(node.spaces[0], p.ttlMs)', {
      'acq.mjs': acquireAlone,
      'needy.ts': needy,
      'contention.config.json': '{ "scenarios": ["./needy.ts", "./own.ts"], "builtIn": false }',
    })
    const { code, stderr } = await cli(root, ['run', '--subject', 'acq.mjs', '--seed', '2'])
    expect(code).toBe(2)
    expect(stderr).toContain('found:    without release\n')
    expect(stderr).toContain('npx contention run own-scenario --subject acq.mjs --seed 2\n')
  })
})

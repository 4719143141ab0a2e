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

  it('is said by name where it is declared: with the command that runs the others, or by leaving it out', async () => {
    const needy = scenarioFile(polite, 'needy').replace('invariants:', "needs: ['acquire', 'release'], invariants:")
    const root = ownProject('yield node.acquire(node.spaces[0], p.ttlMs)', {
      'acq.mjs': acquireAlone,
      'needy.ts': needy,
      'contention.config.json': '{ "scenarios": ["./needy.ts", "./own.ts"], "builtIn": false }',
    })
    const given = ['--subject', 'acq.mjs', '--seed', '2']
    const { code, stderr } = await cli(root, ['run', 'needy', 'own-scenario', ...given])
    expect(code).toBe(2)
    expect(stderr).toContain('found:    without release\n')
    expect(stderr).toContain('npx contention run own-scenario --subject acq.mjs --seed 2\n')
    expect((await cli(root, ['check', 'needy', 'own-scenario', ...given])).stderr).toContain(
      'npx contention check own-scenario --subject acq.mjs --seed 2\n',
    )

    // Where none was named it is left out, with a word; a report holds what was run.
    const ran = await cli(root, ['run', ...given])
    expect(ran.code).toBe(0)
    expect(ran.stdout).toContain('PASS  1 of 1 scenario held')
    expect(ran.stderr).toBe('left out: needy needs release, which the subject does not have\n')
    expect((await cli(root, ['run', ...given, '--quiet'])).stderr).toBe('')
    const json = await cli(root, ['run', ...given, '--json'])
    expect(json.stderr).toBe('')
    const leftOut = [{ scenario: 'needy', lacks: ['release'] }]
    expect(JSON.parse(json.stdout)).toMatchObject({ subject: 'acq', leftOut, outcomes: [{ scenario: 'own-scenario' }] })

    const tune = ['tune', '--seeds', '2', '--subject', 'acq.mjs']
    const tuned = await cli(root, tune)
    expect(tuned.stderr).toBe('left out: needy needs release, which the subject does not have\n')
    expect(JSON.parse((await cli(root, [...tune, '--json'])).stdout)).toMatchObject({
      leftOut,
      scenarios: [{ scenario: 'own-scenario' }],
    })
    expect((await cli(root, ['tune', 'needy', ...tune.slice(1)])).code).toBe(2)
  })
})

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cli, ownProject, polite, scenarioFile } from '../support/cli.js'

const budgetsIn = (project: string, version: number) =>
  JSON.parse(readFileSync(join(project, `budgets/v${version}.json`), 'utf8'))

describe('contention tune', () => {
  it('shows what was measured beside the limits, and proposes', async () => {
    const { code, stdout } = await cli(ownProject(polite), ['tune', '--seeds', '6'])
    expect(code).toBe(0)
    expect(stdout).toMatchSnapshot()
  })

  it('writes the next version with its evidence, which run then holds to', async () => {
    const project = ownProject(polite)
    expect((await cli(project, ['tune', '--seeds', '6', '--write'])).stdout).toContain('written: budgets/v1.json')
    const { derivedFrom, version, $schema } = budgetsIn(project, 1)
    expect({ version, $schema }).toEqual({
      version: 1,
      $schema: '../node_modules/contention/schemas/budgets.schema.json',
    })
    expect(derivedFrom).toMatchObject({ seeds: { from: 1, to: 6 }, percentile: 'max', headroomPercent: 25 })
    const { code, stdout } = await cli(project, ['run'])
    expect(code).toBe(0)
    expect(stdout).toContain('budgets v1')
    expect((await cli(project, ['tune', '--seeds', '6', '--write'])).stdout).toContain('nothing written')
    expect(readdirSync(join(project, 'budgets'))).toEqual(['v1.json'])
  })

  it('raises a limit only for a reason, never writes over a version, and calls a broken limit broken', async () => {
    const project = ownProject(polite)
    await cli(project, ['tune', '--seeds', '6', '--headroom', '0', '--write'])
    const first = readFileSync(join(project, 'budgets/v1.json'), 'utf8')
    writeFileSync(join(project, 'own.ts'), scenarioFile(polite.replace('sleep(20)', 'sleep(90)')))
    const broken = await cli(project, ['tune', '--seeds', '6'])
    expect(broken.code).toBe(1)
    expect(broken.stdout).toContain('broken')
    const silent = await cli(project, ['tune', '--seeds', '6', '--write'])
    expect(silent.code).toBe(2)
    expect(silent.stderr).toMatch(
      /limits? would be raised, and nothing was written\n {2}found: {4}own-scenario max\w+ \d+ → \d+/,
    )
    expect(existsSync(join(project, 'budgets/v2.json'))).toBe(false)
    expect((await cli(project, ['tune', '--seeds', '6', '--write', '--reason', 'longer holds'])).code).toBe(0)
    expect(budgetsIn(project, 2).raised[0]).toMatchObject({ scenario: 'own-scenario', reason: 'longer holds' })
    expect(readFileSync(join(project, 'budgets/v1.json'), 'utf8')).toBe(first)
  })

  it('shows how metrics answer to one parameter, and marks where it is now', async () => {
    const { code, stdout } = await cli(ownProject(polite), ['tune', '--vary', 'ttlMs=20..100:3', '--seeds', '4'])
    expect(code).toBe(0)
    expect(stdout).toMatchSnapshot()
  })

  it('stops at a seed that does not hold, and says how to see it', async () => {
    const project = ownProject('yield node.sleep(Math.floor(Math.random() * 400)); yield node.load(node.spaces[0])')
    const { code, stdout } = await cli(project, ['tune', '--seeds', '3', '--write'])
    expect(code).toBe(1)
    expect(stdout).toContain('npx contention replay own-scenario --seed 1 --trace')
    expect(existsSync(join(project, 'budgets'))).toBe(false)
  })

  it.each([
    [['--vary', 'ttlMs=9..5'], '--vary cannot be used'],
    [['--vary', 'ttlMs'], '--vary cannot be used'],
    [['--vary', 'tllMs=20..50'], 'no selected scenario has a parameter "tllMs"'],
    [['--vary', 'ttlMs=1..50'], 'parameter ttlMs of own-scenario is out of its range'],
    [['--vary', 'ttlMs=20..50', '--write'], '--write does not go with --vary'],
    [['--seeds', '0'], '--seeds cannot be used'],
    [['--headroom', 'much'], '--headroom cannot be used'],
    [['--reason', 'why not'], '--reason goes with --write'],
  ])('refuses %j', async (argv, what) => {
    const { code, stdout, stderr } = await cli(ownProject(polite), ['tune', ...argv])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(what)
  })
})

import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/package.js'
import { astray, cli, ownProject, polite } from '../support/cli.js'

const REPORT = /^# Contention report\n/

/** The built command, `$CONTENTION`, in a shell: pipes and what a process has open are the shell's to make. */
function shell(cwd: string, command: string) {
  const { CI: _ci, GITHUB_ACTIONS: _actions, ...env } = process.env
  return spawnSync('bash', ['-c', command], {
    cwd,
    env: { ...env, CONTENTION: `${process.execPath} ${join(packageRoot(), 'bin/contention.js')}` },
    encoding: 'utf8',
    timeout: 30_000,
    killSignal: 'SIGKILL',
  })
}

describe('the file of a report', () => {
  it('is made, with its folders, and replaced', async () => {
    const project = ownProject(polite)
    for (let time = 0; time < 2; time++) {
      const { code } = await cli(project, ['run', '--reporter', 'markdown', '--output', 'a/b/report.md'])
      expect(code).toBe(0)
      expect(readFileSync(join(project, 'a/b/report.md'), 'utf8')).toMatch(REPORT)
    }
    expect(readdirSync(join(project, 'a/b'))).toEqual(['report.md'])
  })

  it.each([
    ['is there', 'kept/report.md'],
    ['is still to be made', 'kept/new.md'],
  ])('stays a symbolic link, and what it points to, which %s, gets the text', async (_which, target) => {
    const project = ownProject(polite, { 'kept/report.md': 'old' })
    symlinkSync('kept', join(project, 'way'))
    symlinkSync(join('..', target), join(project, 'kept/link.md'))
    symlinkSync('way/link.md', join(project, 'report.md'))
    const { code } = await cli(project, ['run', '--reporter', 'markdown=report.md'])
    expect(code).toBe(0)
    expect(lstatSync(join(project, 'report.md')).isSymbolicLink()).toBe(true)
    expect(lstatSync(join(project, 'kept/link.md')).isSymbolicLink()).toBe(true)
    expect(readFileSync(join(project, target), 'utf8')).toMatch(REPORT)
  })

  it('is refused where links go in a circle', async () => {
    const project = ownProject(polite)
    symlinkSync('one.md', join(project, 'two.md'))
    symlinkSync('two.md', join(project, 'one.md'))
    const { code, stderr } = await cli(project, ['run', '--output', 'one.md'])
    expect(code).toBe(2)
    expect(stderr).toContain('found:    symbolic links that go in a circle')
  })

  it('is written through when it is a pipe, or what the shell has open, which keeps its beginning', () => {
    const project = ownProject(polite)
    const { status, stderr } = shell(
      project,
      `mkfifo pipe && { cat pipe > read.md & }
      $CONTENTION run --reporter markdown --output pipe && wait && test -p pipe || exit 3
      for open in stdout fd/1 fd/3; do
        file=$(basename $open).md
        echo first > $file
        $CONTENTION run --reporter markdown=/dev/$open >> $file 3>&1 || exit 4
        echo last >> $file
      done`,
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(readFileSync(join(project, 'read.md'), 'utf8')).toMatch(REPORT)
    for (const name of ['stdout.md', '1.md', '3.md']) {
      const text = readFileSync(join(project, name), 'utf8')
      expect(text).toMatch(/^first\n# Contention report\n/)
      expect(text).toMatch(/\nlast\n$/)
    }
  })

  it('is written beside JSON on stdout', async () => {
    const project = ownProject(polite)
    const { code, stdout, stderr } = await cli(project, ['run', '--json', '--reporter', 'junit=j.xml'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'held' })
    expect(readFileSync(join(project, 'j.xml'), 'utf8')).toMatch(/^<\?xml/)
  })

  // By a link, so that whatever breaks here, it is the link.
  it.skipIf(!existsSync('/dev/full'))('is an error when a device takes no more, and the device stays one', async () => {
    const project = ownProject(polite)
    symlinkSync('/dev/full', join(project, 'full'))
    const { code, stderr } = await cli(project, ['run', '--output', 'full'])
    expect(code).toBe(2)
    expect(stderr).toContain('found:    no space left on the disk')
    expect(lstatSync('/dev/full').isCharacterDevice()).toBe(true)
  })
  it.skipIf(!existsSync('/proc'))('is refused where no folder can be made, as the snapshot and a budget are', () => {
    const project = ownProject(polite)
    const config = { scenarios: ['./own.ts'], builtIn: false }
    writeFileSync(join(project, 'snapshots.json'), JSON.stringify({ ...config, snapshots: '/proc/foo' }))
    writeFileSync(join(project, 'budgets.json'), JSON.stringify({ ...config, budgets: '/proc/bar' }))
    for (const argv of [
      'run --output /proc/x/report.md',
      'update --config snapshots.json',
      'tune --config budgets.json --seeds 2 --write --reason anew',
    ]) {
      const { status, stderr } = shell(project, `$CONTENTION ${argv}`)
      expect({ argv, status }).toEqual({ argv, status: 2 })
      expect(stderr).toMatch(/^error: cannot write \/proc\/.*\n {2}file: .*\n {2}found: {4}no such file\n/)
    }
  })
})

describe('the command that shows again what failed', () => {
  it('carries every parameter that replay would not start with, and the configuration and budgets', async () => {
    const project = ownProject(astray)
    const config = { scenarios: ['./own.ts'], builtIn: false, parameters: { 'own-scenario': { nodes: 3 } } }
    writeFileSync(join(project, 'contention.config.json'), JSON.stringify(config))
    writeFileSync(join(project, 'v9.json'), '{ "version": 9, "scenarios": {} }')
    const see = async (...given: readonly string[]) =>
      /see npx contention (.*)\n/.exec((await cli(project, given)).stdout)?.[1]
    expect(await see('run')).toBe('replay own-scenario --seed 1 --param nodes=3 --trace')
    // The scenario's default, but not the configuration's.
    const back = 'replay own-scenario --seed 1 --param ttlMs=90 --param nodes=2 --trace'
    expect(await see('run', '--param', 'nodes=2', '--param', 'ttlMs=90')).toBe(back)
    expect(await see(...back.split(' '))).toBe(back)
    const all = ['--config', 'contention.config.json', '--budget', 'v9.json', '--max-events', '99999']
    expect(await see('run', ...all)).toBe(`replay own-scenario --seed 1 --param nodes=3 ${all.join(' ')} --trace`)
  })
})

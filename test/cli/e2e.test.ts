import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/package.js'
import { folder, ownProject, polite, scenarioFile } from '../support/cli.js'

const bin = join(packageRoot(), 'bin/contention.js')

function contention(cwd: string, argv: readonly string[], env: Record<string, string> = {}) {
  const { CI: _ci, GITHUB_ACTIONS: _actions, ...clean } = process.env
  return spawnSync(process.execPath, [bin, ...argv], { cwd, env: { ...clean, ...env }, encoding: 'utf8' })
}

function shell(cwd: string, command: string) {
  const { CI: _ci, ...env } = process.env
  return spawnSync('bash', ['-c', command], {
    cwd,
    env: { ...env, CONTENTION: `${process.execPath} ${bin}` },
    encoding: 'utf8',
    // A command that does not end is a failure, not a test that waits for ever.
    timeout: 120_000,
    killSignal: 'SIGKILL',
  })
}

const snapshot = (project: string): string => readFileSync(join(project, 'snapshots/report.md'), 'utf8')

describe('the built command', () => {
  it('runs the default matrix, twice the same, within budget', () => {
    const { status, stdout, stderr } = contention(packageRoot(), ['run'])
    expect(stderr).toBe('')
    expect(stdout).toContain('PASS  4 of 4 scenarios held')
    expect(status).toBe(0)
  })

  it('passes its own gate', () => {
    expect(contention(packageRoot(), ['check'])).toMatchObject({ status: 0, stderr: '' })
  })

  it('sets up a fresh project whose gate then passes', () => {
    const project = folder({ 'package.json': '{ "name": "fresh", "private": true }' })
    const first = contention(project, ['init'], { CI: 'true' })
    expect(first).toMatchObject({ status: 0, stderr: '' })
    expect(first.stdout).toContain('written snapshots/report.md')
    expect(contention(project, ['check'])).toMatchObject({ status: 0, stderr: '' })
    const again = contention(project, ['init'])
    expect(again.status).toBe(0)
    expect(again.stdout).not.toContain('written')
  })

  it('ends when it is over, though a subject has left a timer to go on', () => {
    const ticking = `
      setInterval(() => undefined, 10)
      export default {
        name: 'ticking',
        core({ builtIn }) {
          setInterval(() => undefined, 10)
          return { ...builtIn.core }
        },
      }`
    const { status, stdout, stderr } = shell(
      folder({ 'ticking.mjs': ticking }),
      '$CONTENTION explore --subject ticking.mjs --seeds 20 --workers 1',
    )
    expect({ status, stderr: stderr.replace(/^[\d.]+ s on.*$/m, '').trim() }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain('PASS  no failure in 20 seeds')
  })

  it('ends quietly when nobody reads on', () => {
    const { stdout, stderr } = shell(packageRoot(), '$CONTENTION replay lease-renewal-contention --trace | head -n 2')
    expect(stdout.trimEnd().split('\n')).toHaveLength(2)
    expect(stderr).toBe('')
  })

  it.skipIf(!existsSync('/dev/full'))('has checked nothing for whoever cannot be told', () => {
    for (const command of ['run --json', 'check', 'list', '--help']) {
      const { status, stderr } = shell(packageRoot(), `$CONTENTION ${command} >/dev/full`)
      expect(stderr).toContain('error: what was to be printed could not be written\n  found:    ENOSPC')
      expect(status).toBe(2)
    }
  })

  it('has checked nothing for whoever is told the beginning alone, because the file may not grow', () => {
    const project = folder()
    // A write that finds room for a part writes that part, and is no error.
    const limited = "trap '' XFSZ; ulimit -f 4; $CONTENTION list --json --params"
    const { status, stderr } = shell(
      project,
      `${limited} >out.json 2>errors.txt; code=$?; cat errors.txt >&2; exit $code`,
    )
    expect(stderr).toContain('error: what was to be printed could not be written\n  found:    EFBIG')
    expect(status).toBe(2)
  })

  it('has colours when forced, and none for NO_COLOR, --no-color or a pipe', () => {
    const project = ownProject(polite)
    const colour = '\u001b['
    expect(contention(project, ['run'], { FORCE_COLOR: '1' }).stdout).toContain(colour)
    expect(contention(project, ['run']).stdout).not.toContain(colour)
    expect(contention(project, ['run'], { FORCE_COLOR: '1', NO_COLOR: '1' }).stdout).not.toContain(colour)
    expect(contention(project, ['run', '--no-color'], { FORCE_COLOR: '1' }).stdout).not.toContain(colour)
  })

  it('shows progress on a terminal for what takes more than a second, and takes it away again', () => {
    // `script` gives the command a terminal of its own; both streams of it arrive here.
    const { stdout, status } = shell(packageRoot(), 'TERM=xterm script -qec "$CONTENTION tune --seeds 60" /dev/null')
    expect(status).toBe(0)
    expect(stdout).toMatch(/tuning .* \d+\/480 runs, .* left/)
    // Before anything is known of how long it takes, nothing is said of it.
    expect(/ (\S+) left/.exec(stdout)?.[1]).not.toBe('0s')
    expect(stdout.slice(stdout.lastIndexOf(' left'))).toContain('ownership-fencing-contention')
  })

  it.each([
    ['tune --seeds 12', 'ownership-fencing-contention'],
    ['explore --time 3s', 'seeds'],
  ])('shows no progress on a terminal that cannot take it away: %s', (command, result) => {
    const { stdout, status } = shell(packageRoot(), `TERM=dumb script -qec "$CONTENTION ${command}" /dev/null`)
    expect(status).toBe(0)
    expect(stdout).toContain(result)
    expect(stdout).not.toContain('\u001b')
    expect(stdout).not.toMatch(/ left\r|exploring \d/)
  })

  it('leaves the old snapshot when the disk is full', () => {
    const builtIn = ['lease-renewal-contention', 'takeover-queue-retry-pressure']
    const project = folder({ 'contention.config.json': JSON.stringify({ builtIn }) })
    expect(contention(project, ['update']).status).toBe(0)
    const before = snapshot(project)
    writeFileSync(join(project, 'contention.config.json'), JSON.stringify({ builtIn, seed: 2 }))
    // A limit of one block on the size of files stops the write in the middle, as a full disk does.
    const { status, stderr } = shell(project, 'ulimit -f 1; $CONTENTION update')
    expect(status).toBe(2)
    expect(stderr).toContain('cannot write')
    expect(stderr).not.toMatch(/^ {4}at /m)
    expect(snapshot(project)).toBe(before)
    expect(readdirSync(join(project, 'snapshots'))).toEqual(['report.md'])
  })

  it('leaves the old snapshot or the new one when it is killed', async () => {
    const project = ownProject(polite)
    contention(project, ['update'])
    const old = snapshot(project)
    writeFileSync(join(project, 'own.ts'), scenarioFile(polite.replace('sleep(20)', 'sleep(30)')))
    const startedMs = Date.now()
    const renewed = contention(project, ['update'])
    const lastsMs = Date.now() - startedMs
    expect(renewed.status).toBe(0)
    const whole = snapshot(project)
    const seen = new Set<string>()
    for (let kill = 0; kill < 8; kill++) {
      writeFileSync(join(project, 'snapshots/report.md'), old)
      const child = spawn(process.execPath, [bin, 'update'], {
        cwd: project,
        stdio: 'ignore',
        env: { ...process.env, CI: '' },
      })
      const ended = new Promise((resolve) => child.once('exit', resolve))
      setTimeout(() => child.kill('SIGKILL'), (lastsMs * (kill + 4)) / 12)
      await ended
      seen.add(snapshot(project))
    }
    expect([old, whole]).toEqual(expect.arrayContaining([...seen]))
  })

  it('ends at Ctrl-C, and leaves nothing behind', async () => {
    const project = ownProject('for (;;) yield node.sleep(0)')
    const child = spawn(process.execPath, [bin, 'run', '--max-events', '900000000'], { cwd: project, stdio: 'ignore' })
    await new Promise((resolve) => setTimeout(resolve, 500))
    const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
    child.kill('SIGINT')
    expect(await ended).toBe('SIGINT')
    expect(readdirSync(project).sort()).toEqual(['contention.config.json', 'own.ts'])
  })
})

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { packageRoot } from '../../src/package.js'
import { markRun, type OpenStore, openStore, StoreError } from '../../src/stores/index.js'
import { DEAD_AFTER_MS } from '../../src/stores/processes/mark.js'
import { everyStore } from './every-store.js'

const swapOf = (record: string) =>
  ({ version: 0, record, sessionKey: 'a', session: 'told', effect: undefined, atMs: 0, command: 'a', by: 'a' }) as const

for (const { kind, describe } of everyStore) {
  describe(`what killed runs leave on ${kind}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'contention-test-'))
    /** The store that the runs are told to use: one that stays when they end. */
    let open: OpenStore
    beforeAll(async () => {
      open = (await openStore(await placeIn(kind, folder), { durable: false })) as OpenStore
    })
    afterAll(async () => {
      await open.close()
      rmSync(folder, { recursive: true, force: true })
    })
    const runs = () => open.namespaces('run-')

    const command = (args: readonly string[]) => {
      const all = [join(packageRoot(), 'bin/contention.js'), ...args, '--quiet', '--store', open.spec()]
      return spawn(process.execPath, all, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    }
    /** A command that would take minutes; it has put something there already, besides its mark. */
    const longOne = async (...args: readonly string[]): Promise<ChildProcess> => {
      const child = command(args)
      onTestFinished(() => void child.kill('SIGKILL'))
      let said = ''
      child.stderr.on('data', (text) => {
        said += text
      })
      const isThere = (name: string) => idOf(child).test(name) && !name.endsWith('-mark')
      while (!(await runs()).some(isThere)) {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${said}`)
        await sleep(20)
      }
      return child
    }
    const longRun = () => longOne('run', '--param', 'durationMs=600000')
    const shortRun = () => ended(command(['run', 'lease-renewal-contention', '--param', 'durationMs=2000']))
    const idOf = ({ pid }: ChildProcess) => new RegExp(`^run-[0-9a-f]{12}-${pid}-`)

    it('is removed by the next start: what a SIGKILL left of a run, and of an exploration on threads', async () => {
      const killed = await longRun()
      killed.kill('SIGKILL')
      await ended(killed)
      expect((await runs()).filter((name) => idOf(killed).test(name)).length).toBeGreaterThan(1)
      const exploring = await longOne('explore', '--workers', '1', '--time', '1h')
      expect((await runs()).filter((name) => idOf(exploring).test(name) && name.endsWith('-1'))).toHaveLength(1)
      expect((await runs()).filter((name) => idOf(killed).test(name))).toEqual([])
      exploring.kill('SIGKILL')
      await ended(exploring)
      expect(await shortRun()).toBe(0)
      expect(await runs()).toEqual([])
    })

    it('is told from what a run that is alive has there', async () => {
      const alive = await longRun()
      expect(await shortRun()).toBe(0)
      const its = await runs()
      expect(its.every((name) => idOf(alive).test(name))).toBe(true)
      expect(its.length).toBeGreaterThan(1)
      alive.kill('SIGINT')
      expect(await ended(alive)).toBe(2)
      expect(await runs()).toEqual([])
    })

    it('is removed for a run of another host only when that was silent for a day', async () => {
      const put = (name: string, record: string, space = 'mark') => open.namespace(name).swap(space, swapOf(record))
      const sign = (beatMs: number) => JSON.stringify({ host: hostname(), pid: 1, beatMs })
      const here = process.pid
      const silent = `run-000000000000-${here}-00000001`
      const quiet = `run-000000000000-${here}-00000002`
      const unmarked = `run-000000000000-${here}-00000003`
      const named = 'run-mine'
      for (const run of [silent, quiet, unmarked, named]) await put(run, 'r', 's')
      await put(`${silent}-1`, 'r', 's')
      await put(`${silent}-mark`, sign(Date.now() - DEAD_AFTER_MS - 1_000))
      await put(`${quiet}-mark`, sign(Date.now() - DEAD_AFTER_MS + 600_000))
      const mark = await markRun(open)
      expect([...(await runs())].sort()).toEqual([quiet, `${quiet}-mark`, `${mark.namespace}-mark`, named].sort())
      expect(mark.namespace).toMatch(idOf({ pid: here } as ChildProcess))
      await mark.confirm()
      await mark.remove()
      for (const name of [quiet, `${quiet}-mark`, named]) await open.remove(name)
      expect(await runs()).toEqual([])
    })

    it('was that of a run after all: it says so, and does not go on', async () => {
      const mark = await markRun(open)
      await open.remove(`${mark.namespace}-mark`)
      const refusal = await mark.confirm().catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(StoreError)
      expect((refusal as StoreError).problem).toMatchObject({
        what: 'another start has taken this run for dead, and removed what it had in the store',
        todo: expect.stringContaining('run it again'),
      })
      await mark.remove()
    })
  })
}

/** A place that stays: a file, a repository, or a server that goes with the test. */
async function placeIn(kind: string, folder: string): Promise<string> {
  if (kind === 'sqlite') return `sqlite=${join(folder, 'store.db')}`
  if (kind !== 'git') return kind
  const repository = join(folder, 'repository')
  execFileSync('git', ['init', '--quiet', '--bare', repository])
  return `git=${repository}`
}

const ended = (child: ChildProcess): Promise<number | string | null> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode ?? child.signalCode)
    else child.once('close', (code, signal) => resolve(code ?? signal))
  })

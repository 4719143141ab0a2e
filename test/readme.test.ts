import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { importModule } from '../src/config/import.js'
import { packageRoot } from '../src/package.js'
import { cliInThread as cli, folder } from './support/cli.js'

/**
 * The README's code is run, and its outputs are what the commands print. After a change of what is printed,
 * `UPDATE_README=1 npx vitest run test/readme.test.ts` puts the new outputs in.
 */
const path = join(packageRoot(), 'README.md')
const readme = readFileSync(path, 'utf8')

/** The block of code after the comment `<!-- kind: name -->`. */
function blockAfter(kind: string, name: string): string {
  const marker = `<!-- ${kind}: ${name} -->\n`
  const at = readme.indexOf(marker)
  if (at < 0) throw new Error(`the README has no "${marker.trim()}"`)
  const match = /^```\w+\n([\s\S]*?)```/.exec(readme.slice(at + marker.length))
  if (match === null) throw new Error(`the README has no code after "${marker.trim()}"`)
  return match[1] ?? ''
}

function expectOutput(name: string, printed: string): void {
  if (process.env['UPDATE_README'] === undefined) {
    expect(printed).toBe(blockAfter('output', name))
    return
  }
  const marker = `<!-- output: ${name} -->\n\`\`\`text\n`
  const current = readFileSync(path, 'utf8')
  const from = current.indexOf(marker) + marker.length
  writeFileSync(path, current.slice(0, from) + printed + current.slice(current.indexOf('```', from)))
}

function project(...names: string[]): string {
  const root = folder()
  for (const name of names) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), blockAfter('file', name))
  }
  return root
}

describe('the README', () => {
  it('shows what `contention run` prints', async () => {
    const { code, stdout } = await cli(packageRoot(), ['run'])
    expect(code).toBe(0)
    expectOutput('contention run', stdout)
  })

  it('shows what a replay prints', async () => {
    const command = 'contention replay ownership-fencing-contention --trace --node node-10 --from 24940 --to 25370'
    const { stdout } = await cli(packageRoot(), command.split(' ').slice(1))
    const [events = ''] = stdout.split('\n\n')
    expect(events).toContain('stale-owner: append')
    expectOutput(command, `${events}\n`)
  })

  it('shows how metrics answer to a parameter', async () => {
    const command = 'contention tune checkpoint-replay-windows --vary checkpointEvery=24..384:6'
    const { code, stdout } = await cli(packageRoot(), command.split(' ').slice(1))
    expect(code).toBe(0)
    expectOutput(command, stdout)
  })

  it('shows what drift looks like', async () => {
    const root = folder({ 'contention.config.json': '{}' })
    await cli(root, ['update'])
    const slower = { parameters: { 'lease-renewal-contention': { renewEveryMs: 600 } } }
    writeFileSync(join(root, 'contention.config.json'), JSON.stringify(slower))
    const { code, stdout } = await cli(root, ['check'])
    expect(code).toBe(1)
    expectOutput('drift', stdout)
  })

  it('has a scenario that runs, and passes, from the configuration it shows', async () => {
    const root = project('contention.config.ts', 'scenarios/shard-handover.ts')
    expect(await cli(root, ['run', 'shard-handover', '--quiet'])).toMatchObject({ code: 0, stderr: '' })
    const { stdout } = await cli(root, ['run', 'shard-handover', '--json'])
    const [outcome] = JSON.parse(stdout).outcomes
    expect(outcome.profile.takeoverSuccesses).toBeGreaterThan(10)
    expect(outcome.profile.staleOwnerRejections).toBeGreaterThan(0)
  })

  it('has a lease core whose bug is found, told, kept, and gone when it is mended', async () => {
    const root = project('my-lease.ts')
    expect(blockAfter('file', 'my-lease.ts').trimEnd().split('\n').length).toBeLessThanOrEqual(40)
    const found = await cli(root, ['explore', '--subject', 'my-lease.ts', '--workers', '2'])
    expect(found.code).toBe(1)
    expectOutput('contention explore --subject my-lease.ts', `${found.stdout.split('\n\n')[0]}\n`)
    const checked = await cli(root, ['conformance', '--subject', 'my-lease.ts', '--quiet'])
    expect(checked.code).toBe(1)
    expectOutput('contention conformance --subject my-lease.ts --quiet', checked.stdout)

    const [file = ''] = readdirSync(join(root, 'counterexamples'))
    const again = ['replay', join('counterexamples', file)]
    expect((await cli(root, again)).code).toBe(1)
    const text = readFileSync(join(root, 'my-lease.ts'), 'utf8')
    const mended = text.replace('if (lock !== undefined) lock', 'if (lock?.epoch === fence.epoch) lock')
    expect(mended).not.toBe(text)
    writeFileSync(join(root, 'my-lease.ts'), mended)
    expect((await cli(root, again)).code).toBe(0)
  })

  it('shows what exploration of the built-in core prints, by chance and exhaustively', async () => {
    for (const command of ['contention explore', 'contention explore --strategy exhaustive']) {
      const { code, stdout } = await cli(folder(), command.split(' ').slice(1))
      expect(code).toBe(0)
      expectOutput(command, stdout)
    }
  })

  it('has a careless lease core that is caught', async () => {
    const printed: unknown[] = []
    const log = vi.spyOn(console, 'log').mockImplementation((...values) => void printed.push(values))
    await importModule(join(project('careless.test.ts'), 'careless.test.ts'))
    log.mockRestore()
    expect(printed).toEqual([[false, expect.stringMatching(/^space-\d was granted to node-\d+ /)]])
  })

  it('has nodes that append to one log on a store', () => {
    const root = project('authority.mjs')
    mkdirSync(join(root, 'node_modules'))
    symlinkSync(packageRoot(), join(root, 'node_modules', 'contention'))
    const { stdout, stderr } = spawnSync(process.execPath, ['authority.mjs'], { cwd: root, encoding: 'utf8' })
    expect(stderr).toBe('')
    expectOutput('node authority.mjs', stdout)
  })

  it('names every command and every option there is', async () => {
    const help = (await cli(packageRoot(), ['--help'])).stdout
    const commands = [...help.matchAll(/^ {2}(\w+) (?:\[|<)/gm)].map(([, name]) => name as string)
    expect(commands).toContain('check')
    for (const command of commands.filter((name) => name !== 'help')) {
      expect(readme).toMatch(new RegExp(`^\\| \`${command}\\b`, 'm'))
      const options = (await cli(packageRoot(), [command, '--help'])).stdout.matchAll(/^ {2}(--[a-z-]+)/gm)
      for (const [, option] of options) expect(readme, `${command} ${option}`).toContain(option as string)
    }
  })
})

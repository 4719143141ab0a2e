import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/package.js'
import { folder, ownProject } from '../support/cli.js'

/** What is typed at a POSIX shell, where `npx contention` is the built command. */
function typed(cwd: string, line: string) {
  const { CI: _ci, GITHUB_ACTIONS: _actions, ...env } = process.env
  const npx = `npx() { shift; "${process.execPath}" "${join(packageRoot(), 'bin/contention.js')}" "$@"; }`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', `${npx}; ${line}`], { cwd, env, encoding: 'utf8' })
  return { code: status, stdout, stderr }
}

const seeIn = (text: string): string => /^ +see (npx contention .*)$/m.exec(text)?.[1] ?? 'no command'

const careless = `
export default {
  name: 'careless',
  core: ({ builtIn }) => ({
    ...builtIn.core,
    acquire: (command, nowMs) => (builtIn.spaces.delete(command.space), builtIn.core.acquire(command, nowMs)),
  }),
}`

describe('a command that is printed, typed again,', () => {
  it('shows a counterexample whose file has a name with blanks and quotes', () => {
    const root = folder({ 'careless.mjs': careless })
    typed(root, 'npx contention explore lease-lifecycle --subject careless.mjs --output "it\'s here"')
    const first = typed(root, 'npx contention replay it*/*.json')
    expect(first.code).toBe(1)
    const again = typed(root, seeIn(first.stdout))
    expect(again.code).toBe(1)
    expect(again.stdout).toContain(' ms  node-0 ')
    expect(seeIn(again.stdout)).toBe(seeIn(first.stdout))
  })

  it('has a subject hang in the same seeds, with all that was given', () => {
    const loop = "export default { name: 'loop', core: ({ builtIn }) => ({ ...builtIn.core, renew() { for (;;); } }) }"
    const root = folder({ 'the loop.mjs': loop, 'own config.json': '{}' })
    const given =
      "--subject 'the loop.mjs' --config 'own config.json' --param nodes=3 --strategy pct --invariant epochs-grow --max-events 9999 --patience 1"
    const first = typed(root, `npx contention explore lease-lifecycle --seeds 20 ${given}`)
    expect(first.code).toBe(1)
    expect(seeIn(first.stdout)).toMatch(
      /^npx contention explore lease-lifecycle --from-seed \d+ --seeds \d+ --workers 1 /,
    )
    expect(seeIn(first.stdout).endsWith(` ${given}`)).toBe(true)
    expect(typed(root, seeIn(first.stdout)).stdout).toContain('FAIL  subject "loop" loops for ever on renew')
  })

  it('explores what a seed draws, after a replay of that seed, in which nothing is drawn', () => {
    const root = folder({ 'careless.mjs': careless })
    const argv = 'lease-lifecycle --subject careless.mjs'
    const explored = typed(root, `npx contention explore ${argv} --seeds 50`)
    const seed = /seed (\d+):/.exec(explored.stdout)?.[1]
    const { stderr } = typed(root, `npx contention replay ${argv} --seed ${seed}`)
    const command = /draws from this seed: (npx contention .*)$/m.exec(stderr)?.[1] ?? 'no command'
    expect(typed(root, command).stdout).toContain(`seed ${seed}: `)
    expect(typed(root, `npx contention replay ${argv} --seed ${seed} --json`).stderr).toBe('')
  })

  it('finds the same schedule of a tiny world', () => {
    const root = folder({ 'careless.mjs': careless })
    const first = typed(root, 'npx contention explore --subject careless.mjs --strategy exhaustive --param nodes=3')
    expect(first.code).toBe(1)
    expect(seeIn(first.stdout)).toBe(
      'npx contention explore --subject careless.mjs --param nodes=3 --strategy exhaustive',
    )
    expect(typed(root, seeIn(first.stdout)).stdout).toBe(first.stdout)
  })

  it('has the patience that was asked for', () => {
    const slow = `
if (globalThis.contentionSlow === undefined) {
  globalThis.contentionSlow = true
  const end = Date.now() + 3_000
  while (Date.now() < end);
}
yield node.acquire(node.spaces[0], p.ttlMs)`
    const root = ownProject(slow)
    expect(typed(root, 'npx contention update --patience 1').code).toBe(2)
    const { code, stdout } = typed(root, 'npx contention check --patience 20')
    expect(code).toBe(2)
    const accept = /`(npx contention update .*?)`/.exec(stdout)?.[1] ?? 'no command'
    expect(accept).toBe('npx contention update --patience 20')
    const accepted = typed(root, accept)
    expect(accepted.code).toBe(0)
    expect(accepted.stdout).toContain('\nto compare with it: npx contention check --patience 20\n')
  })
})

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { main } from '../../src/cli/main.js'
import type { Io } from '../../src/cli/terminal/io.js'

export interface CliResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

type Cli = (cwd: string, argv: readonly string[], env?: Readonly<Record<string, string>>) => Promise<CliResult>

/** Runs the command line in this process, with surroundings made for it: in a thread where it calls code that may hang. */
export const cliInThread: Cli = async (cwd, argv, env = {}) => {
  const { io, written } = memoryIo(env, cwd)
  const code = await main(argv, io)
  return { code, ...written }
}

/** The same in this very thread, which is quicker: for what does not hang. */
export const cli: Cli = async (cwd, argv, env = {}) => {
  const { io, written } = memoryIo(env, cwd)
  const code = await main(argv, { ...io, watch: (subject) => subject })
  return { code, ...written }
}

/** Surroundings of a command that keep what it writes. */
export function memoryIo(env: Readonly<Record<string, string>>, cwd = process.cwd()) {
  const written = { stdout: '', stderr: '' }
  const sink = (name: 'stdout' | 'stderr') => ({
    redraws: false,
    colorLevel: 0 as const,
    columns: undefined,
    write: (text: string) => {
      written[name] += text
    },
    delivered: async () => true,
    lost: undefined,
  })
  const io: Io = { cwd, env, cores: 1, stdout: sink('stdout'), stderr: sink('stderr') }
  return { io, written }
}

/** A folder for one test, with these files in it; gone when the test is over. */
export function folder(files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'contention-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  return path
}

/** A scenario file as a user would write it, in plain JavaScript and without imports. */
export function scenarioFile(body: string, name = 'own-scenario'): string {
  return `
const nodes = { default: 2, min: 1, max: 64, description: 'nodes' }
const spaces = { default: 1, min: 1, max: 8, description: 'spaces' }
const durationMs = { default: 500, min: 1, max: 60000, description: 'length' }
const ttlMs = { default: 100, min: 10, max: 1000, description: 'time to live' }
export default {
  name: '${name}',
  description: 'a scenario of the user',
  parameters: { nodes, spaces, durationMs, ttlMs },
  network: () => ({ requestDelayMs: [1, 5], replyDelayMs: [1, 5], timeoutMs: 50 }),
  *node(node, p) { ${body} },
  invariants: () => [],
}
`
}

/** Acquires, holds and releases: a scenario that behaves. */
export const polite = `
for (;;) {
  const outcome = yield node.acquire(node.spaces[0], p.ttlMs)
  if (outcome.kind === 'granted') { yield node.sleep(20); yield node.release(outcome.fence) }
  yield node.sleep(node.random.int(5, 50))
}`

/** Goes another way each time it is run: by counting, not by chance, which may repeat itself. */
export const astray = `
globalThis.contentionRuns = (globalThis.contentionRuns ?? 0) + 1
yield node.sleep(globalThis.contentionRuns % 400)
yield node.load(node.spaces[0])`

/** A project whose only scenario is the user's own. */
export function ownProject(body: string, extra: Readonly<Record<string, string>> = {}): string {
  return folder({
    'contention.config.json': JSON.stringify({ scenarios: ['./own.ts'], builtIn: false }),
    'own.ts': scenarioFile(body),
    ...extra,
  })
}

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { buildSync } from 'esbuild'

/** Builds the test program `entry`, so that a process of its own can run it. The path of what was built. */
export function built(entry: string): string {
  const outfile = `node_modules/.cache/contention/test-${process.pid}/${entry.replace(/\W/g, '-')}.mjs`
  buildSync({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  })
  return outfile
}

export interface Program {
  readonly child: ChildProcess
  /** The lines that it has printed so far. */
  readonly lines: string[]
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>
  /** Settles when it has printed so many lines, or has ended. */
  printed(lines: number): Promise<void>
}

export function start(command: string, args: readonly string[]): Program {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  let wake = () => {}
  let over = false
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    wake()
  })
  const ended = new Promise<number | string | null>((resolve) => {
    child.once('close', (code, signal) => {
      over = true
      wake()
      resolve(code ?? signal)
    })
  })
  return {
    child,
    lines,
    ended,
    async printed(count) {
      while (lines.length < count && !over) await new Promise<void>((resolve) => (wake = resolve))
    },
  }
}

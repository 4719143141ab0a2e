import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { platform } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRunning } from './running.js'

const POLL_MS = 10

/** True when the processes have all ended within `waitMs`. */
export async function haveEnded(pids: readonly number[], waitMs: number): Promise<boolean> {
  for (let waitedMs = 0; pids.some(isRunning); waitedMs += POLL_MS) {
    if (waitedMs >= waitMs) return false
    await sleep(POLL_MS)
  }
  return true
}

/** The command line of a process; empty when it has ended. */
export function commandOf(pid: number): string {
  if (platform() === 'linux') return textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
  return spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? ''
}

/** The processes whose command line holds `text`. */
export function processesNamed(text: string): readonly { readonly pid: number; readonly command: string }[] {
  return everyCommand().filter(({ command }) => command.includes(text))
}

function everyCommand(): readonly { readonly pid: number; readonly command: string }[] {
  if (platform() === 'linux') {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return pids.map((pid) => ({ pid: Number(pid), command: commandOf(Number(pid)) }))
  }
  const { stdout } = spawnSync('ps', ['-A', '-ww', '-o', 'pid=,command='], { encoding: 'utf8' })
  return (stdout ?? '').split('\n').flatMap((line) => {
    const [, pid, command] = /^\s*(\d+) (.*)$/.exec(line) ?? []
    return pid === undefined || command === undefined ? [] : [{ pid: Number(pid), command }]
  })
}

/** The children of a process. */
export function childrenOf(parent: number): readonly number[] {
  if (platform() === 'linux') {
    return textOf(`/proc/${parent}/task/${parent}/children`).split(' ').filter(Boolean).map(Number)
  }
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  const pairs = (stdout ?? '').split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  return pairs.flatMap(([pid, itsParent]) => (pid !== undefined && itsParent === parent ? [pid] : []))
}

/** Sends a signal; a process that has ended needs none. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {}
}

/** What a file holds; nothing when it cannot be read. */
export function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

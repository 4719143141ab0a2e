import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { isRunning } from '../temporary/running.js'

/** The folder of a server says whose it is: the process that started the server, before a random end. */
const NAMED = /^contention-redis-(\d+)-\w+$/
const PID_FILE = 'server.json'

export const folderPrefix = (): string => join(tmpdir(), `contention-redis-${process.pid}-`)

/** Notes in `folder` which server is in it. The host's name, for folders that several containers see. */
export function notePid(folder: string, pid: number): void {
  writeFileSync(join(folder, PID_FILE), JSON.stringify({ pid, host: hostname() }))
}

/** Ends the servers, and removes the folders, of processes that were killed before they could do so themselves. */
export function clearLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = NAMED.exec(name)?.[1]
    if (owner === undefined || isRunning(Number(owner))) continue
    try {
      clear(join(tmpdir(), name))
    } catch {
      // Another user's, or cleared by another process at this very moment.
    }
  }
}

function clear(folder: string): void {
  const { pid, host } = JSON.parse(readFileSync(join(folder, PID_FILE), 'utf8')) as { pid: number; host: string }
  if (host !== hostname()) return
  // The number may be that of another program by now: its command line names the folder, if it is the server.
  const command = commandLineOf(pid)
  if (command.includes('redis-server') && command.includes(folder)) process.kill(pid, 'SIGKILL')
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

function commandLineOf(pid: number): string {
  if (!isRunning(pid)) return ''
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    // Not every system has /proc; those that have none have ps.
    return execFileSync('ps', ['-ww', '-p', String(pid), '-o', 'args='], { encoding: 'utf8' })
  }
}

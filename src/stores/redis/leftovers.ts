import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { abandonedFolders, makeTemporaryFolder } from '../processes/folders.js'
import { isRunning } from '../processes/running.js'

const KIND = 'redis'
const PID_FILE = 'server.json'

export const makeFolder = (): string => makeTemporaryFolder(KIND)

/** Notes in `folder` which server is in it. */
export function notePid(folder: string, pid: number): void {
  writeFileSync(join(folder, PID_FILE), JSON.stringify({ pid }))
}

/** Ends the servers, and removes the folders, of processes that were killed before they could do so themselves. */
export function clearLeftovers(): void {
  for (const folder of abandonedFolders(KIND)) {
    try {
      clear(folder)
    } catch {
      // Cleared by another process at this very moment; or it is not said which server is in it.
    }
  }
}

function clear(folder: string): void {
  const { pid } = JSON.parse(readFileSync(join(folder, PID_FILE), 'utf8')) as { pid: number }
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

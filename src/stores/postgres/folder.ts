import { chownSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { abandonedFolders, makeTemporaryFolder } from '../processes/folders.js'
import { commandOf, haveEnded, signal } from '../processes/processes.js'
import type { User } from './binaries.js'

const KIND = 'postgres'
/** An immediate shutdown takes some ten milliseconds. */
const END_WITHIN_MS = 2_000

/** A folder of its own for a server that runs as `user`. */
export function makeFolder(user: User | undefined): string {
  const folder = makeTemporaryFolder(KIND)
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  return folder
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

export const dataOf = (folder: string): string => join(folder, 'data')

/** What the server says of itself while it runs: its process, and whether it is ready. */
export function saidBy(folder: string): { readonly pid: number; readonly ready: boolean } | undefined {
  try {
    const lines = readFileSync(join(dataOf(folder), 'postmaster.pid'), 'utf8').split('\n')
    return { pid: Number(lines[0]), ready: lines[7]?.trim() === 'ready' }
  } catch {
    return undefined
  }
}

/**
 * Ends servers, and removes folders, whose owners were killed before they could. Nobody else's: the folder has our name
 * and our owner, the process that made it has ended, and the server is one that runs in it.
 */
export async function clearLeftovers(user: User | undefined): Promise<void> {
  for (const folder of abandonedFolders(KIND, user?.uid)) {
    await endServerIn(folder)
    removeFolder(folder)
  }
}

async function endServerIn(folder: string): Promise<void> {
  const pid = saidBy(folder)?.pid
  if (pid === undefined || !(pid > 1) || !commandOf(pid).includes(folder)) return
  signal(pid, 'SIGQUIT')
  if (!(await haveEnded([pid], END_WITHIN_MS))) signal(pid, 'SIGKILL')
}

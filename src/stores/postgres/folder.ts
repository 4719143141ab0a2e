import { chownSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isRunning } from '../temporary/running.js'
import type { User } from './binaries.js'
import { commandOf, haveEnded, signal } from './processes.js'

/** With the process that made it, so that others see when nobody needs it any more. */
const NAME = /^contention-postgres-(\d+)-[A-Za-z0-9]{6}$/
/** An immediate shutdown takes some ten milliseconds. */
const END_WITHIN_MS = 2_000

/** A folder of its own for a server that runs as `user`. */
export function makeFolder(user: User | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), `contention-postgres-${process.pid}-`))
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
  const mine = user?.uid ?? process.getuid?.()
  for (const name of readdirSync(tmpdir())) {
    const owner = Number(NAME.exec(name)?.[1])
    if (!Number.isInteger(owner) || isRunning(owner)) continue
    const folder = join(tmpdir(), name)
    const stat = lstatSync(folder, { throwIfNoEntry: false })
    if (stat === undefined || !stat.isDirectory() || (mine !== undefined && stat.uid !== mine)) continue
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

import { createHash } from 'node:crypto'
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { isRunning } from './running.js'

/** Containers may share the folder for temporary files, but not the numbers of processes. */
const host = (): string => createHash('sha256').update(hostname()).digest('hex').slice(0, 8)

/**
 * A folder for a store that goes with this process. Its name says which process that is, so that those of processes of
 * this machine that were killed before they could remove theirs are removed now.
 */
export function temporaryFolder(kind: string): string {
  const prefix = `contention-${kind}-${host()}-`
  const mine = process.getuid?.()
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? /^(\d+)-[A-Za-z0-9]{6}$/.exec(name.slice(prefix.length))?.[1] : undefined
    if (pid === undefined || isRunning(Number(pid))) continue
    const folder = join(tmpdir(), name)
    const stat = lstatSync(folder, { throwIfNoEntry: false })
    if (stat?.isDirectory() && (mine === undefined || stat.uid === mine))
      rmSync(folder, { recursive: true, force: true })
  }
  return mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
}

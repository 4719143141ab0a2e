import { lstatSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hostKey } from './host.js'
import { isRunning } from './running.js'

/** Containers may share the folder for temporary files, but not the numbers of processes. */
const prefixOf = (kind: string): string => `contention-${kind}-${hostKey()}-`

/** Makes a temporary folder that goes with this process, and says in its name that it does. */
export function makeTemporaryFolder(kind: string): string {
  return mkdtempSync(join(tmpdir(), `${prefixOf(kind)}${process.pid}-`))
}

/**
 * Such folders of processes of this host that have ended without removing theirs, and of the user `uid`, where there are users.
 * Those from before the machine was last started are left: they cannot be told from those of another container.
 */
export function abandonedFolders(kind: string, uid = process.getuid?.()): readonly string[] {
  const prefix = prefixOf(kind)
  return readdirSync(tmpdir())
    .filter((name) => {
      const pid = name.startsWith(prefix) ? /^(\d+)-[A-Za-z0-9]{6}$/.exec(name.slice(prefix.length))?.[1] : undefined
      return pid !== undefined && !isRunning(Number(pid))
    })
    .map((name) => join(tmpdir(), name))
    .filter((folder) => {
      const stat = lstatSync(folder, { throwIfNoEntry: false })
      return stat?.isDirectory() === true && (uid === undefined || stat.uid === uid)
    })
}

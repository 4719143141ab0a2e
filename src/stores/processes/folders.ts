import { existsSync, lstatSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { hostKey } from './host.js'
import { isRunning } from './running.js'

/** Whether `path` is one from the root, and something is there. */
export const isThere = (path: string): boolean => isAbsolute(path) && existsSync(path)

/** Containers may share the folder for temporary files, but not the numbers of processes. */
const prefixOf = (kind: string): string => `contention-${kind}-${hostKey()}-`

/** Makes a temporary folder that goes with this process, and says in its name that it does. */
export function makeTemporaryFolder(kind: string): string {
  return mkdtempSync(join(tmpdir(), `${prefixOf(kind)}${process.pid}-`))
}

/** Whether `folder` is one of those, be it of this process or of another of this host. */
export function isTemporaryFolder(kind: string, folder: string): boolean {
  return dirname(folder) === tmpdir() && processOf(kind, basename(folder)) !== undefined
}

/**
 * Such folders of processes of this host that have ended without removing theirs, and of the user `uid`, where there are users.
 * Those from before the machine was last started are left: they cannot be told from those of another container.
 */
export function abandonedFolders(kind: string, uid = process.getuid?.()): readonly string[] {
  return readdirSync(tmpdir())
    .filter((name) => {
      const pid = processOf(kind, name)
      return pid !== undefined && !isRunning(pid)
    })
    .map((name) => join(tmpdir(), name))
    .filter((folder) => {
      const stat = lstatSync(folder, { throwIfNoEntry: false })
      return stat?.isDirectory() === true && (uid === undefined || stat.uid === uid)
    })
}

/** With which process a folder of that name goes; undefined when it is none of `kind`. */
function processOf(kind: string, name: string): number | undefined {
  const prefix = prefixOf(kind)
  const pid = name.startsWith(prefix) ? /^(\d+)-[A-Za-z0-9]{6}$/.exec(name.slice(prefix.length))?.[1] : undefined
  return pid === undefined ? undefined : Number(pid)
}

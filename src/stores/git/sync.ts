import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Syncs which files there are in `folders`: without that a file may be synced, and its name be lost. */
export function syncFolders(...folders: readonly string[]): void {
  for (const folder of folders) {
    const open = openFolder(folder)
    if (open === undefined) continue
    try {
      fsyncSync(open)
    } finally {
      closeSync(open)
    }
  }
}

/** Undefined where there are no such folders, as refs have none that are kept in tables, or where none can be opened. */
function openFolder(folder: string): number | undefined {
  try {
    return openSync(folder, 'r')
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (['ENOENT', 'EISDIR', 'EPERM'].includes(code)) return undefined
    throw error
  }
}

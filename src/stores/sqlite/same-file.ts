import { statSync } from 'node:fs'
import { StoreError } from '../store-error.js'

/**
 * Sees that the file at the path is the one that was opened: one that is removed, or replaced, goes on for whoever has it open,
 * while everybody else finds another, so that two would hold one lease. SQLite's own "How To Corrupt An SQLite Database File",
 * on files that are unlinked or renamed while in use.
 * @returns what throws a StoreError once it is another
 */
export function sameFile(file: string): () => void {
  const opened = identityOf(file)
  return () => {
    const found = identityOf(file)
    if (found === opened) return
    throw new StoreError({
      what: 'the SQLite file is no longer the one that was opened',
      store: `sqlite ${file}`,
      found: found === undefined ? 'nothing at its path' : 'another file at its path',
      expected: 'a file that nobody removes or replaces while it is in use',
      todo: 'restore it from a copy, or begin with another file',
      lost: true,
    })
  }
}

function identityOf(file: string): string | undefined {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`
}

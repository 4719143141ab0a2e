import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, fileError } from './files.js'
import { type ParsedSnapshot, parseSnapshot } from './snapshot.js'

/** The snapshot's file within the snapshot folder. */
export function snapshotFile(folder: string): string {
  return join(folder, 'report.md')
}

/** Reads the snapshot in `folder`; `missing` when there is none. Throws InputError when it cannot be read. */
export function readSnapshot(folder: string): ParsedSnapshot | { readonly kind: 'missing' } {
  const file = snapshotFile(folder)
  try {
    return parseSnapshot(readFileSync(file, 'utf8'))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'missing' }
    throw fileError(error, file, 'read')
  }
}

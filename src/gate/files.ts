import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { InputError } from '../input/index.js'
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

/**
 * Replaces `file` by `text` at one moment: whoever reads it, and whatever happens meanwhile, finds the old text or the
 * new one. Throws InputError when it cannot be written.
 */
export function writeAtomically(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true })
    replaceFile(file, text)
  } catch (error) {
    throw fileError(error, file, 'write')
  }
}

/**
 * A temporary file beside it, made durable, then renamed. Not write-file-atomic: its 7.0 takes a short write, which is how
 * a disk that fills up begins to refuse, for a whole one, and renames the torn file into place.
 */
function replaceFile(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    const descriptor = openSync(temporary, 'w')
    try {
      writeFileSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** What went wrong with a file, for people. */
export function fileError(error: unknown, file: string, doing: 'read' | 'write'): InputError {
  const code = codeOf(error)
  const known = code === undefined ? undefined : reasons[code]
  return new InputError(
    {
      what: `cannot ${doing} ${file}`,
      file,
      found: known ?? (error instanceof Error ? error.message : String(error)),
      expected:
        doing === 'read' ? 'a file that can be read' : 'a file that can be written, in a folder that can be written',
    },
    { cause: error },
  )
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'a read-only file system',
  EISDIR: 'a directory',
  ENOTDIR: 'a file where a folder should be',
  EEXIST: 'a file where a folder should be',
  ENOENT: 'no such file',
  ENOSPC: 'no space left on the disk',
  EFBIG: 'a file larger than the process may write',
  EDQUOT: 'the disk quota is used up',
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

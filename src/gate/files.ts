import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { InputError } from '../input/index.js'

/**
 * Replaces `file` by `text`, unless that is there already: in other line ends, which a checkout has given it
 * (`core.autocrlf`), or behind a byte order mark, it is. Returns whether it had to.
 * @throws InputError when it cannot be read or written
 */
export function writeChanged(file: string, text: string): boolean {
  const there = textOf(file, 'read')
  if (there !== undefined && plainText(there) === text) return false
  writeAtomically(file, text)
  return true
}

const plainText = (text: string): string => text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')

/**
 * Replaces `file` by `text` at one moment: whoever reads it, and whatever happens meanwhile, finds the old text or the
 * new one. A symbolic link stays one: what it points to is replaced. What is no regular file, as a device or a pipe,
 * and what a process has open is written through. Throws InputError when it cannot be written.
 */
export function writeAtomically(file: string, text: string): void {
  try {
    // A circle of links is said here.
    const found = statSync(file, { throwIfNoEntry: false })
    const target = targetOf(file)
    if (isOpenFile(target) || (found !== undefined && !found.isFile())) writeThrough(target, text)
    else {
      makeFolder(dirname(target))
      replaceFile(target, text)
    }
  } catch (error) {
    throw fileError(error, file, 'write')
  }
}

/**
 * Makes `folder`, and those above it that are missing. Not by `recursive: true`: where nothing can be made, as in /proc,
 * Node tries for ever.
 */
export function makeFolder(folder: string): void {
  if (isFolder(folder)) return
  const above = dirname(folder)
  if (above !== folder) makeFolder(above)
  try {
    mkdirSync(folder)
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (codeOf(error) !== 'EEXIST' || !isFolder(folder)) throw error
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/** Writes `text` to a new file, or over an old one, and waits until it is on the disk. */
export function writeDurably(file: string, text: string): void {
  withOpen(file, 'w', (descriptor) => {
    writeFileSync(descriptor, text)
    fsyncSync(descriptor)
  })
}

/** At the end, and emptying nothing: what a process has open may be a file that has a beginning (`>> report.md`). */
function writeThrough(file: string, text: string): void {
  withOpen(file, 'a', (descriptor) => writeFileSync(descriptor, text))
}

function withOpen(file: string, flags: 'w' | 'a', use: (descriptor: number) => void): void {
  const descriptor = openSync(file, flags)
  try {
    use(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Where `file` is in the end, when links are followed: not by `realpath`, which knows no file that is still to be made. */
function targetOf(file: string): string {
  if (isOpenFile(file) || lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return file
  return targetOf(resolve(realpathSync(dirname(file)), readlinkSync(file)))
}

/** Whether a path is the name of a file that a process has open, as `/dev/stdout` in the end is: `/proc/self/fd/1`. */
function isOpenFile(file: string): boolean {
  return /^\/(dev|proc\/.+)\/fd\/\d+$/.test(file)
}

/**
 * Writes `text` to a file of `folder` that is called `name`, and numbered where other text has that name already.
 * Returns the file; one that holds this very text is left as it is.
 * @throws InputError when it cannot be written
 */
export function writeBeside(folder: string, name: string, extension: string, text: string): string {
  for (let number = 1; ; number++) {
    const file = join(folder, `${name}${number === 1 ? '' : `-${number}`}${extension}`)
    const there = textOf(file, 'write')
    if (there === undefined) writeAtomically(file, text)
    if (there === undefined || there === text) return file
  }
}

/** Undefined where there is no such file, nor a folder for it. */
function textOf(file: string, doing: 'read' | 'write'): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw fileError(error, file, doing)
  }
}

/**
 * A temporary file beside it, made durable, then renamed. Not write-file-atomic: its 7.0 takes a short write, which is how
 * a disk that fills up begins to refuse, for a whole one, and renames the torn file into place.
 */
function replaceFile(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    writeDurably(temporary, text)
    const mode = statSync(file, { throwIfNoEntry: false })?.mode
    if (mode !== undefined) chmodSync(temporary, mode)
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
  ELOOP: 'symbolic links that go in a circle',
  EPIPE: 'a pipe that nobody reads any more',
  ENXIO: 'a device or socket that cannot be opened',
}

/** What the system calls what went wrong, as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

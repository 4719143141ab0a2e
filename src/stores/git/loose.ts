import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { gitError } from './problem.js'
import type { Repository } from './repository.js'
import { type Sharing, sharedFileMode, sharedFolderMode } from './sharing.js'
import { syncFolders } from './sync.js'

export type ObjectType = 'blob' | 'tree' | 'commit'

/** The fastest: what is written here for one reading or none, `git gc` packs anew. */
const COMPRESSION = { level: 1 }
/** Of a mode, without the kind of file. */
const MODE_BITS = 0o7777

/**
 * Writes objects as git does, one file each, and gives back their names. What is there already is written again: a file
 * that is old and that no ref leads to could be pruned at any moment, and a new one is not.
 *
 * What was written survives the end of any process; that of the power only if the repository is to be synced.
 */
export function looseObjects(repository: Repository): (type: ObjectType, content: Buffer) => string {
  const { folder, hash, place } = repository
  // Git removes files of such names, when they are old: they are of who was killed in the middle.
  const temporary = `tmp_obj_${randomBytes(9).toString('hex')}_`
  let written = 0
  return (type, content) => {
    const whole = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content])
    const name = createHash(hash).update(whole).digest('hex')
    const fanOut = join(folder, 'objects', name.slice(0, 2))
    written += 1
    try {
      putFile(fanOut, name.slice(2), `${temporary}${written}`, deflateSync(whole, COMPRESSION), repository)
    } catch (error) {
      throw gitError(place.name, 'an object cannot be written', (error as Error).message, { cause: error })
    }
    return name
  }
}

/** A whole file or none, however often and by however many it is put at once. */
function putFile(
  folder: string,
  name: string,
  temporary: string,
  bytes: Buffer,
  { synced, sharing }: Repository,
): void {
  const draft = join(folder, temporary)
  const file = openNew(folder, draft, sharing)
  try {
    try {
      if (sharing !== undefined) fchmodSync(file, sharedFileMode(fstatSync(file).mode & MODE_BITS, sharing))
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
      if (synced) fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(draft, join(folder, name))
    if (synced) syncFolders(folder, dirname(folder))
  } catch (error) {
    rmSync(draft, { force: true })
    // Where a file that may not be written cannot be replaced either, it is there.
    if (!existsSync(join(folder, name))) throw error
  }
}

/** Git makes these folders when it needs them, and `git gc` removes those that are empty. */
function openNew(folder: string, path: string, sharing: Sharing | undefined): number {
  for (let attempt = 0; ; attempt++) {
    try {
      return openSync(path, 'wx', 0o444)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 2) throw error
    }
    // Not the folders above: without them this is no repository any more.
    try {
      makeShared(folder, sharing)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

function makeShared(folder: string, sharing: Sharing | undefined): void {
  mkdirSync(folder)
  if (sharing !== undefined) chmodSync(folder, sharedFolderMode(statSync(folder).mode & MODE_BITS, sharing))
}

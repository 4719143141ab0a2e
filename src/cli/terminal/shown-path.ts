import { relative } from 'node:path'
import type { Io } from './io.js'

/** A path as people would type it here: relative where that does not lead out of the working directory. */
export function shownPath(io: Io, file: string): string {
  const path = relative(io.cwd, file)
  return path === '' || path.startsWith('..') ? file : path
}

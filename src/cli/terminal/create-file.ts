import { linkSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileError, makeFolder, writeDurably } from '../../gate/index.js'
import { InputError } from '../../input/index.js'

/**
 * Makes a file that is not there yet: whole, or not at all, and never over one that is. A temporary file beside it is made
 * durable and then linked to the name, which fails where the name is taken; to rename it would replace what is there, and to
 * open the name itself for writing could leave half a file.
 * @throws InputError when there is such a file, or it cannot be written
 */
export function createFile(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    makeFolder(dirname(file))
    writeDurably(temporary, text)
    link(temporary, file)
  } catch (error) {
    throw error instanceof InputError ? error : fileError(error, file, 'write')
  } finally {
    rmSync(temporary, { force: true })
  }
}

function link(temporary: string, file: string): void {
  try {
    linkSync(temporary, file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    throw new InputError(
      {
        what: `${file} exists, and is not written over`,
        file,
        found: 'a file that somebody else has made meanwhile',
        expected: 'no such file',
        todo: 'look at it, and run the command again',
      },
      { cause: error },
    )
  }
}

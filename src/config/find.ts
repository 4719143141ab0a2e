import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { lilconfig } from 'lilconfig'
import { fileError } from '../gate/index.js'
import { foldersUpward } from './upward.js'

/** The file names looked for in the working directory, and from there upward. */
export const fileNames = ['ts', 'mts', 'js', 'mjs', 'json'].map((ending) => `contention.config.${ending}`)

/**
 * The configuration that is found from `directory` upward.
 * @throws InputError when it cannot be read
 */
export async function findConfig(directory: string): Promise<string | undefined> {
  const loaders = Object.fromEntries(['.ts', '.mts', '.js', '.mjs', '.json'].map((ending) => [ending, () => ({})]))
  // One that is empty is found like any other: whoever made it wanted it to count.
  const options = { searchPlaces: fileNames, loaders, ignoreEmptySearchPlaces: false }
  try {
    return (await lilconfig('contention', options).search(directory))?.filepath
  } catch (error) {
    throw fileError(error, nearestName(directory) ?? directory, 'read')
  }
}

/** The first thing upward that is called as a configuration: the error does not name a folder that was read as a file. */
function nearestName(directory: string): string | undefined {
  const names = foldersUpward(directory).flatMap((folder) => fileNames.map((name) => join(folder, name)))
  return names.find((name) => existsSync(name))
}

/** Whether there is a configuration, which may bring code of the user's own: `file`, or one that is found. */
export async function hasConfig(directory: string, file: string | undefined): Promise<boolean> {
  return file !== undefined || (await findConfig(directory)) !== undefined
}

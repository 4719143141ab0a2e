import { existsSync, readdirSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { lilconfig } from 'lilconfig'
import { fileError } from '../gate/index.js'
import { InputError } from '../input/index.js'
import { foldersUpward } from './upward.js'

const endings = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json']

/** Whether a configuration may be in a file of this name. One without an ending is a module. */
export const isLoadable = (name: string): boolean => ['', ...endings].includes(extname(name))

export const configEndings = `${endings.slice(0, -1).join(', ')} or ${endings.at(-1)}`

/** The file names looked for in the working directory, and from there upward. */
export const fileNames = endings.map((ending) => `contention.config${ending}`)

/**
 * The configuration that is found from `directory` upward.
 * @throws InputError when it cannot be read, when there are two, and when one has a name that is not looked for: without a word
 * others would count instead
 */
export async function findConfig(directory: string): Promise<string | undefined> {
  const loaders = Object.fromEntries(endings.map((ending) => [ending, () => ({})]))
  // One that is empty is found like any other: whoever made it wanted it to count.
  const options = { searchPlaces: fileNames, loaders, ignoreEmptySearchPlaces: false }
  let found: string | undefined
  try {
    found = (await lilconfig('contention', options).search(directory))?.filepath
  } catch (error) {
    throw fileError(error, nearestName(directory) ?? directory, 'read')
  }
  const folders = foldersUpward(directory)
  const last = found === undefined ? folders.length : folders.indexOf(dirname(found)) + 1
  for (const folder of folders.slice(0, last)) refuseDoubtful(folder)
  return found
}

/** What is left there when an editor saves, or somebody puts a configuration aside, is not meant to count. */
const PUT_ASIDE = /(~|\.(bak|old|orig|swp|tmp))$/i

function refuseDoubtful(folder: string): void {
  const names = namesIn(folder).filter((name) => /^contention\.conf/i.test(name) && !PUT_ASIDE.test(name))
  const [known, second] = names.filter((name) => fileNames.includes(name))
  if (known !== undefined && second !== undefined) {
    throw new InputError({
      what: 'there are two configurations in one folder',
      file: join(folder, known),
      found: `${known} and ${second}`,
      expected: 'one of them',
    })
  }
  if (known !== undefined && !existsSync(join(folder, known))) {
    throw new InputError({
      what: `cannot read ${join(folder, known)}`,
      file: join(folder, known),
      found: 'a symbolic link to what does not exist',
      expected: 'a file that can be read',
    })
  }
  const [other] = names
  if (known !== undefined || other === undefined) return
  throw new InputError({
    what: `${other} is not a name under which a configuration is looked for`,
    file: join(folder, other),
    expected: `one of ${fileNames.join(', ')}`,
    todo: isLoadable(other)
      ? 'rename it, or pass it with --config'
      : 'write it as one of these: nothing else is read, by --config either',
  })
}

/** Of its files: a folder that may not be listed may still have a configuration that can be read. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => name)
      .sort()
  } catch {
    return []
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

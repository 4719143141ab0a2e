import { lilconfig } from 'lilconfig'

/** The file names looked for in the working directory, and from there upward. */
export const fileNames = ['ts', 'mts', 'js', 'mjs', 'json'].map((ending) => `contention.config.${ending}`)

/** The configuration that is found from `directory` upward. */
export async function findConfig(directory: string): Promise<string | undefined> {
  const loaders = Object.fromEntries(['.ts', '.mts', '.js', '.mjs', '.json'].map((ending) => [ending, () => ({})]))
  const found = await lilconfig('contention', { searchPlaces: fileNames, loaders }).search(directory)
  return found?.filepath
}

/** Whether there is a configuration, which may bring code of the user's own: `file`, or one that is found. */
export async function hasConfig(directory: string, file: string | undefined): Promise<boolean> {
  return file !== undefined || (await findConfig(directory)) !== undefined
}

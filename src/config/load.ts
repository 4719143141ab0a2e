import { existsSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileError } from '../gate/index.js'
import { InputError, parseJson, validate } from '../input/index.js'
import type { Config } from './config.js'
import { configEndings, fileNames, findConfig, isLoadable } from './find.js'
import { importModule, refuseNoFile } from './import.js'
import { configSchema } from './schema.js'

export interface LoadedConfig {
  readonly config: Config
  /** Absent when there is no configuration. */
  readonly file?: string
}

/**
 * Finds and reads the configuration, from `directory` upward, or from `file` when that is given.
 * @throws InputError when it throws, cannot be read, or says what it may not say
 */
export async function loadConfig(directory: string, file?: string): Promise<LoadedConfig> {
  if (file !== undefined) refuseNoFile(file, `${file} is not a configuration`, configIn(file))
  if (file !== undefined && !isLoadable(file)) {
    throw new InputError({
      what: `${file} cannot be read as a configuration`,
      file,
      found: `a file that ends in ${extname(file)}`,
      expected: `one that ends in ${configEndings}`,
    })
  }
  const found = file ?? (await findConfig(directory))
  if (found === undefined) return { config: {} }
  const text = readText(found)
  refuseEmpty(text, found)
  const value = extname(found) === '.json' ? parseJson(text, found) : await defaultExport(found)
  return { config: validate(configSchema, value, found, 'a configuration'), file: found }
}

function refuseEmpty(text: string, file: string): void {
  if (text.trim() !== '') return
  throw new InputError({
    what: `${file} is empty`,
    file,
    found: 'nothing',
    expected: extname(file) === '.json' ? 'an object, as in { … }' : 'export default defineConfig({ … })',
    todo: 'write the configuration, or remove the file',
  })
}

/** For somebody who named the folder: the configuration that is in it. */
function configIn(folder: string): string {
  const inside = fileNames.map((name) => join(folder, name)).find((path) => existsSync(path))
  if (inside !== undefined) return `pass --config ${inside}`
  return `name the file, or leave --config out: contention.config${configEndings} is found from here upward`
}

async function defaultExport(file: string): Promise<unknown> {
  const module = await importModule(file)
  if (module['default'] !== undefined) return module['default']
  throw new InputError({
    what: `${file} exports no configuration`,
    file,
    found: `exports ${Object.keys(module).join(', ') || 'nothing'}`,
    expected: 'export default defineConfig({ … })',
  })
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw fileError(error, file, 'read')
  }
}

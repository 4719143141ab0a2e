import { channel } from 'node:diagnostics_channel'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { InputError, type InputProblem } from '../input/index.js'
import { packageRoot } from '../package.js'
import { standInForGood } from '../scenario/index.js'

/** A module of the user's is about to be loaded, or no longer is. */
export interface Load {
  readonly file: string
  readonly over: boolean
}

/** Every `Load` is published here: a thread that is in a loop then has said where. */
export const loads = channel('contention:load')

/**
 * Loads a module of the user's, TypeScript or JavaScript. What it imports as `contention` is this very copy, so that it
 * works from anywhere, installed or not. One at a time.
 * @throws InputError when the module throws or does not exist
 */
export async function importModule(file: string): Promise<Record<string, unknown>> {
  // Loaded here because it takes longer than all the rest, and most runs need no user's module.
  const { createJiti } = await import('jiti')
  standInForGood()
  const library = join(packageRoot(), 'dist', 'index.js')
  const jiti = createJiti(import.meta.url, {
    moduleCache: false,
    interopDefault: false,
    ...(existsSync(library) ? { alias: { contention: library } } : {}),
  })
  const { write } = process.stdout
  // Standard output is for what was asked for: what a module prints goes beside it.
  process.stdout.write = process.stderr.write.bind(process.stderr)
  try {
    loads.publish({ file, over: false } satisfies Load)
    return exportsOf(await jiti.import<unknown>(file))
  } catch (error) {
    if (error instanceof InputError) throw error
    refuseNoFile(file, `${file} could not be loaded`)
    const syntax = syntaxError(error, file)
    if (syntax !== undefined) throw new InputError(syntax, { cause: error })
    const place = placeIn(error, file)
    throw new InputError(
      {
        what: `${file} could not be loaded: it throws`,
        file,
        ...(place === undefined ? {} : { at: place }),
        found: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
        expected: 'a module that loads',
      },
      { cause: error },
    )
  } finally {
    process.stdout.write = write
    loads.publish({ file, over: true } satisfies Load)
  }
}

/**
 * What a module exports, whichever way it was written: in CommonJS its default is what it has assigned to `module.exports`, or
 * to `exports.default`, as compilers do.
 */
function exportsOf(loaded: unknown): Record<string, unknown> {
  const isCompiled = (value: unknown) =>
    typeof value === 'object' && value !== null && ('__esModule' in value || Object.hasOwn(value, 'default'))
  if (isModule(loaded)) {
    const { default: inner } = loaded
    return isCompiled(inner) ? { ...(inner as Record<string, unknown>) } : loaded
  }
  if (isCompiled(loaded)) return loaded as Record<string, unknown>
  const named = typeof loaded === 'object' && loaded !== null ? { ...loaded } : {}
  return { ...named, default: loaded }
}

const isModule = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Reflect.get(value, Symbol.toStringTag) === 'Module'

/** Refuses what is not there, and a folder: `what` is told as the problem. */
export function refuseNoFile(file: string, what: string, todo?: string): void {
  const exists = existsSync(file)
  if (exists && !statSync(file).isDirectory()) return
  throw new InputError({
    what: `${what}: it ${exists ? 'is a folder' : 'does not exist'}`,
    file,
    expected: 'the path of a file',
    ...(todo === undefined ? {} : { todo }),
  })
}

/** What cannot be parsed, as jiti tells it: `ParseError: …`, and in the second line the file, its line and, from 0, its column. */
function syntaxError(error: unknown, file: string): InputProblem | undefined {
  const message = error instanceof Error ? error.message : ''
  const [, found, at, line, column] = /^ParseError: (.+?)\.?\s*\n\s*(.+):(\d+):(\d+)\s*$/.exec(message) ?? []
  if (found === undefined || at === undefined) return undefined
  return {
    what: `${file} could not be loaded: a syntax error${at === file ? '' : ' in what it imports'}`,
    file: at,
    at: `line ${line}, column ${Number(column) + 1}`,
    found,
    expected: 'JavaScript, or TypeScript in a file whose name says so (.ts, .mts, .cts)',
  }
}

/** The line in `file` at which an error arose, as far as its stack tells. The column is not the one in the source, which was translated. */
function placeIn(error: unknown, file: string): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const line = stack.split('\n').find((frame) => frame.includes(file))
  const match = line === undefined ? null : /:(\d+):\d+\)?$/.exec(line.trim())
  return match === null ? undefined : `line ${match[1]}`
}

import { createHash } from 'node:crypto'
import { fromLine, toLine } from './line.js'
import type { Objects } from './objects.js'
import { type Entry, readBlob, readTree, type Tree, writeBlob, writeTree } from './tree.js'

/**
 * What sessions were last told: a file with a line for each, or, if they are too many for one, a folder of sixteen, by a
 * digit of the key's digest, and so on. So a change costs about the same however many there are, and what belongs to one
 * set of sessions always looks the same.
 */
type RepliesByKey = ReadonlyMap<string, string>

/** As many as most spaces ever have; more, and each change would write too much again. */
const MOST_IN_A_FILE = 32

const digitOf = (key: string, depth: number): string => createHash('sha1').update(key).digest('hex').charAt(depth)

export async function tellSessions(
  objects: Objects,
  entry: Entry | undefined,
  told: RepliesByKey,
  depth = 0,
): Promise<Entry> {
  if (entry?.kind === 'tree') return spread(objects, await readTree(objects, entry), told, depth)
  const all = new Map([...parse(await readBlob(objects, entry)), ...told])
  return all.size <= MOST_IN_A_FILE ? writeBlob(objects, format(all)) : spread(objects, new Map(), all, depth)
}

async function spread(objects: Objects, tree: Tree, told: RepliesByKey, depth: number): Promise<Entry> {
  const byDigit = new Map<string, Map<string, string>>()
  for (const [key, session] of told) {
    const digit = digitOf(key, depth)
    const its = byDigit.get(digit) ?? new Map<string, string>()
    byDigit.set(digit, its.set(key, session))
  }
  const grown = new Map(tree)
  for (const [digit, its] of byDigit) {
    grown.set(digit, await tellSessions(objects, tree.get(digit), its, depth + 1))
  }
  return writeTree(objects, grown)
}

export async function toldTo(
  objects: Objects,
  entry: Entry | undefined,
  key: string,
  depth = 0,
): Promise<string | undefined> {
  if (entry?.kind !== 'tree') return parse(await readBlob(objects, entry)).get(key)
  return toldTo(objects, (await readTree(objects, entry)).get(digitOf(key, depth)), key, depth + 1)
}

const format = (told: RepliesByKey): string =>
  [...told]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, session]) => `${key} ${toLine(session)}\n`)
    .join('')

function parse(text: string): RepliesByKey {
  const lines = text.split('\n').slice(0, -1)
  return new Map(
    lines.map((line) => {
      const space = line.indexOf(' ')
      return [line.slice(0, space), fromLine(line.slice(space + 1))] as const
    }),
  )
}

import { type KeptEvent, seqOf } from './commit.js'
import type { Objects } from './objects.js'
import { type Entry, readBlob, readTree, writeBlob, writeTree } from './tree.js'

/**
 * Events in a tree of folders by the digits of their `seq`: events 12,300 to 12,399 are the lines of
 * `00/00/00/00/00/01/23`. So no folder has more than a hundred entries, whichever event is asked for is as many steps
 * away, and a new one changes as many folders, however long the log is. All safe integers have sixteen digits at most.
 */
const DIGITS = 16

/** Where the event is: folders, and last the file. */
function pathOf(seq: number): readonly string[] {
  return String(seq).padStart(DIGITS, '0').slice(0, -2).match(/../g) ?? []
}

/** Adds `events`, which are in order and come after all that are there. */
export async function addEvents(
  objects: Objects,
  root: Entry | undefined,
  events: readonly KeptEvent[],
): Promise<Entry | undefined> {
  const files = new Map<string, KeptEvent[]>()
  for (const event of events) {
    const path = pathOf(event.seq).join('/')
    files.set(path, [...(files.get(path) ?? []), event])
  }
  let grown = root
  for (const [path, its] of files) grown = await addLines(objects, grown, path.split('/'), linesOf(its))
  return grown
}

async function addLines(
  objects: Objects,
  entry: Entry | undefined,
  path: readonly string[],
  lines: string,
): Promise<Entry> {
  const [name, ...rest] = path
  if (name === undefined) return writeBlob(objects, (await readBlob(objects, entry)) + lines)
  const tree = await readTree(objects, entry)
  return writeTree(objects, new Map([...tree, [name, await addLines(objects, tree.get(name), rest, lines)]]))
}

/** Leaves out the events before `seq`: whole folders and files, and of one file the first lines. */
export function dropBefore(objects: Objects, root: Entry | undefined, seq: number): Promise<Entry | undefined> {
  return drop(objects, root, pathOf(seq), seq)
}

async function drop(
  objects: Objects,
  entry: Entry | undefined,
  path: readonly string[],
  seq: number,
): Promise<Entry | undefined> {
  if (entry === undefined) return undefined
  const [name, ...rest] = path
  if (name === undefined) {
    const left = (await readEvents(objects, entry)).filter((event) => event.seq >= seq)
    return left.length === 0 ? undefined : writeBlob(objects, linesOf(left))
  }
  const tree = await readTree(objects, entry)
  const left = new Map([...tree].filter(([its]) => its > name))
  const cut = await drop(objects, tree.get(name), rest, seq)
  if (cut !== undefined) left.set(name, cut)
  return left.size === 0 ? undefined : writeTree(objects, left)
}

/** The events from `seq` on, in order, read as far as they are asked for. */
export function eventsFrom(objects: Objects, root: Entry | undefined, seq: number): AsyncGenerator<KeptEvent> {
  return walk(objects, root, pathOf(seq), seq)
}

/** `path` leads to the first that is wanted; undefined where all that is below is wanted. */
async function* walk(
  objects: Objects,
  entry: Entry | undefined,
  path: readonly string[] | undefined,
  seq: number,
): AsyncGenerator<KeptEvent> {
  if (entry === undefined) return
  if (entry.kind === 'blob') {
    for (const event of await readEvents(objects, entry)) if (event.seq >= seq) yield event
    return
  }
  const [first = '', ...rest] = path ?? []
  const names = [...(await readTree(objects, entry))]
    .filter(([name]) => name >= first)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, child] of names) yield* walk(objects, child, name === first ? rest : undefined, seq)
}

const linesOf = (events: readonly KeptEvent[]): string => events.map(({ text }) => `${text}\n`).join('')

async function readEvents(objects: Objects, entry: Entry): Promise<readonly KeptEvent[]> {
  const lines = (await readBlob(objects, entry)).split('\n').slice(0, -1)
  return lines.map((text) => ({ seq: seqOf(text), text }))
}

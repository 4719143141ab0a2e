import type { Objects } from './objects.js'

export interface Entry {
  readonly kind: 'blob' | 'tree'
  /** The object's name. */
  readonly object: string
}

/** A folder, in git's words: what its entries are called, and what they are. */
export type Tree = ReadonlyMap<string, Entry>

const MODES = { blob: '100644', tree: '40000' } as const

/** The tree at `entry`; an empty one if there is none. */
export async function readTree(objects: Objects, entry: Entry | undefined): Promise<Tree> {
  return entry === undefined ? new Map() : parseTree(await objects.read(entry.object, 'tree'), entry.object.length / 2)
}

export async function readBlob(objects: Objects, entry: Entry | undefined): Promise<string> {
  return entry === undefined ? '' : (await objects.read(entry.object, 'blob')).toString()
}

export const writeTree = (objects: Objects, tree: Tree): Entry => ({
  kind: 'tree',
  object: objects.write('tree', formatTree(tree)),
})

export const writeBlob = (objects: Objects, text: string): Entry => ({
  kind: 'blob',
  object: objects.write('blob', Buffer.from(text)),
})

/** In the one order that git allows: as if the names of trees ended in a slash. */
export function formatTree(tree: Tree): Buffer {
  const inOrder = [...tree]
    .map(([name, entry]) => ({ name, entry, place: entry.kind === 'tree' ? `${name}/` : name }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
  return Buffer.concat(
    inOrder.flatMap(({ name, entry }) => [
      Buffer.from(`${MODES[entry.kind]} ${name}\0`),
      Buffer.from(entry.object, 'hex'),
    ]),
  )
}

export function parseTree(content: Buffer, hashBytes: number): Tree {
  const tree = new Map<string, Entry>()
  for (let at = 0; at < content.length; ) {
    const nameEnd = content.indexOf(0, at)
    const [mode, name = ''] = content.toString('latin1', at, nameEnd).split(' ')
    at = nameEnd + 1 + hashBytes
    const object = content.toString('hex', nameEnd + 1, at)
    tree.set(name, { kind: mode === MODES.tree ? 'tree' : 'blob', object })
  }
  return tree
}

import { NOBODY } from './event.js'

/** Who and what a run is about: the names behind the indexes that events carry. */
export interface Cast {
  readonly nodes: readonly string[]
  readonly spaces: readonly string[]
  /** The node that an owner belongs to. */
  nodeIndex(owner: string): number
  spaceIndex(name: string): number
}

export function castOf(nodes: readonly string[], spaces: readonly string[]): Cast {
  const nodeIndexes = new Map(nodes.map((name, index) => [name, index]))
  const spaceIndexes = new Map(spaces.map((name, index) => [name, index]))
  return {
    nodes,
    spaces,
    nodeIndex(name) {
      const known = nodeIndexes.get(name)
      if (known !== undefined) return known
      // An owner is a node, or another task of one: `node-3/1`.
      const index = nodeIndexes.get(name.split('/')[0] as string) ?? NOBODY
      nodeIndexes.set(name, index)
      return index
    },
    spaceIndex: (name) => spaceIndexes.get(name) ?? NOBODY,
  }
}

/** `node-0`, `node-1`, … Not padded: a name is the name of a random stream, which must not change with the count. */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
}

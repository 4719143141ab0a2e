import { NOBODY } from './event.js'

/** Who and what a run is about: the names behind the indexes that events carry. */
export interface Cast {
  readonly nodes: readonly string[]
  readonly spaces: readonly string[]
  nodeIndex(name: string): number
  spaceIndex(name: string): number
}

export function castOf(nodes: readonly string[], spaces: readonly string[]): Cast {
  const nodeIndexes = new Map(nodes.map((name, index) => [name, index]))
  const spaceIndexes = new Map(spaces.map((name, index) => [name, index]))
  return {
    nodes,
    spaces,
    nodeIndex: (name) => nodeIndexes.get(name) ?? NOBODY,
    spaceIndex: (name) => spaceIndexes.get(name) ?? NOBODY,
  }
}

/** `node-0`, `node-1`, … Not padded: a name is the name of a random stream, which must not change with the count. */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
}

import type { Invariant } from 'contention'

/** A holder that goes on writing keeps a space from all others. */
export const fewWrites = (most: number): Invariant => ({
  name: 'few-writes',
  rule: `nobody writes more than ${most} times before the space is granted anew`,
  kinds: ['granted', 'appended'],
  begin({ nodes, spaces }) {
    const writes = new Map<number, number>()
    return {
      step({ kind, node, space, repeated }) {
        if (repeated) return undefined // a copy: the request took effect before
        const count = kind === 'granted' ? 0 : (writes.get(space) ?? 0) + 1
        writes.set(space, count)
        return count > most ? `${nodes[node]} wrote ${count} times to ${spaces[space]}` : undefined
      },
    }
  },
})

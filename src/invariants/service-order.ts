import type { Invariant } from './invariant.js'

interface Place {
  readonly node: number
  readonly sinceMs: number
  keptUntilMs: number
}

/**
 * First come, first served: a space that is free goes to the node that asked first, among those that asked again in time.
 * The order of ZooKeeper's lock recipe.
 * @param queueMs how long a node keeps its place after each request, as the scenario's nodes ask for it
 */
export function serviceOrder({ queueMs }: { readonly queueMs: number }): Invariant {
  return {
    name: 'service-order',
    rule: 'a free space goes to the node that has waited longest among those whose place in the queue still holds',
    kinds: ['granted', 'lease-held', 'queued'],
    begin({ nodes, spaces }) {
      const queues: Place[][] = spaces.map(() => [])
      return {
        step({ kind, space, node, seq, atMs, repeated }) {
          const queue = queues[space]
          if (queue === undefined || repeated) return undefined
          const live = queue.filter(({ keptUntilMs }) => keptUntilMs > atMs)
          if (kind !== 'granted') {
            queues[space] = live
            if (seq === 0) return undefined
            const place = live.find((other) => other.node === node)
            if (place === undefined) live.push({ node, sinceMs: atMs, keptUntilMs: atMs + queueMs })
            else place.keptUntilMs = atMs + queueMs
            return undefined
          }
          queues[space] = live.filter((place) => place.node !== node)
          const [first] = live
          if (first === undefined || first.node === node) return undefined
          return `${spaces[space]} was granted to ${nodes[node]} before ${nodes[first.node]}, which waited since ${first.sinceMs} ms`
        },
      }
    },
  }
}

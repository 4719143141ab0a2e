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
          forget(queue, atMs)
          const at = queue.findIndex((other) => other.node === node)
          if (kind !== 'granted') {
            if (seq === 0) return undefined
            if (at < 0) queue.push({ node, sinceMs: atMs, keptUntilMs: atMs + queueMs })
            else (queue[at] as Place).keptUntilMs = atMs + queueMs
            return undefined
          }
          const first = queue[0]
          if (at >= 0) queue.splice(at, 1)
          if (first === undefined || first.node === node) return undefined
          return `${spaces[space]} was granted to ${nodes[node]} before ${nodes[first.node]}, which waited since ${first.sinceMs} ms`
        },
      }
    },
  }
}

/** Drops the places that were not kept, where they stand: this is asked at every refusal of a contended space. */
function forget(queue: Place[], atMs: number): void {
  let kept = 0
  for (const place of queue) if (place.keptUntilMs > atMs) queue[kept++] = place
  queue.length = kept
}

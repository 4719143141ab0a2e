import type { Invariant } from './invariant.js'

interface Wait {
  readonly space: number
  readonly sinceMs: number
}

/**
 * Whoever keeps asking is served in the end. A liveness rule can only be checked with a bound: without one, "not yet"
 * is never wrong.
 * @param boundMs longest a node that keeps asking may wait for a space
 */
export function noStarvation({ boundMs }: { readonly boundMs: number }): Invariant {
  return {
    name: 'no-starvation',
    rule: `a node that keeps asking for a space gets it within ${boundMs} ms`,
    kinds: ['sent', 'delivered', 'crashed'],
    begin({ nodes, spaces }) {
      const waits = new Map<number, Wait>()
      const late = (node: number, { space, sinceMs }: Wait, atMs: number): string | undefined =>
        atMs - sinceMs <= boundMs
          ? undefined
          : `${nodes[node]} waited for ${spaces[space]} from ${sinceMs} ms to ${atMs} ms`
      return {
        step({ kind, command, node, space, attempt, epoch, atMs }) {
          const wait = waits.get(node)
          if (kind === 'crashed') waits.delete(node)
          else if (command !== 'acquire' && command !== 'claim') return undefined
          else if (kind === 'sent') {
            if (attempt === 0 || wait === undefined) waits.set(node, { space, sinceMs: atMs })
          } else if (epoch > 0 && wait !== undefined) {
            waits.delete(node)
            return late(node, wait, atMs)
          }
          return undefined
        },
        end(endMs) {
          for (const [node, wait] of waits) {
            const message = late(node, wait, endMs)
            if (message !== undefined) return `${message}, the end of the run, and was not served`
          }
          return undefined
        },
      }
    },
  }
}

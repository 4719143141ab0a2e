import type { Invariant } from './invariant.js'

/**
 * Who is given a job again first looks for what was written before: at-least-once delivery with an idempotency key. Helland,
 * "Life beyond distributed transactions: an apostate's opinion" (2007).
 */
export const singleEffects: Invariant = {
  name: 'single-effects',
  rule: 'no log holds the same event twice: whoever is given a job again finds what was written for it',
  kinds: ['appended'],
  begin({ nodes, spaces }) {
    const seqs = spaces.map(() => new Map<number, number>())
    return {
      step({ space, node, seq, content }) {
        const known = seqs[space]
        const first = known?.get(content)
        if (first === undefined) known?.set(content, seq)
        if (first === undefined || seq <= first) return undefined
        return `${nodes[node]} wrote at seq ${seq} of ${spaces[space]} what is there at seq ${first} already`
      },
    }
  },
}

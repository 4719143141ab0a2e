import type { Invariant } from './invariant.js'

/**
 * Kleppmann, "How to do distributed locking" (2016): a resource can only refuse an old holder if the numbers it
 * compares never go back and never repeat.
 */
export const epochsGrow: Invariant = {
  name: 'epochs-grow',
  rule: 'every grant of a space has a higher epoch than every grant of it before, and so has every taking of a job',
  kinds: ['granted', 'enqueued', 'taken'],
  begin({ nodes, spaces }) {
    const epochs = new Float64Array(spaces.length)
    /** By space and number of the job. */
    const takings: Map<number, number>[] = spaces.map(() => new Map())
    return {
      step({ kind, space, node, seq, epoch, repeated }) {
        const highest = epochs[space] as number
        const jobs = takings[space]
        switch (kind) {
          case 'granted':
            if (epoch > highest) epochs[space] = epoch
            else if (!repeated)
              return `${spaces[space]} was granted to ${nodes[node]} at epoch ${epoch}, after epoch ${highest}`
            return undefined
          case 'enqueued':
            // It may have the number of one that is over.
            if (!repeated) jobs?.delete(seq)
            return undefined
          default: {
            const before = jobs?.get(seq) ?? 0
            if (repeated) return undefined
            jobs?.set(seq, Math.max(before, epoch))
            return epoch > before
              ? undefined
              : `job ${seq} of ${spaces[space]} was given to ${nodes[node]} at epoch ${epoch}, after epoch ${before}`
          }
        }
      },
    }
  },
}

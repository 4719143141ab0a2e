import type { Invariant } from './invariant.js'

/**
 * Kleppmann, "How to do distributed locking" (2016): a resource can only refuse an old holder if the numbers it
 * compares never go back and never repeat.
 */
export const epochsGrow: Invariant = {
  name: 'epochs-grow',
  rule: 'every grant of a space has a higher epoch than every grant of it before',
  kinds: ['granted'],
  begin({ nodes, spaces }) {
    const epochs = new Float64Array(spaces.length)
    return {
      step({ space, node, epoch, repeated }) {
        const highest = epochs[space] as number
        if (epoch > highest) epochs[space] = epoch
        else if (!repeated)
          return `${spaces[space]} was granted to ${nodes[node]} at epoch ${epoch}, after epoch ${highest}`
        return undefined
      },
    }
  },
}

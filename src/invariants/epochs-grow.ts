import { ByContender, contenderName, contenderOf, type EventKind } from '../trace/index.js'
import type { Invariant } from './invariant.js'

/**
 * Kleppmann, "How to do distributed locking" (2016): a resource can only refuse an old holder if the numbers it
 * compares never go back and never repeat.
 */
const epochRule = (others: readonly EventKind[]): Invariant => ({
  name: 'epochs-grow',
  rule: 'every grant of a space has a higher epoch than every grant of it before, and so has every taking of a job; no claim is granted at an epoch that has passed',
  kinds: [...others, 'granted', 'enqueued', 'taken'],
  begin(cast) {
    const { nodes, spaces } = cast
    /** What each contender has claimed last: which epoch it expects is known when it asks. */
    const claims = new ByContender<{ readonly request: number; readonly epoch: number }>(cast)
    const epochs = new Float64Array(spaces.length)
    /** By space and number of the job. */
    const takings: Map<number, number>[] = spaces.map(() => new Map())
    return {
      step(event) {
        const { kind, command, space, node, seq, request, epoch, repeated } = event
        if (kind === 'sent') {
          if (command === 'claim') claims.set(contenderOf(event, cast), { request, epoch })
          return undefined
        }
        const highest = epochs[space] as number
        const jobs = takings[space]
        switch (kind) {
          case 'granted': {
            if (epoch > highest) epochs[space] = epoch
            else if (!repeated)
              return `${spaces[space]} was granted to ${nodes[node]} at epoch ${epoch}, after epoch ${highest}`
            if (command !== 'claim' || repeated) return undefined
            const contender = contenderOf(event, cast)
            const claim = claims.get(contender)
            // A core may have gone on by itself, as after a restart: then the claim expects more than was granted last.
            if (claim?.request !== request || claim.epoch >= highest) return undefined
            return `${spaces[space]} was granted to ${contenderName(contender, cast)}, which claimed it at epoch ${claim.epoch}, after epoch ${highest}`
          }
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
})

export const epochsGrow: Invariant = epochRule([])

/** The same, and claims as well: to look at every request that is sent costs a run a twentieth. */
export const epochsAndClaims: Invariant = epochRule(['sent'])

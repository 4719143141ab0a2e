import { contenderName, contenderOf, NOBODY } from '../trace/index.js'
import type { Invariant } from './invariant.js'

/**
 * What changes a space is accepted from the current owner alone: neither from one before it, nor from a node that
 * merely names the current epoch. A release is not judged here: one that frees nothing may well be answered with yes, and
 * one that frees what is another's breaks mutual exclusion. Kleppmann, "How to do distributed locking" (2016).
 */
export const fencedWrites: Invariant = {
  name: 'fenced-writes',
  rule: 'a write is accepted only at the current epoch, and only from the node that was granted it',
  kinds: ['granted', 'renewed', 'appended', 'checkpointed', 'truncated'],
  begin(cast) {
    const { spaces } = cast
    const epochs = new Float64Array(spaces.length)
    const owners = new Int32Array(spaces.length).fill(NOBODY)
    return {
      step(event) {
        const { kind, command, space, epoch, repeated } = event
        const contender = contenderOf(event, cast)
        if (kind === 'granted') {
          if (epoch <= (epochs[space] as number)) return undefined
          epochs[space] = epoch
          owners[space] = contender
          return undefined
        }
        // A copy of an accepted write is told the same again; that it wrote nothing is for other rules to see.
        if (repeated) return undefined
        if (epoch !== epochs[space]) {
          return `${spaces[space]} accepted ${command} of ${contenderName(contender, cast)} at epoch ${epoch}; the current epoch was ${epochs[space]}`
        }
        if (contender === owners[space]) return undefined
        return `${spaces[space]} accepted ${command} of ${contenderName(contender, cast)} at epoch ${epoch}, which was ${contenderName(owners[space] as number, cast)}'s`
      },
    }
  },
}

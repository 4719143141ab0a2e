import { contenderName, contenderOf, NOBODY } from '../trace/index.js'
import type { Invariant } from './invariant.js'

/**
 * What the nodes believe, as opposed to what the core granted: a holder must have stopped by the time somebody else is
 * granted the space, though nobody can tell it. Gray and Cheriton, "Leases" (1989), section 5, on clocks.
 */
export const exclusiveBelief: Invariant = {
  name: 'exclusive-belief',
  rule: 'no node acts as the holder of a space once another node has been granted it',
  kinds: ['granted', 'acts'],
  begin(cast) {
    const { spaces } = cast
    const holders = new Int32Array(spaces.length).fill(NOBODY)
    const epochs = new Float64Array(spaces.length)
    const sinceMs = new Float64Array(spaces.length)
    return {
      step(event) {
        const { kind, space, epoch, atMs, repeated } = event
        const contender = contenderOf(event, cast)
        if (kind === 'granted') {
          if (repeated && epoch <= (epochs[space] as number)) return undefined
          epochs[space] = epoch
          holders[space] = contender
          sinceMs[space] = atMs
          return undefined
        }
        if (epoch > (epochs[space] as number) || contender === holders[space]) return undefined
        const [one, other] = [contenderName(contender, cast), contenderName(holders[space] as number, cast)]
        return `${one} acted as the holder of ${spaces[space]} at epoch ${epoch}; ${other} holds epoch ${epochs[space]} since ${sinceMs[space]} ms`
      },
    }
  },
}

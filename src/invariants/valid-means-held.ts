import { contenderName, contenderOf, NOBODY } from '../trace/index.js'
import type { Invariant } from './invariant.js'

/**
 * A service that asks whether a fence is valid acts on the answer: yes has to mean that the lease is held, at that epoch, by
 * who asks, and has not expired by the core's clock. Burrows, "The Chubby lock service for loosely-coupled distributed
 * systems" (2006), on checking sequencers.
 */
export const validMeansHeld: Invariant = {
  name: 'valid-means-held',
  rule: 'a fence is called valid only while its lease is live, and only at the current epoch of its owner',
  kinds: ['granted', 'renewed', 'released', 'valid'],
  begin(cast) {
    const { spaces } = cast
    const owners = new Int32Array(spaces.length).fill(NOBODY)
    const epochs = new Float64Array(spaces.length)
    const expiries = new Float64Array(spaces.length)
    /** The latest request of the owner that has set the expiry. */
    const requests = new Float64Array(spaces.length)
    return {
      step(event) {
        const { kind, space, epoch, request, repeated, atMs, untilMs } = event
        const contender = contenderOf(event, cast)
        if (kind === 'granted') {
          if (epoch <= (epochs[space] as number)) return undefined
          owners[space] = contender
          epochs[space] = epoch
          expiries[space] = untilMs
          requests[space] = request
          return undefined
        }
        const isCurrent = contender === owners[space] && epoch === epochs[space]
        const expiresAtMs = expiries[space] as number
        if (kind !== 'valid') {
          // A late copy is told the same again, and changes nothing, unless the first was refused.
          if (!isCurrent || (repeated && request <= (requests[space] as number))) return undefined
          requests[space] = request
          expiries[space] = kind === 'released' ? Math.min(atMs, expiresAtMs) : Math.max(untilMs, expiresAtMs)
          return undefined
        }
        // A copy is told what was true when the question first came.
        if (repeated) return undefined
        if (!isCurrent) {
          return `${spaces[space]} called the fence of ${contenderName(contender, cast)} at epoch ${epoch} valid; the current epoch was ${epochs[space]}`
        }
        if (atMs < expiresAtMs) return undefined
        return `${spaces[space]} called the fence of ${contenderName(contender, cast)} valid, whose lease was over at ${expiresAtMs} ms`
      },
    }
  },
}

import { contenderName, contenderOf, NOBODY } from '../trace/index.js'
import type { Invariant } from './invariant.js'

/**
 * A grant to another contender comes only when the lease before has expired or was released, by the core's clock.
 * Gray and Cheriton, "Leases: an efficient fault-tolerant mechanism for distributed file cache consistency" (1989).
 */
export const mutualExclusion: Invariant = {
  name: 'mutual-exclusion',
  rule: 'no space is granted to a node while the lease of another node on it is live',
  kinds: ['granted', 'renewed', 'released'],
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
        const owner = owners[space] as number
        const expiresAtMs = expiries[space] as number
        const contender = contenderOf(event, cast)
        if (kind !== 'granted') {
          if (contender !== owner || epoch !== epochs[space]) return undefined
          // A late copy is told the same again, and changes nothing, unless the first was refused.
          if (repeated && request <= (requests[space] as number)) return undefined
          requests[space] = request
          expiries[space] = kind === 'released' ? Math.min(atMs, expiresAtMs) : Math.max(untilMs, expiresAtMs)
          return undefined
        }
        if (repeated && epoch <= (epochs[space] as number)) return undefined
        owners[space] = contender
        epochs[space] = epoch
        expiries[space] = untilMs
        requests[space] = request
        if (owner === NOBODY || owner === contender || atMs >= expiresAtMs) return undefined
        const [one, other] = [contenderName(contender, cast), contenderName(owner, cast)]
        return `${spaces[space]} was granted to ${one} while the lease of ${other} was live until ${expiresAtMs} ms`
      },
    }
  },
}

import { contenderName, contenderOf } from '../trace/index.js'
import type { Invariant } from './invariant.js'
import { LeaseStandings } from './lease-standings.js'

export interface Acceptance {
  /** From when on the world is calm, in virtual ms. */
  readonly calmFromMs: number
}

/**
 * The other side of fencing: what the holder of a live lease writes is let in. A log that refuses everything after a restart
 * forks nothing and loses nothing, and no other rule would see it. Judged of leases granted in the calm after the faults,
 * and until the core has told the holder of any loss: a core may end a lease early, and may forget one with its store. Alpern
 * and Schneider, "Defining liveness" (1985): a system that does nothing is safe.
 */
export function writesAccepted({ calmFromMs }: Acceptance): Invariant {
  return {
    name: 'writes-accepted',
    rule: 'once the faults are over, no write with the fence of a live lease is refused, nor is the fence called invalid',
    kinds: [
      'granted',
      'renewed',
      'released',
      'stale-owner',
      'unknown-epoch',
      'split-brain',
      'invalid-token',
      'lease-expired',
    ],
    begin(cast) {
      const { spaces } = cast
      const leases = new LeaseStandings(cast)
      const tokens = new Int32Array(spaces.length)
      const isCalm = new Uint8Array(spaces.length)
      /** The latest request of the owner of a space that the core has answered: one before it is a late copy. */
      const requests = new Float64Array(spaces.length)
      return {
        step(event) {
          const { kind, command, space, epoch, request, repeated, token, atMs } = event
          if (kind === 'granted') {
            if (!leases.granted(event)) return undefined
            tokens[space] = token
            requests[space] = request
            isCalm[space] = atMs >= calmFromMs ? 1 : 0
            return undefined
          }
          if (!leases.isCurrent(event)) return undefined
          const isLate = repeated || request < (requests[space] as number)
          if (!isLate) requests[space] = request
          if (kind === 'renewed' || kind === 'released') {
            leases.changed(event)
            return undefined
          }
          if (isLate || token !== tokens[space] || isCalm[space] === 0) return undefined
          const expiresAtMs = leases.expiries[space] as number
          if (atMs >= expiresAtMs) return undefined
          isCalm[space] = 0
          if (command === 'renew' || command === 'release' || command === 'claim') return undefined
          const owner = contenderName(contenderOf(event, cast), cast)
          return `${spaces[space]} refused ${command} of ${owner} at epoch ${epoch}, whose lease was live until ${expiresAtMs} ms`
        },
      }
    },
  }
}

import { contenderName, NOBODY } from '../trace/index.js'
import type { Invariant } from './invariant.js'
import { LeaseStandings } from './lease-standings.js'

/**
 * A grant to another contender comes only when the lease before has expired or was released, by the core's clock. Of a node that
 * has crashed nobody is left to believe in its lease: when it is back, it may free that.
 * Gray and Cheriton, "Leases: an efficient fault-tolerant mechanism for distributed file cache consistency" (1989).
 */
export const mutualExclusion: Invariant = {
  name: 'mutual-exclusion',
  rule: 'no space is granted to a node while the lease of another node on it is live, unless that node has crashed since',
  kinds: ['granted', 'renewed', 'released', 'crashed'],
  begin(cast) {
    const leases = new LeaseStandings(cast)
    /** By space, whether its owner has crashed since: it may be freed, by who knows that nobody believes in the lease any more. */
    const isAbandoned = new Uint8Array(cast.spaces.length)
    return {
      step(event) {
        const { kind, space, node, atMs } = event
        if (kind === 'crashed') {
          for (const [held, owner] of leases.owners.entries()) {
            if (owner !== NOBODY && owner % cast.nodes.length === node) isAbandoned[held] = 1
          }
          return undefined
        }
        if (kind !== 'granted') {
          leases.changed(event)
          return undefined
        }
        const before = leases.owners[space] as number
        const expiresAtMs = leases.expiries[space] as number
        if (!leases.granted(event)) return undefined
        const wasAbandoned = isAbandoned[space] === 1
        isAbandoned[space] = 0
        const owner = leases.owners[space] as number
        if (before === NOBODY || before === owner || atMs >= expiresAtMs || wasAbandoned) return undefined
        const [one, other] = [contenderName(owner, cast), contenderName(before, cast)]
        return `${cast.spaces[space]} was granted to ${one} while the lease of ${other} was live until ${expiresAtMs} ms`
      },
    }
  },
}

import { fenceRefusals } from '../protocol/index.js'
import { contenderName, contenderOf } from '../trace/index.js'
import { AtFirstStep } from './at-first-step.js'
import type { Invariant } from './invariant.js'
import { LeaseStandings } from './lease-standings.js'

const NOT_HELD = -1

/**
 * A service that asks whether a fence is valid acts on the answer: yes has to mean that the lease is held, at that epoch, by
 * who asks, and has not expired by the core's clock. Burrows, "The Chubby lock service for loosely-coupled distributed
 * systems" (2006), on checking sequencers.
 */
export const validMeansHeld: Invariant = {
  name: 'valid-means-held',
  rule: 'a fence is called valid only while its lease is live, only at the current epoch of its owner, and for no longer than that lasts',
  kinds: [
    'granted',
    'renewed',
    'released',
    'valid',
    ...fenceRefusals,
    'superseded',
    'stepped',
    'reply-lost',
    'threw',
    'store-restarted',
  ],
  begin(cast) {
    const leases = new LeaseStandings(cast)
    /** When the lease ended that was held as the question began. */
    const heldUntilMs = new AtFirstStep<number>()
    return {
      step(event) {
        const { kind, command, space, epoch, repeated, sinceMs, untilMs } = event
        if (kind === 'reply-lost' || kind === 'threw') {
          heldUntilMs.cut(event)
          return undefined
        }
        if (kind === 'store-restarted') leases.storeRestarted(event)
        else if (kind === 'granted') leases.granted(event)
        else if (kind === 'renewed' || kind === 'released') leases.changed(event)
        if (kind === 'stepped') {
          if (command !== 'validate') return undefined
          const isHeld = leases.isCurrent(event) && event.atMs < leases.endMs(space)
          heldUntilMs.note(event, isHeld ? leases.endMs(space) : NOT_HELD)
          return undefined
        }
        const heldMs = heldUntilMs.take(event) ?? NOT_HELD
        // A copy is told what was true when the question first came.
        if (kind !== 'valid' || repeated || untilMs <= heldMs) return undefined
        const asked = `the fence of ${contenderName(contenderOf(event, cast), cast)}`
        if (!leases.isCurrent(event)) {
          return `${cast.spaces[space]} called ${asked} at epoch ${epoch} valid; the current epoch was ${leases.epochs[space]}`
        }
        const endMs = leases.endMs(space)
        if (sinceMs >= endMs) {
          return `${cast.spaces[space]} called ${asked} valid, whose lease was over at ${endMs} ms`
        }
        if (untilMs <= endMs) return undefined
        return `${cast.spaces[space]} called ${asked} valid until ${untilMs} ms, whose lease ends at ${endMs} ms`
      },
    }
  },
}

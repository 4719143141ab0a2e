import { ByContender, contenderName, contenderOf, isAcquiring, isQuestion, NOBODY } from '../trace/index.js'
import type { Invariant } from './invariant.js'
import { LeaseStandings } from './lease-standings.js'

/** What `takeoverBound` judges by, in virtual ms. */
export interface TakeoverBound {
  /** From when on the world is calm, in virtual ms. */
  readonly calmFromMs: number
  /** Longest a space may stand idle that somebody asks for. */
  readonly boundMs: number
  /** How long leases last: a node that has crashed keeps a space from others for so long at most. */
  readonly ttlMs: number
}

/** The space that a contender asks for. */
interface Want {
  space: number
  /** Infinity while it waits for an answer. */
  silentSinceMs: number
}

/**
 * When a holder is gone, whoever asks gets the space within a bound, its lease and the retries included. Judged in the
 * calm after the faults: liveness cannot be asked of a network that is broken. Dwork, Lynch and Stockmeyer, "Consensus in
 * the presence of partial synchrony" (1988).
 */
export function takeoverBound({ calmFromMs, boundMs, ttlMs }: TakeoverBound): Invariant {
  return {
    name: 'takeover-bound',
    rule: `once the faults are over, a space whose holder is gone is granted within ${boundMs} ms to somebody who asks`,
    kinds: ['sent', 'delivered', 'timed-out', 'granted', 'lease-held', 'queued', 'renewed', 'released', 'crashed'],
    begin(cast) {
      const { spaces } = cast
      const leases = new LeaseStandings(cast)
      /** Since when nobody holds a space and somebody asks for it. */
      const idleFromMs = new Float64Array(spaces.length)
      const wanted = new ByContender<Want>(cast)
      /** The longest that a command has taken: a core that is slow for so long serves so much later. */
      let slowestMs = 0
      /** Who has been silent for half of the bound does not ask any more. */
      const asks = (want: Want, space: number, atMs: number): boolean =>
        want.space === space && atMs - want.silentSinceMs <= boundMs / 2
      const isAsked = (space: number, atMs: number): boolean => wanted.some((want) => asks(want, space, atMs))
      const late = (space: number, atMs: number): string | undefined => {
        const sinceMs = Math.max(calmFromMs, leases.expiries[space] as number, idleFromMs[space] as number)
        if (atMs - sinceMs <= boundMs + 2 * slowestMs) return undefined
        const names: string[] = []
        for (const [each, want] of wanted.entries()) if (asks(want, space, atMs)) names.push(contenderName(each, cast))
        if (names.length === 0) return undefined
        return `${spaces[space]} was not granted from ${sinceMs} ms to ${atMs} ms, with ${names.join(', ')} asking`
      }
      return {
        step(event) {
          const { kind, command, space, node, epoch, atMs, repeated } = event
          const contender = contenderOf(event, cast)
          slowestMs = Math.max(slowestMs, atMs - event.sinceMs)
          if (kind === 'crashed') {
            wanted.deleteNode(node)
            for (let each = 0; each < spaces.length; each++) {
              const owner = leases.owners[each] as number
              // Whatever the core wrote down for it: nobody may be kept waiting longer than a lease lasts.
              if (owner === NOBODY || owner % cast.nodes.length !== node) continue
              leases.expiries[each] = Math.min(leases.expiries[each] as number, atMs + ttlMs)
            }
            return undefined
          }
          // A question is no pursuit, and ends none.
          if (space === NOBODY || isQuestion(command)) return undefined
          switch (kind) {
            case 'granted': {
              const message = late(space, atMs)
              return leases.granted(event) ? message : undefined
            }
            case 'renewed':
            case 'released':
              leases.changed(event)
              return undefined
            case 'sent': {
              if (!isAcquiring(command)) {
                wanted.delete(contender)
                return undefined
              }
              if (atMs > calmFromMs && !isAsked(space, atMs)) idleFromMs[space] = atMs
              const want = wanted.get(contender)
              if (want === undefined) wanted.set(contender, { space, silentSinceMs: Number.POSITIVE_INFINITY })
              else {
                want.space = space
                want.silentSinceMs = Number.POSITIVE_INFINITY
              }
              return undefined
            }
            case 'lease-held':
            case 'queued': {
              const message = repeated ? undefined : late(space, atMs)
              // What has been told is told again only when as long has passed once more.
              if (message !== undefined) idleFromMs[space] = atMs
              return message
            }
            default: {
              const want = wanted.get(contender)
              if (epoch > 0) wanted.delete(contender)
              else if (want !== undefined) want.silentSinceMs = atMs
              return undefined
            }
          }
        },
        end(endMs) {
          for (let space = 0; space < spaces.length; space++) {
            const message = late(space, endMs)
            if (message !== undefined) return `${message} until the end of the run`
          }
          return undefined
        },
      }
    },
  }
}

import { ByContender, contenderName, contenderOf, isAcquiring, isQuestion } from '../trace/index.js'
import type { Invariant } from './invariant.js'

interface Wait {
  space: number
  sinceMs: number
  /** Infinity while it waits for an answer. */
  silentSinceMs: number
}

/** What `noStarvation` judges by, in virtual ms. */
export interface StarvationBound {
  /** Longest a node that keeps asking may wait for a space. */
  readonly boundMs: number
  /** From when on waits count: the end of the faults. 0 when absent. */
  readonly calmFromMs?: number
}

/**
 * Whoever keeps asking is served in the end. A liveness rule can only be checked with a bound: without one, "not yet"
 * is never wrong. A node that has been silent for half of it when the run ends does not ask any more. Alpern and Schneider, "Defining
 * liveness" (1985).
 */
export function noStarvation({ boundMs, calmFromMs = 0 }: StarvationBound): Invariant {
  return {
    name: 'no-starvation',
    rule: `a node that keeps asking for a space gets it within ${boundMs} ms`,
    kinds: ['sent', 'lease-held', 'queued', 'delivered', 'timed-out', 'crashed'],
    begin(cast) {
      const waits = new ByContender<Wait>(cast)
      /** The longest that a command has taken: a core that is slow for so long serves so much later. */
      let slowestMs = 0
      const late = (contender: number, { space, sinceMs }: Wait, atMs: number): string | undefined =>
        atMs - Math.max(sinceMs, calmFromMs) <= boundMs + 2 * slowestMs
          ? undefined
          : `${contenderName(contender, cast)} waited for ${cast.spaces[space]} from ${sinceMs} ms to ${atMs} ms`
      return {
        step(event) {
          const { kind, command, node, space, attempt, epoch, atMs, repeated } = event
          if (kind === 'crashed') {
            waits.deleteNode(node)
            return undefined
          }
          slowestMs = Math.max(slowestMs, atMs - event.sinceMs)
          const contender = contenderOf(event, cast)
          const wait = waits.get(contender)
          if (!isAcquiring(command)) {
            // Who looks before it asks again keeps asking.
            if (kind === 'sent' && !isQuestion(command)) waits.delete(contender)
          } else if (kind === 'sent') {
            const silentSinceMs = Number.POSITIVE_INFINITY
            if (wait === undefined) waits.set(contender, { space, sinceMs: atMs, silentSinceMs })
            else {
              if (attempt === 0 || space !== wait.space) wait.sinceMs = atMs
              wait.space = space
              wait.silentSinceMs = silentSinceMs
            }
          } else if (wait === undefined) return undefined
          else if (kind === 'lease-held' || kind === 'queued') {
            const message = repeated || space !== wait.space ? undefined : late(contender, wait, atMs)
            if (message === undefined) return undefined
            // What has been told is told again only when as long has passed once more.
            wait.sinceMs = atMs
            return `${message}, and was refused once more`
          } else {
            wait.silentSinceMs = atMs
            if (epoch === 0) return undefined
            waits.delete(contender)
            return late(contender, wait, atMs)
          }
          return undefined
        },
        end(endMs) {
          for (const [contender, wait] of waits.entries()) {
            if (endMs - wait.silentSinceMs > boundMs / 2) continue
            const message = late(contender, wait, endMs)
            if (message !== undefined) return `${message}, the end of the run, and was not served`
          }
          return undefined
        },
      }
    },
  }
}

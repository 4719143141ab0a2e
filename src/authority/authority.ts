import type { Fence } from '../lease/index.js'
import { beliefsBy } from './belief.js'
import { patienceOf } from './deadline.js'
import { turns } from './in-turn.js'
import {
  checkedForward,
  checkedIntent,
  checkedSpace,
  type ForwardedIntent,
  type ForwardReply,
  type Intent,
} from './intent.js'
import { leasesOf } from './leases.js'
import { type AuthorityOptions, checkedOptions, checkSession } from './options.js'
import { type AppendOutcome, pursuitOf } from './pursuit.js'

/** One node's share in the append authority. Whatever does not answer is waited for `giveUpAfterMs` at most. */
export interface AppendAuthority {
  /**
   * Has `intent` appended to the log of `space`, by whoever holds its lease. One after another for each space. What the world
   * does to it is an outcome.
   *
   * @throws TypeError (it rejects) for what is no intent, with the path of what in its payload is no JSON
   */
  append(space: string, intent: Intent): Promise<AppendOutcome>
  /**
   * Another node's intent: appended if this node holds the lease. It is never passed on, so that nothing goes in circles.
   * Rejects when the core does, or does not answer: then the intent may be written or not.
   *
   * @throws TypeError (it rejects) for what is no intent that was forwarded
   */
  receive(intent: ForwardedIntent): Promise<ForwardReply>
  /** The fence under which this node believes to hold `space` now. */
  holds(space: string): Fence | undefined
  /**
   * Gives the lease of `space` back, when what was to be appended before has been, so that another need not wait until it
   * expires. Does nothing when the node does not believe to hold it. Rejects when the core does, or does not answer; the node
   * no longer believes to hold it all the same.
   */
  release(space: string): Promise<void>
  /**
   * Fences off a former session, as that of a node that crashed, on `space`: whatever of it comes later is refused. What is in
   * the log by then is all there will ever be of that session. Rejects when the core does, or does not answer: call it again.
   *
   * @throws TypeError (it rejects) for what is no name of a session, RangeError for the session of this very authority, which
   * could append nothing more, and for one of leases
   */
  settle(session: string, space: string): Promise<void>
}

/**
 * One node's share in the append authority of the spaces on `core`: at most one node holds a space's lease and appends to
 * its log, the others forward to it what they want appended.
 *
 * To append, a node does what it believes: it holds the lease, then it writes; another does, then it forwards; nobody
 * does, then it asks for the lease, and the answer tells it which of the two it is. Belief may be wrong at every step. It
 * does no harm, as the core judges every write by its fence in the same step in which it takes effect: a former holder is
 * refused, drops its belief and forwards, and the log has no fork.
 *
 * An intent carries the session and a request number of the node it comes from, and it is under these that the holder
 * appends it. The core gives a number that it has seen its first answer again, so an intent that was written by a holder
 * that died before it said so is found written by the next one. A refusal uses the number up; the next attempt has a new
 * one, at which any late copy of the old is refused. So has the next intent, and what was given up on may arrive before it,
 * or never.
 *
 * @throws TypeError or RangeError for options that no authority could work by
 */
export function appendAuthority(options: AuthorityOptions): AppendAuthority {
  const { session, nowMs, monotonicMs, giveUpAfterMs } = checkedOptions(options)
  let requests = 0
  const number = () => ++requests
  const beliefs = beliefsBy(nowMs)
  const patience = patienceOf(options)
  const leases = leasesOf(options, beliefs, patience, number)
  const pursue = pursuitOf(options, { beliefs, leases, patience, number })
  const inTurn = turns()
  const untilMs = () => monotonicMs() + giveUpAfterMs

  return {
    append: async (space, intent) => {
      const errand = { space: checkedSpace(space), ...checkedIntent(intent), untilMs: untilMs() }
      return inTurn(space, () => pursue(errand))
    },
    receive: async (forwarded) => {
      const intent = checkedForward(forwarded)
      const place = beliefs.of(intent.space)
      return place.kind === 'here' ? leases.write(place.fence, intent, untilMs()) : { kind: 'not-holder' }
    },
    holds: (space) => {
      const place = beliefs.of(space)
      return place.kind === 'here' ? place.fence : undefined
    },
    release: (space) => {
      const endMs = untilMs()
      return inTurn(space, async () => {
        const place = beliefs.of(space)
        if (place.kind !== 'here') return
        beliefs.forget(space)
        await leases.release(place.fence, endMs)
      })
    },
    settle: async (former, space) => {
      checkSession(former)
      if (former === session) throw new RangeError(`session "${former}" is this node's own: expected a former one`)
      await leases.fenceOff(former, checkedSpace(space), untilMs())
    },
  }
}

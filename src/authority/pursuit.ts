import type { Beliefs, Whereabouts } from './belief.js'
import type { Patience } from './deadline.js'
import type { ForwardedIntent, ForwardReply, Intent } from './intent.js'
import type { Leases } from './leases.js'
import type { AuthorityOptions } from './options.js'
import { isOver, whyOf } from './store-failure.js'

/** What became of an intent. */
export type AppendOutcome =
  /** In the log, once, at `seq`. */
  | { readonly kind: 'appended'; readonly seq: number }
  /** Not in the log, nor will it be. `why` is what stood in the way last. */
  | { readonly kind: 'not-written'; readonly why: string }
  /**
   * Nobody could say in time. It is in the log once, or will be, or not at all. The next intent of the node for the space
   * that is appended, or refused by a core, settles it; one that reaches no core settles nothing.
   */
  | { readonly kind: 'unknown'; readonly why: string }

/** An intent, and until when it is pursued. */
export interface Errand extends Intent {
  readonly space: string
  readonly untilMs: number
}

/** What an attempt needs of the node. */
interface Means {
  readonly beliefs: Beliefs
  readonly leases: Leases
  readonly patience: Patience
  /** Gives the next request number. */
  readonly number: () => number
}

type Located = Exclude<Whereabouts, { readonly kind: 'unknown' }>

/** What is known of an errand that has not come to an end. */
interface Progress {
  request: number
  /** Whether the intent may have reached a core under its present number. */
  sent: boolean
  /** What stood in the way last. */
  why: string
}

/** Tries to have an intent appended until it is, or until nobody could say in time. */
export function pursuitOf(
  { session, forward, sleep, monotonicMs, retryAfterMs }: AuthorityOptions,
  { beliefs, leases, patience, number }: Means,
): (errand: Errand) => Promise<AppendOutcome> {
  const send = async (owner: string, intent: ForwardedIntent, untilMs: number): Promise<ForwardReply> => {
    try {
      return await patience(untilMs, owner, () => forward(owner, intent))
    } catch (error) {
      // Whatever has become of its store: this node's own may be in order.
      throw new Error(whyOf(error), { cause: error })
    }
  }
  const hand = async (place: Located, intent: ForwardedIntent, untilMs: number): Promise<ForwardReply> => {
    if (place.kind === 'here') return leases.write(place.fence, intent, untilMs)
    // Whatever comes of it, the next attempt asks the core again, unless this holder proves to be one.
    beliefs.forget(intent.space)
    const reply = await send(place.owner, intent, untilMs)
    if (reply.kind === 'appended') beliefs.set(intent.space, place)
    return reply
  }

  const attempt = async (errand: Errand, progress: Progress): Promise<AppendOutcome | 'again' | 'later'> => {
    const { space, type, payload, untilMs } = errand
    const believed = beliefs.of(space).kind !== 'unknown'
    const place = await leases.locate(space, untilMs)
    if (place.kind === 'unknown') {
      progress.why = 'nobody held the lease'
      return 'later'
    }
    progress.sent = true
    const reply = await hand(place, { space, type, payload, session, request: progress.request }, untilMs)
    if (reply.kind === 'appended') return { kind: 'appended', seq: reply.seq }
    progress.why = reply.kind === 'refused' ? reply.refusal : `${ownerOf(place)} does not hold the lease`
    if (reply.kind === 'refused') {
      if (isFencedOff(reply)) return { kind: 'unknown', why: `${session} has been settled` }
      // Only a core settles a number. A node that was not the holder may be it when another copy comes to it.
      progress.request = number()
      progress.sent = false
    }
    // What was believed was wrong: the core knows better, and need not be given time for it.
    return believed && beliefs.of(space).kind === 'unknown' ? 'again' : 'later'
  }
  const attemptOrBear = async (errand: Errand, progress: Progress): ReturnType<typeof attempt> => {
    try {
      return await attempt(errand, progress)
    } catch (error) {
      if (isOver(error)) throw error
      progress.why = whyOf(error)
      return 'later'
    }
  }
  /** Whole milliseconds: less may be too little for a clock to move on. */
  const rest = (untilMs: number) => sleep(Math.max(0, Math.ceil(Math.min(retryAfterMs, untilMs - monotonicMs()))))

  return async (errand) => {
    const progress: Progress = { request: number(), sent: false, why: 'its turn did not come in time' }
    try {
      while (monotonicMs() < errand.untilMs) {
        const next = await attemptOrBear(errand, progress)
        if (typeof next === 'object') return next
        if (next === 'later') await rest(errand.untilMs)
      }
    } catch (error) {
      progress.why = whyOf(error)
    }
    return { kind: progress.sent ? 'unknown' : 'not-written', why: progress.why }
  }
}

/**
 * Whether a higher number of the session has come to the core. It was none of this authority's: it has one request at a time
 * on a space, and uses the next number when the core has refused the one before. So the session has been settled, or another
 * authority has the same. This copy is refused; one that came before may be written.
 */
const isFencedOff = (reply: ForwardReply): boolean => reply.kind === 'refused' && reply.refusal === 'superseded'

const ownerOf = (place: Located): string => (place.kind === 'there' ? place.owner : place.fence.owner)

import type { Fence, Refusal, Requester } from '../lease/index.js'
import { type Command, isRefusal, type Json, type Reply } from '../log/index.js'
import type { Core } from '../stores/index.js'

/** What somebody wants to be in a space's log. */
export interface Intent {
  readonly type: string
  readonly payload: Json
}

/** An intent on its way to the holder. Its number makes it one event, however often it is sent and to whomever. */
export interface ForwardedIntent extends Requester, Intent {
  readonly space: string
}

/** What the node that was thought to be the holder says. */
export type ForwardReply =
  | { readonly kind: 'appended'; readonly seq: number }
  /** It asked the core in vain: under this number the intent is not written, and never will be. */
  | { readonly kind: 'refused'; readonly refusal: string }
  /** It did not ask: it does not hold the lease, or no longer believes so. */
  | { readonly kind: 'not-holder' }

export type AppendOutcome =
  /** In the log, once, at `seq`. */
  | { readonly kind: 'appended'; readonly seq: number }
  /** Not in the log, nor will it be. */
  | { readonly kind: 'not-written'; readonly why: string }
  /** Nobody could say in time. It is in the log once, or will be, or not at all; the node's next intent for the space settles it. */
  | { readonly kind: 'unknown'; readonly why: string }

export interface AuthorityOptions {
  /** The owner that grants are made to. */
  readonly node: string
  /**
   * Names this start of the node: never used before, so that its request numbers are new. A node that crashed does not
   * know what became of the intents of its former self; who needs to know reads the log.
   */
  readonly session: string
  readonly core: Core
  /** The node's clock. Clocks that differ cost availability, never safety: fences are judged by epoch. */
  readonly nowMs: () => number
  readonly ttlMs: number
  /** A lease with less than this left is renewed before it is used. */
  readonly renewBelowMs: number
  /**
   * Carries an intent to another node's `receive`. Rejects when no answer came, whether the intent arrived or not; it may
   * arrive more than once, and late.
   */
  readonly forward: (to: string, intent: ForwardedIntent) => Promise<ForwardReply>
  readonly sleep: (ms: number) => Promise<void>
  /** A clock that nobody sets, as `performance.now()` is: by `nowMs`, set back, an append would take as much longer. */
  readonly monotonicMs: () => number
  /** Between two attempts. */
  readonly retryAfterMs: number
  /** How long an append may take, by `monotonicMs`, before its outcome is unknown. */
  readonly giveUpAfterMs: number
}

export interface AppendAuthority {
  /** Has `intent` appended to the log of `space`, by whoever holds its lease. One after another for each space. */
  append(space: string, intent: Intent): Promise<AppendOutcome>
  /** Another node's intent: appended if this node holds the lease. It is never passed on, so that nothing goes in circles. */
  receive(intent: ForwardedIntent): Promise<ForwardReply>
  /** The fence under which this node believes to hold `space` now. */
  holds(space: string): Fence | undefined
  /** Gives the lease of `space` back, so that another need not wait until it expires. */
  release(space: string): Promise<void>
}

/** Who holds a space, as far as this node knows. */
type Whereabouts =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'here'; readonly fence: Fence; readonly untilMs: number }
  | { readonly kind: 'there'; readonly owner: string }

const UNKNOWN: Whereabouts = { kind: 'unknown' }

const ownerOf = (place: Whereabouts): string =>
  place.kind === 'there' ? place.owner : place.kind === 'here' ? place.fence.owner : 'nobody'

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
 * one, at which any late copy of the old is refused.
 */
export function appendAuthority(options: AuthorityOptions): AppendAuthority {
  const { node, session, core, nowMs, monotonicMs, ttlMs, renewBelowMs } = options
  const { forward, sleep, retryAfterMs, giveUpAfterMs } = options
  const places = new Map<string, Whereabouts>()
  const tails = new Map<string, Promise<unknown>>()
  let requests = 0

  const ask = (command: Command): Promise<Reply> => Promise.resolve(core.execute(command, nowMs()))
  /** The node's own requests for leases have a session apart: they would supersede an intent that is on its way. */
  const ownRequest = (): Requester => ({ session: `${session} lease`, request: ++requests })
  const placeOf = (space: string): Whereabouts => {
    const place = places.get(space) ?? UNKNOWN
    return place.kind === 'here' && place.untilMs <= nowMs() ? UNKNOWN : place
  }

  const acquire = async (space: string): Promise<Whereabouts> => {
    const sentAtMs = nowMs()
    const asked = { space, owner: node, ttlMs, clockMs: sentAtMs, queueMs: 0, inQueue: false }
    const reply = await ask({ kind: 'acquire', ...asked, ...ownRequest() })
    if (reply.kind === 'granted') return { kind: 'here', fence: reply.fence, untilMs: sentAtMs + ttlMs }
    return reply.kind === 'lease-held' ? { kind: 'there', owner: reply.owner } : UNKNOWN
  }

  const renew = async (fence: Fence): Promise<Whereabouts> => {
    const sentAtMs = nowMs()
    const reply = await ask({ kind: 'renew', fence, ttlMs, ...ownRequest() })
    return reply.kind === 'renewed' ? { kind: 'here', fence, untilMs: sentAtMs + ttlMs } : UNKNOWN
  }

  /** Writes as the holder, under the number of whoever wants it written. */
  const write = async (fence: Fence, { type, payload, session, request }: ForwardedIntent): Promise<ForwardReply> => {
    const reply = await ask({ kind: 'append', fence, type, payload, session, request })
    if (reply.kind === 'appended') return { kind: 'appended', seq: reply.seq }
    const place = places.get(fence.space)
    if (place?.kind === 'here' && place.fence.epoch === fence.epoch && isLost(reply)) places.delete(fence.space)
    return { kind: 'refused', refusal: reply.kind }
  }

  /** Where the space's holder is: what the node believes, or else what the core says to its wish to be it. */
  const locate = async (space: string): Promise<Whereabouts> => {
    let place = placeOf(space)
    if (place.kind === 'here' && place.untilMs - nowMs() < renewBelowMs) place = await renew(place.fence)
    if (place.kind === 'unknown') place = await acquire(space)
    places.set(space, place)
    return place
  }

  const send = async (place: Exclude<Whereabouts, { kind: 'unknown' }>, intent: ForwardedIntent) => {
    if (place.kind === 'here') return write(place.fence, intent)
    // Whatever comes of it, the next attempt asks the core again, unless this holder proves to be one.
    places.delete(intent.space)
    const reply = await forward(place.owner, intent)
    if (reply.kind === 'appended') places.set(intent.space, place)
    return reply
  }

  const pursue = async (space: string, { type, payload }: Intent): Promise<AppendOutcome> => {
    const startedMs = monotonicMs()
    let request = ++requests
    /** Whether the intent may have reached a core under its present number. */
    let sent = false
    let why = 'nobody held the lease'
    while (monotonicMs() - startedMs < giveUpAfterMs) {
      const believed = placeOf(space).kind !== 'unknown'
      try {
        const place = await locate(space)
        if (place.kind !== 'unknown') {
          sent = true
          const reply = await send(place, { space, type, payload, session, request })
          if (reply.kind === 'appended') return { kind: 'appended', seq: reply.seq }
          // Only a core settles a number. A node that was not the holder may be it when another copy comes to it.
          if (reply.kind === 'refused') {
            request = ++requests
            sent = false
          }
          why = reply.kind === 'refused' ? reply.refusal : `${ownerOf(place)} does not hold the lease`
          // What was believed was wrong: the core knows better, and need not be given time for it.
          if (believed && placeOf(space).kind === 'unknown') continue
        }
      } catch (error) {
        why = error instanceof Error ? error.message : String(error)
      }
      await sleep(retryAfterMs)
    }
    return { kind: sent ? 'unknown' : 'not-written', why }
  }

  const inTurn = <T>(space: string, work: () => Promise<T>): Promise<T> => {
    const turn = (tails.get(space) ?? Promise.resolve()).then(work)
    const tail = turn.then(
      () => undefined,
      () => undefined,
    )
    tails.set(space, tail)
    void tail.then(() => tails.get(space) === tail && tails.delete(space))
    return turn
  }

  return {
    append: (space, intent) => inTurn(space, () => pursue(space, intent)),
    receive: async (intent) => {
      const place = placeOf(intent.space)
      return place.kind === 'here' ? write(place.fence, intent) : { kind: 'not-holder' }
    },
    holds: (space) => {
      const place = placeOf(space)
      return place.kind === 'here' ? place.fence : undefined
    },
    release: (space) =>
      inTurn(space, async () => {
        const place = placeOf(space)
        if (place.kind !== 'here') return
        places.delete(space)
        await ask({ kind: 'release', fence: place.fence, ...ownRequest() })
      }),
  }
}

/** Refusals that say that the fence is not, or no longer, the one that may write. */
function isLost(reply: Reply): boolean {
  return isRefusal(reply) && lost.has(reply.kind as Refusal['kind'])
}

const lost: ReadonlySet<Refusal['kind']> = new Set([
  'stale-owner',
  'unknown-epoch',
  'split-brain',
  'invalid-token',
  'lease-expired',
])

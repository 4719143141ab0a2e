import type { Fence, Requester } from '../lease/index.js'
import { type Command, fenceRefusals, type Reply } from '../protocol/index.js'
import { type Beliefs, UNKNOWN, type Whereabouts } from './belief.js'
import type { Patience } from './deadline.js'
import type { ForwardedIntent, ForwardReply } from './intent.js'
import { type AuthorityOptions, leaseSessionOf } from './options.js'

/** What a node asks the core for. Each rejects when there is no answer by `untilMs`. */
export interface Leases {
  /** Where the space's holder is: what the node believes, or else what the core says to its wish to be it. */
  locate(space: string, untilMs: number): Promise<Whereabouts>
  /** Writes as the holder, under the number of whoever wants it written. */
  write(fence: Fence, intent: ForwardedIntent, untilMs: number): Promise<ForwardReply>
  release(fence: Fence, untilMs: number): Promise<void>
  /** Has the core refuse whatever of `session` comes to it later. */
  fenceOff(session: string, space: string, untilMs: number): Promise<void>
}

/** The leases of one node, under a session of their own. `number` gives the next request number. */
export function leasesOf(
  { node, session, core, nowMs, ttlMs, renewBelowMs }: AuthorityOptions,
  beliefs: Beliefs,
  patience: Patience,
  number: () => number,
): Leases {
  const ask = (command: Command, untilMs: number): Promise<Reply> =>
    patience(untilMs, 'the core', () => core.execute(command, nowMs()))
  const own = (): Requester => ({ session: leaseSessionOf(session), request: number() })

  const acquire = async (space: string, untilMs: number): Promise<Whereabouts> => {
    const sentAtMs = nowMs()
    const asked = { space, owner: node, ttlMs, clockMs: sentAtMs, queueMs: 0, inQueue: false }
    const reply = await ask({ kind: 'acquire', ...asked, ...own() }, untilMs)
    if (reply.kind === 'granted') return { kind: 'here', fence: reply.fence, untilMs: sentAtMs + ttlMs }
    return reply.kind === 'lease-held' ? { kind: 'there', owner: reply.owner } : UNKNOWN
  }
  const renew = async (fence: Fence, untilMs: number): Promise<Whereabouts> => {
    const sentAtMs = nowMs()
    const reply = await ask({ kind: 'renew', fence, ttlMs, ...own() }, untilMs)
    return reply.kind === 'renewed' ? { kind: 'here', fence, untilMs: sentAtMs + ttlMs } : UNKNOWN
  }

  return {
    locate: async (space, untilMs) => {
      let place = beliefs.of(space)
      if (place.kind === 'here' && place.untilMs - nowMs() < renewBelowMs) place = await renew(place.fence, untilMs)
      if (place.kind === 'unknown') place = await acquire(space, untilMs)
      beliefs.set(space, place)
      return place
    },
    write: async (fence, { type, payload, session, request }, untilMs) => {
      const reply = await ask({ kind: 'append', fence, type, payload, session, request }, untilMs)
      if (reply.kind === 'appended') return { kind: 'appended', seq: reply.seq }
      if (fenceRefusals.includes(reply.kind)) beliefs.drop(fence)
      return { kind: 'refused', refusal: reply.kind }
    },
    release: async (fence, untilMs) => {
      await ask({ kind: 'release', fence, ...own() }, untilMs)
    },
    fenceOff: async (former, space, untilMs) => {
      // No fence has such an epoch: it is refused, and the refusal kept under the last number that there is.
      const fence = { space, owner: node, epoch: -1, token: '' }
      await ask({ kind: 'validate', fence, session: former, request: Number.MAX_SAFE_INTEGER }, untilMs)
    },
  }
}

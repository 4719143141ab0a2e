import { checkedTtl } from '../lease/index.js'
import type { Core } from '../stores/index.js'
import type { ForwardedIntent, ForwardReply } from './intent.js'

/** What a node's share in the append authority is made of. All times are in milliseconds. */
export interface AuthorityOptions {
  /** The owner that grants are made to. Every start of the node has the same name: it gets its own lease back at once. */
  readonly node: string
  /**
   * Names this start of the node: never used before, so that its request numbers are new. A node that crashed does not
   * know what became of the intents of its former self: `settle` the session of before, then read the log.
   */
  readonly session: string
  /** The core that all nodes share, as `storedCore` on one store. May reject, and then may have done it or not. */
  readonly core: Core
  /**
   * The node's clock. Clocks that differ cost availability, never safety: fences are judged by epoch. Time does not go back
   * to before a grant, so a lease that was granted to a node whose clock is ahead is live, for all others, until their own
   * clocks have come so far and it has expired. If that node dies, it gets its lease back when it is started anew.
   */
  readonly nowMs: () => number
  /** How long a lease lasts from when it was asked for: a whole number above 0. So long do others wait when its holder dies. */
  readonly ttlMs: number
  /** A lease with less than this left is renewed before it is used. From 0, which renews nothing, to `ttlMs`. */
  readonly renewBelowMs: number
  /**
   * Carries an intent to another node's `receive`. Rejects when no answer came, whether the intent arrived or not; it may
   * arrive more than once, and late.
   */
  readonly forward: (to: string, intent: ForwardedIntent) => Promise<ForwardReply>
  /**
   * Resolves after so long; several may be under way at once, and one for at most 50 ms may be when nobody waits any more.
   * When it rejects, as one does that can be aborted, what waits gives up, as if time were up.
   */
  readonly sleep: (ms: number) => Promise<void>
  /** A clock that nobody sets, as `performance.now()` is: by `nowMs`, set back, an append would take as much longer. */
  readonly monotonicMs: () => number
  /** Between two attempts: 0 or more. */
  readonly retryAfterMs: number
  /**
   * How long an append may take, by `monotonicMs`, from when it was asked for, its wait for others of its space included,
   * before its outcome is unknown; and `receive`, `release` and `settle`, before they reject. Above 0. What does not answer
   * is left behind.
   */
  readonly giveUpAfterMs: number
}

/** The node's own requests for leases have a session apart: they would supersede an intent that is on its way. */
export const leaseSessionOf = (session: string): string => `${session}${LEASES}`
const LEASES = ' lease'

/** @throws TypeError for an option of the wrong kind, RangeError for one that no authority could work by */
export function checkedOptions(options: AuthorityOptions): AuthorityOptions {
  const { node, session, core, nowMs, monotonicMs, ttlMs, renewBelowMs, retryAfterMs, giveUpAfterMs } = options
  checkName('node', node)
  checkSession(session)
  if (typeof core?.execute !== 'function') throw new TypeError(`core is ${core}: expected one with execute`)
  for (const name of ['nowMs', 'monotonicMs', 'forward', 'sleep'] as const) {
    if (typeof options[name] !== 'function') throw new TypeError(`${name} is ${options[name]}: expected a function`)
  }
  for (const [name, now] of Object.entries({ nowMs: nowMs(), monotonicMs: monotonicMs() })) {
    if (!Number.isFinite(now)) throw new TypeError(`${name} tells ${now}: expected a number`)
  }
  checkedTtl(ttlMs)
  if (!(renewBelowMs >= 0 && renewBelowMs <= ttlMs)) {
    throw new RangeError(`renewBelowMs is ${renewBelowMs}: expected 0 to ttlMs, which is ${ttlMs}`)
  }
  if (!(retryAfterMs >= 0 && retryAfterMs < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`retryAfterMs is ${retryAfterMs}: expected a number of 0 or more`)
  }
  if (!(giveUpAfterMs > 0)) throw new RangeError(`giveUpAfterMs is ${giveUpAfterMs}: expected a number above 0`)
  return options
}

/** @throws TypeError for what is no name, RangeError for that of a session for leases */
export function checkSession(session: unknown): void {
  checkName('session', session)
  if (!(session as string).endsWith(LEASES)) return
  throw new RangeError(`session is "${session}": expected another end than "${LEASES}", which sessions for leases have`)
}

function checkName(option: string, name: unknown): void {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`${option} is ${JSON.stringify(name)}: expected a text that is not empty`)
  }
}

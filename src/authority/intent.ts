import type { Requester } from '../lease/index.js'
import { type Json, jsonCopy } from '../log/index.js'

/** What somebody wants to be in a space's log. */
export interface Intent {
  /** The event's type, as readers of the log will know it. */
  readonly type: string
  /**
   * Copied when it is given. What JSON would change or lose is refused: a number that is none, a Date, a Map. A field that is
   * undefined is left out. One that somebody may have to look for, as after a crash, carries an id of its own.
   */
  readonly payload: Json
}

/** An intent on its way to the holder. Its number makes it one event, however often it is sent and to whomever. */
export interface ForwardedIntent extends Requester, Intent {
  /** In whose log it is to be. */
  readonly space: string
}

/** What the node that was thought to be the holder says. */
export type ForwardReply =
  | { readonly kind: 'appended'; readonly seq: number }
  /**
   * It asked the core in vain: under this number the intent is not written, and never will be. Of `superseded` alone, which
   * is told to copies that come too late, the first half may be false.
   */
  | { readonly kind: 'refused'; readonly refusal: string }
  /** It did not ask: it does not hold the lease, or no longer believes so. */
  | { readonly kind: 'not-holder' }

/** @throws TypeError for what is no name of a space */
export function checkedSpace(space: unknown): string {
  if (typeof space !== 'string') throw new TypeError(`a space that is ${typeof space}: expected its name`)
  return space
}

/**
 * The intent as it is from now on: its maker may change his own.
 *
 * @throws TypeError for what is no intent
 */
export function checkedIntent(intent: Intent): Intent {
  if (typeof intent?.type !== 'string') throw new TypeError('an intent without a type: expected { type, payload }')
  return { type: intent.type, payload: jsonCopy(intent.payload, 'payload') }
}

/** @throws TypeError for what no authority has sent */
export function checkedForward(intent: ForwardedIntent): ForwardedIntent {
  const { type, payload } = checkedIntent(intent)
  const { space, session, request } = intent
  if (typeof session !== 'string' || !Number.isSafeInteger(request)) {
    throw new TypeError(`an intent of session ${session}, request ${request}: expected it as it was given to forward`)
  }
  return { space: checkedSpace(space), type, payload, session, request }
}

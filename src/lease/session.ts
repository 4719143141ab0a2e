import type { Requester } from './command.js'
import type { Superseded } from './reply.js'

/**
 * The last request of one session on one space, and what it was told. Enough for at-most-once: a session has one
 * request outstanding at a time and its numbers only grow, so an older one can only be a late copy.
 */
export interface Session<R> {
  readonly request: number
  readonly reply: R
}

/** What a request that came before is told: the same again, or that it is too late. Undefined for a new request. */
export function repeatedReply<R>(session: Session<R> | undefined, { request }: Requester): R | Superseded | undefined {
  if (session === undefined || request > session.request) return undefined
  if (request === session.request) return session.reply
  return { kind: 'superseded', request, latestRequest: session.request }
}

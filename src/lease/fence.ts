import { createHmac, createSecretKey } from 'node:crypto'

/** What a holder shows with every write: which ownership it writes under. */
export interface Fence {
  readonly space: string
  readonly owner: string
  /** Counts ownerships of the space, from 1. What papers call the fencing token: it only grows. */
  readonly epoch: number
  /** The secret of this one (space, owner, epoch). */
  readonly token: string
}

/** Makes the token of one ownership. Must be a pure function, and not guessable from tokens of other ownerships. */
export type MintToken = (space: string, owner: string, epoch: number) => string

/**
 * Tokens as HMAC-SHA-256 under `secret`: who knows any number of tokens, but not the secret, learns nothing of another.
 * 128 bits in base64url, 22 characters: more would only make records longer.
 */
export function tokenMint(secret: string): MintToken {
  const key = createSecretKey(secret, 'utf8')
  return (space, owner, epoch) =>
    createHmac('sha256', key)
      .update(JSON.stringify([space, owner, epoch]))
      .digest('base64url')
      .slice(0, 22)
}

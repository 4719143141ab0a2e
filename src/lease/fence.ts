import { hash } from 'node:crypto'

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

const BLOCK_BYTES = 64
const DIGEST_BYTES = 32

/**
 * Tokens as HMAC-SHA-256 under `secret`: who knows any number of tokens, but not the secret, learns nothing of another.
 * 128 bits in base64url, 22 characters: more would only make records longer.
 *
 * Put together from two digests as RFC 2104 defines it: a mint makes many tokens of one key, and Node's own HMAC, which
 * makes an object for each, takes twice as long.
 */
export function tokenMint(secret: string): MintToken {
  const { inner, outer } = paddedKeys(secret)
  let room = inner
  return (space, owner, epoch) => {
    const message = JSON.stringify([space, owner, epoch])
    const length = BLOCK_BYTES + Buffer.byteLength(message)
    if (room.length < length) room = Buffer.concat([inner], 2 * length)
    room.write(message, BLOCK_BYTES)
    // As characters, of which each is a byte: a buffer made for the digest would cost a quarter more.
    outer.write(hash('sha256', room.subarray(0, length), 'binary'), BLOCK_BYTES, 'binary')
    return hash('sha256', outer, 'base64url').slice(0, 22)
  }
}

/** The key as the inner digest begins with it, and as the outer one does, which has room for the inner digest. */
function paddedKeys(secret: string): { readonly inner: Buffer; readonly outer: Buffer } {
  const given = Buffer.from(secret)
  const key = given.length > BLOCK_BYTES ? hash('sha256', given, 'buffer') : given
  const inner = Buffer.alloc(BLOCK_BYTES, 0x36)
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c)
  for (const [index, byte] of key.entries()) {
    inner[index] = byte ^ 0x36
    outer[index] = byte ^ 0x5c
  }
  return { inner, outer }
}

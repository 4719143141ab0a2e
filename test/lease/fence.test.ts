import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tokenMint } from '../../src/lease/index.js'

const text = fc.string({ unit: 'binary', maxLength: 100 })

describe('a token', () => {
  it('is the HMAC-SHA-256 that Node computes, whatever the secret and the names', () => {
    fc.assert(
      fc.property(text, fc.array(fc.tuple(text, text, fc.nat())), (secret, ownerships) => {
        const mint = tokenMint(secret)
        for (const ownership of ownerships) {
          const whole = createHmac('sha256', secret).update(JSON.stringify(ownership)).digest('base64url')
          expect(mint(...ownership)).toBe(whole.slice(0, 22))
        }
      }),
    )
  })

  it('is that also of secrets around the length of a block, beyond which they are digested', () => {
    for (const length of [63, 64, 65, 127, 128, 129]) {
      const secret = 'k'.repeat(length)
      const whole = createHmac('sha256', secret)
        .update(JSON.stringify(['s', 'a', 1]))
        .digest('base64url')
      expect(tokenMint(secret)('s', 'a', 1)).toBe(whole.slice(0, 22))
    }
  })

  it('is another for another epoch, owner, space or secret', () => {
    const tokens = [
      tokenMint('a')('space', 'owner', 1),
      tokenMint('a')('space', 'owner', 2),
      tokenMint('a')('space', 'other', 1),
      tokenMint('a')('other', 'owner', 1),
      tokenMint('b')('space', 'owner', 1),
    ]
    expect(new Set(tokens).size).toBe(tokens.length)
  })
})

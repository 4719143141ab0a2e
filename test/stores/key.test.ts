import { describe, expect, it } from 'vitest'
import { keyOf } from '../../src/stores/index.js'

describe('what a store calls something', () => {
  it.each(['İ'.repeat(30), 'ẞ'.repeat(300), '😀'.repeat(30), 'x'.repeat(300), '', "'; --", '../..'])(
    'is plain, and at most 100 characters: %j',
    (name) => {
      expect(keyOf(name)).toMatch(/^[a-z0-9_=-]{1,100}$/)
    },
  )
})

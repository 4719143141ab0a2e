import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nearest, oneOf } from '../../src/input/index.js'

const word = fc.stringMatching(/^[a-z]{3,12}$/)
const words = fc.uniqueArray(word, { minLength: 1, maxLength: 8 })

/** `text` with one letter more, one less, or another. */
const slips = (text: string, at: number): readonly string[] => {
  const place = at % text.length
  const [before, after] = [text.slice(0, place), text.slice(place)]
  return [`${before}x${after}`, `${before}${after.slice(1)}`, `${before}x${after.slice(1)}`]
}

describe('what a name may be a slip of', () => {
  it('is named, nearest first', () => {
    const names = ['acquire', 'claim', 'release', 'renew']
    expect(nearest('aquire', names)).toEqual(['acquire'])
    expect(nearest('RENEWS', names)).toEqual(['renew'])
    expect(nearest('restartMs', ['atMs', 'restartAfterMs'])).toEqual(['restartAfterMs'])
    expect(nearest('lease', ['lease-renewal', 'leave', 'please'])).toEqual(['lease-renewal', 'please', 'leave'])
    expect(nearest('take', names)).toEqual([])
  })

  it('is every name that differs from it in one letter', () => {
    fc.assert(
      fc.property(word, fc.nat(), (name, at) => {
        for (const slip of slips(name, at)) expect(nearest(slip, [name]), slip).toEqual([name])
      }),
    )
  })

  it('is at most three of the names that there are, the same whatever their order', () => {
    fc.assert(
      fc.property(word, words, (given, names) => {
        const near = nearest(given, names)
        expect(near.length).toBeLessThanOrEqual(3)
        expect(new Set(near).size).toBe(near.length)
        for (const name of near) expect(names).toContain(name)
        expect(nearest(given, [...names].reverse())).toEqual(near)
      }),
    )
  })

  it('is not a name of which a third and more is otherwise', () => {
    expect(nearest('abcdef', ['abcxyz'])).toEqual([])
    expect(nearest('abcdefghi', ['abcdefxyz'])).toEqual(['abcdefxyz'])
    expect(nearest('abcdefghi', ['abcdewxyz'])).toEqual([])
    // Two letters are a part of too much.
    expect(nearest('ms', ['durationMs'])).toEqual([])
  })

  it('is a name of which letters are left out, but neither the first nor the last, nor more than half', () => {
    expect(nearest('atms', ['atxxxxms'])).toEqual(['atxxxxms'])
    expect(nearest('atms', ['atxxxxxms'])).toEqual([])
    for (const without of ['txxms', 'atxxm']) expect(nearest(without, ['atqxqxqms']), without).toEqual([])
  })

  it('is what to expect; all names are where it is near to none', () => {
    expect(oneOf(['claim', 'renew'], 'renews')).toBe('renew?')
    expect(oneOf(['claim', 'claims'], 'claimed')).toBe('claim or claims?')
    expect(oneOf(['claim', 'renew'], 'validate')).toBe('one of claim, renew')
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError, parseJson, repeatedKey } from '../../src/input/index.js'

/** What is wrong with `text`; undefined where nothing is. */
function problemOf(text: string): InputError['problem'] | undefined {
  try {
    parseJson(text, 'f.json')
    return undefined
  } catch (error) {
    if (error instanceof InputError) return error.problem
    throw error
  }
}

/** A value that JSON has words for, without the one key that is refused. */
const value = fc.jsonValue().filter((each) => !JSON.stringify(each).includes('__proto__'))

describe('JSON that is read', () => {
  it('gives back what was written, after a byte order mark as well', () => {
    fc.assert(
      fc.property(value, fc.constantFrom('', '\uFEFF'), fc.constantFrom(0, 2), (written, mark, indent) => {
        const text = JSON.stringify(written, null, indent)
        expect(parseJson(`${mark}${text}`, 'f.json')).toEqual(JSON.parse(text))
      }),
    )
  })

  it('is refused where JSON.parse refuses it, whatever was done to it', () => {
    fc.assert(
      fc.property(value, fc.nat(), fc.constantFrom('', ',', '"', '}', '/* */', '//', '0', ' '), (written, at, put) => {
        const whole = JSON.stringify(written)
        const place = at % (whole.length + 1)
        const text = `${whole.slice(0, place)}${put}${whole.slice(put === '' ? place + 1 : place)}`
        let expected: unknown
        try {
          expected = JSON.parse(text)
        } catch {
          expect(problemOf(text), text).toBeDefined()
          return
        }
        const problem = problemOf(text)
        if (problem === undefined) expect(parseJson(text, 'f.json')).toEqual(expected)
        else expect(problem.what, text).toMatch(/ says something twice$| has a key that cannot be one$/)
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['', 'line 1, column 1', 'value expected'],
    ['{\n  "a": 1,\n  b: 2\n}', 'line 3, column 3', 'invalid symbol'],
    ['{ "a": 1, }', 'line 1, column 11', 'property name expected'],
    ['[1 2]', 'line 1, column 4', 'comma expected'],
    ['{} {}', 'line 1, column 4', 'end of file expected'],
    ['{ "a": 1, "b": { "a": 2 },\n"a": 3 }', 'line 2, column 1', '"a" once more'],
    ['[{ "__proto__": 1 }]', 'line 1, column 4', '"__proto__"'],
  ])('is refused with the line and column: %j', (text, at, found) => {
    expect(problemOf(text)).toMatchObject({ file: 'f.json', at, found })
  })

  it('has each key once in its object, and not in all', () => {
    const key = fc.constantFrom('a', 'b', 'c')
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.nat({ max: 9 })), { maxLength: 5 }), (pairs) => {
        const inner = `{${pairs.map(([name, number]) => `"${name}":${number}`).join(',')}}`
        const names = pairs.map(([name]) => name)
        const twice = names.find((name, index) => names.indexOf(name) !== index)
        expect(repeatedKey(inner)?.key).toBe(twice)
        expect(repeatedKey(`{"a":${inner},"b":[${inner}]}`)?.key).toBe(twice)
      }),
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { InputError, insteadOfObject, isPlainObject, own, validate } from '../../src/input/index.js'
import { credentials, SECRET } from '../support/passwords.js'

const schema = z.strictObject({
  seed: z.int().min(0).max(9).optional(),
  nodes: z.array(z.strictObject({ name: z.string(), atMs: z.number() })).optional(),
  by: z.record(z.string(), z.boolean()).optional(),
  mode: z.enum(['fast', 'slow']).optional(),
  name: z
    .string()
    .regex(/^[a-z]+$/)
    .optional(),
})

/** What is wrong with `value`; undefined where nothing is. */
function problemOf(value: unknown): InputError['problem'] | undefined {
  try {
    validate(schema, value, 'f.json', 'a thing')
    return undefined
  } catch (error) {
    if (error instanceof InputError) return error.problem
    throw error
  }
}

describe('a value that is checked', () => {
  it('is given back when it is as it should be', () => {
    const value = { seed: 9, nodes: [{ name: 'a', atMs: 0.5 }], by: { x: true }, mode: 'slow' }
    expect(validate(schema, value, 'f.json', 'a thing')).toEqual(value)
  })

  it.each([
    [7, 'the top level', '7', 'an object, as in { … }'],
    [{ seed: -1 }, 'seed', '-1', '0 or more'],
    [{ seed: 10 }, 'seed', '10', '9 at the most'],
    [{ seed: 1.5 }, 'seed', '1.5', 'a whole number'],
    [{ nodes: {} }, 'nodes', '{}', 'a list, as in […]'],
    [{ nodes: [{ name: 'a', atMs: 0 }, { name: 'b' }] }, 'nodes[1].atMs', 'nothing', 'a number'],
    [{ nodes: [{ name: 1, atMs: 0 }] }, 'nodes[0].name', '1', 'text'],
    [{ by: { 'a b': 1 } }, 'by."a b"', '1', 'true or false'],
    [{ mode: 'quick' }, 'mode', '"quick"', '"fast" or "slow"'],
    [{ name: 'A' }, 'name', '"A"', 'text like /^[a-z]+$/'],
    [{ sed: 1 }, 'sed', 'a field that does not exist', 'seed? (one of seed, nodes, by, mode, name)'],
    [
      { nodes: [{ at: 1, name: 'a', atMs: 0 }] },
      'nodes[0].at',
      'a field that does not exist',
      'atMs? (one of name, atMs)',
    ],
    [{ zzzzzzzz: 1 }, 'zzzzzzzz', 'a field that does not exist', 'one of seed, nodes, by, mode, name'],
    [{ seed: () => 1 }, 'seed', 'a function', 'a number'],
    [{ seed: Number.NaN }, 'seed', 'NaN', 'a number'],
    [{ seed: 5n }, 'seed', '5n', 'a number'],
  ])('is refused with where, what was found and what was expected: %o', (value, at, found, expected) => {
    expect(problemOf(value)).toEqual({ what: 'f.json is not a thing', file: 'f.json', at, found, expected })
  })

  it('is shown in 80 characters at the most, and without a password, wherever that stands', () => {
    const around = (secret: unknown) =>
      fc.constantFrom(secret, [secret], { seed: secret }, { nodes: [{ name: [secret] }] })
    fc.assert(
      fc.property(
        credentials.chain((secret) => fc.oneof(around(secret), fc.constant({ by: { [secret]: 1 } }))),
        (value) => {
          const problem = problemOf(value)
          expect(problem).toBeDefined()
          expect(JSON.stringify(problem)).not.toContain(SECRET)
        },
      ),
      { numRuns: 500 },
    )
    const lengths = [78, 79, 200].map((length) => problemOf({ seed: 'a'.repeat(length) })?.found?.length)
    // With its quotes.
    expect(lengths).toEqual([80, 78, 78])
  })
})

describe('an object that was given', () => {
  it('has what it has itself, and nothing that every object has', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.nat()), fc.string(), (record, name) => {
        expect(own(record, name)).toBe(Object.entries(record).find(([key]) => key === name)?.[1])
      }),
    )
    for (const name of ['constructor', 'toString', '__proto__']) expect(own<number>({}, name), name).toBeUndefined()
  })

  it('is plain when its fields are what it holds', () => {
    for (const plain of [{}, { a: 1 }, Object.create(null)]) expect(isPlainObject(plain)).toBe(true)
    for (const other of [[], new Map(), new (class {})(), null, undefined, 'a', 1, () => 1]) {
      expect(isPlainObject(other), String(other)).toBe(false)
    }
  })

  it('is told from what was given instead', () => {
    expect(['"a"', null, undefined, 7].map(insteadOfObject)).toEqual([
      '"\\"a\\""',
      'null',
      'of type undefined',
      'of type number',
    ])
  })
})

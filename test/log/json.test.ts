import { describe, expect, it } from 'vitest'
import { jsonCopy } from '../../src/log/index.js'

const nested = (depth: number): unknown => Array.from({ length: depth }).reduce((inner) => [inner], 1)
const cyclic: Record<string, unknown> = {}
cyclic['self'] = { again: cyclic }

describe('what a payload may be', () => {
  it('is what JSON gives back as it was put, and a copy', () => {
    const payload = { alias: 'home', to: ['a', null, true, 1.5, { deep: '\ud800' }] }
    const copy = jsonCopy(payload, 'payload')
    expect(copy).toStrictEqual(payload)
    payload.to.push('b')
    expect(copy).toStrictEqual({ alias: 'home', to: ['a', null, true, 1.5, { deep: '\ud800' }] })
  })

  it.each([
    [-0, 0],
    [{ left: undefined, kept: 1 }, { kept: 1 }],
    [Object.assign(Object.create(null), { bare: 1 }), { bare: 1 }],
  ])('is %j as JSON has it', (value, expected) => {
    expect(jsonCopy(value, 'payload')).toStrictEqual(expected)
  })

  it('keeps a field that is called as prototypes are', () => {
    const copy = jsonCopy(JSON.parse('{"__proto__": {"x": 1}}'), 'payload')
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"x":1}}')
  })

  it('may be nested, but not too deep', () => {
    expect(jsonCopy(nested(1_000), 'payload')).toEqual(nested(1_000))
    for (const depth of [1_001, 10_000]) {
      expect(() => jsonCopy(nested(depth), 'payload')).toThrow('… is nested more than 1000 deep, or contains itself')
    }
  })

  it.each([
    [undefined, 'payload is undefined: expected what JSON can hold'],
    [Number.NaN, 'payload is NaN'],
    [{ x: [1, Number.POSITIVE_INFINITY] }, 'payload.x[1] is Infinity'],
    [{ list: [undefined] }, 'payload.list[0] is undefined'],
    [new Array(1), 'payload[0] is undefined'],
    [10n, 'payload is a bigint'],
    [{ f: () => 1 }, 'payload.f is a function'],
    [Symbol('x'), 'payload is a symbol'],
    [{ at: new Date(0) }, 'payload.at is a Date'],
    [new Map([[1, 2]]), 'payload is a Map'],
    [{ toJSON: () => undefined }, 'payload.toJSON is a function'],
    [cyclic, 'payload.self.again.self.again'],
  ])('is refused with its path: %o', (value, refusal) => {
    expect(() => jsonCopy(value, 'payload')).toThrow(TypeError)
    expect(() => jsonCopy(value, 'payload')).toThrow(refusal)
  })
})

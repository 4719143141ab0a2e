import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ParameterError, resolveParameters, workload } from '../../src/scenario/index.js'

const definitions = {
  ...workload({ nodes: 2, spaces: 1, durationMs: 500 }),
  ttlMs: { default: 100, min: 10, max: 1_000, description: 'time to live' },
}

/** The error that these parameters are refused with. */
function refusal(given: object): unknown {
  try {
    return resolveParameters(definitions, given as { readonly [name: string]: number })
  } catch (error) {
    return error
  }
}

describe('the parameters of a scenario', () => {
  it('are at their defaults where nothing is given', () => {
    const defaults = { nodes: 2, spaces: 1, durationMs: 500, ttlMs: 100 }
    expect(resolveParameters(definitions)).toEqual(defaults)
    expect(resolveParameters(definitions, { ttlMs: 10 })).toEqual({ ...defaults, ttlMs: 10 })
  })

  it('are whole numbers within their bounds, these included, or refused by name', () => {
    const value = fc.oneof(fc.integer({ min: -5, max: 1_100 }), fc.constantFrom(9, 10, 1_000, 1_001), fc.double())
    fc.assert(
      fc.property(value, (ttlMs) => {
        const isFine = Number.isInteger(ttlMs) && ttlMs >= 10 && ttlMs <= 1_000
        const outcome = refusal({ ttlMs })
        if (isFine) expect(outcome).toMatchObject({ ttlMs })
        else expect(outcome).toMatchObject({ name: 'ParameterError', parameter: 'ttlMs' })
      }),
    )
  })

  it('are those that the scenario has, whatever every object has', () => {
    for (const name of ['ttl', 'constructor', 'toString', '']) {
      expect(refusal({ [name]: 50 }), name).toBeInstanceOf(ParameterError)
    }
    for (const given of [[50], new Map([['ttlMs', 50]]), null])
      expect(refusal(given as object)).toBeInstanceOf(TypeError)
  })

  it('are resolved once: what has been resolved stays as it is', () => {
    const some = fc.record({ nodes: fc.integer({ min: 1, max: 9 }), ttlMs: fc.integer({ min: 10, max: 1_000 }) })
    fc.assert(
      fc.property(fc.oneof(some, fc.constant({})), (given) => {
        const resolved = resolveParameters(definitions, given)
        expect(resolveParameters(definitions, resolved)).toEqual(resolved)
      }),
    )
  })
})

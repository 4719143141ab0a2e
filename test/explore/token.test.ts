import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtInScenarios, explorationScenarios, leaseLifecycle } from '../../scenarios/index.js'
import {
  isToken,
  MAX_TOKEN_LENGTH,
  type Plan,
  planOf,
  strategies,
  TokenError,
  tokenOf,
} from '../../src/explore/index.js'
import type { Fault } from '../../src/kernel/index.js'
import { resolveParameters, type Scenario } from '../../src/scenario/index.js'

const scenarios: readonly Scenario[] = [...explorationScenarios, ...builtInScenarios]

/** A small plan, to be changed. */
const plan: Plan = {
  scenario: leaseLifecycle.name,
  seed: 7,
  strategy: 'pct',
  parameters: resolveParameters(leaseLifecycle.parameters, { nodes: 2, ttlMs: 24 }),
  faults: [
    { kind: 'pause', node: 1, atMs: 40, durationMs: 200 },
    { kind: 'skew', node: 0, atMs: 90, byMs: -30 },
  ],
}

function tokenFor(of: Plan): string {
  const token = tokenOf(of, scenarioOf(of))
  if (token === undefined) throw new Error('expected a plan that fits into a token')
  return token
}

function scenarioOf(of: Plan): Scenario {
  const scenario = scenarios.find(({ name }) => name === of.scenario)
  if (scenario === undefined) throw new Error(`there is no ${of.scenario}`)
  return scenario
}

/** The plan of a token that may be damaged; undefined where it is said to be. Any other error is thrown on. */
function planIn(token: string, among: readonly Scenario[] = scenarios): Plan | undefined {
  try {
    return planOf(token, among)
  } catch (error) {
    if (error instanceof TokenError) return undefined
    throw error
  }
}

/** As long as a run may be; lengths and delays as well. */
const time = fc.oneof(fc.constantFrom(0, 1), fc.nat({ max: 10_000 }), fc.nat({ max: 21_600_000 }))
const node = fc.oneof(fc.nat({ max: 6 }), fc.nat({ max: 99_999 }))
const leg = fc.constantFrom('request' as const, 'reply' as const)
const plain = { noNullPrototype: true } as const
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('pause' as const), node, atMs: time, durationMs: time }, plain),
  fc.record({ kind: fc.constant('crash' as const), node, atMs: time, restartAfterMs: time }, plain),
  fc.record({ kind: fc.constant('crash' as const), node, atMs: time }, plain),
  fc.record({ kind: fc.constant('restart' as const), node, atMs: time }, plain),
  fc.record({ kind: fc.constant('skew' as const), node, atMs: time, byMs: fc.integer() }, plain),
  fc.record(
    { kind: fc.constant('drift' as const), node, atMs: time, ppm: fc.integer({ min: -999_999, max: 999_999 }) },
    plain,
  ),
  fc.record(
    { kind: fc.constant('partition' as const), nodes: fc.array(node, { maxLength: 5 }), atMs: time, durationMs: time },
    plain,
  ),
  fc.record({ kind: fc.constantFrom('drop', 'duplicate'), leg, node, atMs: time, durationMs: time }, plain),
  fc.record({ kind: fc.constant('delay' as const), leg, node, atMs: time, durationMs: time, delayMs: time }, plain),
  fc.record(
    {
      kind: fc.constant('store-restart' as const),
      atMs: time,
      durationMs: time,
      unsynced: fc.constantFrom('kept', 'lost'),
    },
    plain,
  ),
  fc.record({ kind: fc.constant('slow-store' as const), atMs: time, durationMs: time, delayMs: time }, plain),
)

/** Most parameters are at their default, so that most plans fit. */
function planFor(scenario: Scenario, maxFaults: number): fc.Arbitrary<Plan> {
  const parameters = Object.entries(scenario.parameters).map(([name, { default: value, min, max }]) => {
    const drawn = fc.oneof(
      { weight: 6, arbitrary: fc.constant(value) },
      { weight: 1, arbitrary: fc.integer({ min, max }) },
      { weight: 1, arbitrary: fc.constantFrom(min, max) },
    )
    return [name, drawn] as const
  })
  return fc.record(
    {
      scenario: fc.constant(scenario.name),
      seed: fc.oneof(fc.nat({ max: 1_000 }), fc.integer({ min: 0, max: 0xffff_ffff })),
      strategy: fc.constantFrom(...strategies),
      parameters: fc.record(Object.fromEntries(parameters), plain),
      faults: fc.array(fault, { maxLength: maxFaults }),
    },
    plain,
  )
}
const anyPlan = (maxFaults: number) => fc.oneof(...scenarios.map((scenario) => planFor(scenario, maxFaults)))

const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
/** Of a token, where what stands for the plan begins. */
const BODY = 'cx1'.length
const withCharacter = (token: string, at: number, character: string): string =>
  `${token.slice(0, at)}${character}${token.slice(at + 1)}`

describe('a token', () => {
  it('is a plan as text that can be pasted: a change of this one takes their meaning from all that were written down', () => {
    const token = tokenFor(plan)
    expect(token).toBe('cx1jUYHAgEEAAQwAAJQkAMDALQBO4pX0d0')
    expect(planOf(token, scenarios)).toStrictEqual(plan)
    expect(isToken(token)).toBe(true)
    expect(isToken('counterexamples/cx1.json')).toBe(false)
  })

  it('is of at most 120 characters that no shell and no chat changes, and gives back the plan that it was made of', () => {
    fc.assert(
      fc.property(anyPlan(6), (drawn) => {
        const token = tokenOf(drawn, scenarioOf(drawn))
        fc.pre(token !== undefined)
        expect(token).toMatch(/^cx1[\w-]+$/)
        expect(token.length).toBeLessThanOrEqual(MAX_TOKEN_LENGTH)
        expect(planOf(token, scenarios)).toStrictEqual(drawn)
      }),
      { numRuns: 1_000 },
    )
  })

  it.each(strategies)('has room for the strategy %s, and for the last of all seeds', (strategy) => {
    for (const seed of [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
      const wanted = { ...plan, strategy, seed }
      expect(planOf(tokenFor(wanted), scenarios)).toStrictEqual(wanted)
    }
  })

  it('is not made of a plan that is too long, and made of every plan that is shorter than one that fits', () => {
    fc.assert(
      fc.property(anyPlan(20), (drawn) => {
        const token = tokenOf(drawn, scenarioOf(drawn))
        if (token === undefined) expect(drawn.faults.length).toBeGreaterThan(0)
        else expect(token.length).toBeLessThanOrEqual(MAX_TOKEN_LENGTH)
        for (let without = 0; token !== undefined && without < drawn.faults.length; without++) {
          expect(tokenOf({ ...drawn, faults: drawn.faults.toSpliced(without, 1) }, scenarioOf(drawn))).toBeDefined()
        }
      }),
    )
    // Three bytes each, at the least.
    const faults = Array.from({ length: 31 }, () => ({ kind: 'restart', node: 0, atMs: 0 }) as const)
    expect(tokenOf({ ...plan, faults }, leaseLifecycle)).toBeUndefined()
  })

  it('has room for a plan without faults, whatever its parameters', () => {
    fc.assert(
      fc.property(anyPlan(0), (drawn) => {
        expect(tokenOf(drawn, scenarioOf(drawn))).toBeDefined()
      }),
    )
  })
})

describe('a damaged token', () => {
  it('is told from a whole one when any character but the last is another', () => {
    fc.assert(
      fc.property(anyPlan(4), fc.nat(), fc.constantFrom(...alphabet), (drawn, place, character) => {
        const token = tokenOf(drawn, scenarioOf(drawn))
        fc.pre(token !== undefined)
        const at = BODY + (place % (token.length - BODY - 1))
        fc.pre(token[at] !== character)
        expect(planIn(withCharacter(token, at, character))).toBeUndefined()
      }),
      { numRuns: 1_000 },
    )
  })

  it('is told from a whole one when the last character is another, unless it still says the same', () => {
    fc.assert(
      fc.property(anyPlan(4), fc.constantFrom(...alphabet), (drawn, character) => {
        const token = tokenOf(drawn, scenarioOf(drawn))
        fc.pre(token !== undefined && token.at(-1) !== character)
        const found = planIn(withCharacter(token, token.length - 1, character))
        if (found !== undefined) expect(found).toStrictEqual(drawn)
      }),
      { numRuns: 500 },
    )
  })

  // Its check has 32 bits: of four billion such tokens one passes.
  it('is told from a whole one when it is cut short, anywhere', () => {
    fc.assert(
      fc.property(anyPlan(4), fc.nat(), (drawn, place) => {
        const token = tokenOf(drawn, scenarioOf(drawn))
        fc.pre(token !== undefined)
        expect(planIn(token.slice(0, BODY + (place % (token.length - BODY))))).toBeUndefined()
      }),
      { numRuns: 1_000 },
    )
  })

  it('never gives another plan, nor another error, whatever character is pasted into it', () => {
    fc.assert(
      fc.property(anyPlan(4), fc.nat(), fc.string({ unit: 'binary', maxLength: 2 }), (drawn, place, pasted) => {
        const token = tokenOf(drawn, scenarioOf(drawn))
        fc.pre(token !== undefined)
        const found = planIn(withCharacter(token, BODY + (place % (token.length - BODY)), pasted))
        if (found !== undefined) expect(found).toStrictEqual(drawn)
      }),
      { numRuns: 1_000 },
    )
  })

  it('may be no token at all', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(planIn(text)).toBeUndefined()
      }),
    )
    expect(planIn('')).toBeUndefined()
    expect(planIn('cx1')).toBeUndefined()
  })

  it('says what is wrong', () => {
    const token = tokenFor(plan)
    expect(() => planOf(token.slice(0, -4), scenarios)).toThrow(
      new TokenError('the token is damaged: it was not copied whole, or is of another version'),
    )
    const others = scenarios.filter((scenario) => scenario !== leaseLifecycle)
    expect(() => planOf(token, others)).toThrow(
      new TokenError('the token is of a scenario that does not exist here, or has changed since'),
    )
  })
})

describe('a token of another scenario', () => {
  it('is refused, whatever its plan', () => {
    fc.assert(
      fc.property(anyPlan(4), (drawn) => {
        const token = tokenOf(drawn, scenarioOf(drawn))
        fc.pre(token !== undefined)
        expect(planIn(token, [])).toBeUndefined()
        for (const scenario of scenarios) {
          if (scenario.name === drawn.scenario) expect(planIn(token, [scenario])).toStrictEqual(drawn)
          else expect(planIn(token, [scenario])).toBeUndefined()
        }
      }),
    )
  })
})

describe('a token that is as good as whole', () => {
  const token = tokenFor(plan)

  it('is of another version, or none, where it begins otherwise', () => {
    expect(planIn(token.replace('cx1', 'cx2'))).toBeUndefined()
  })

  it('is damaged where only bits that say nothing differ', () => {
    const [last, next] = ['0', '1']
    expect(token.at(-1)).toBe(last)
    const damaged = withCharacter(token, token.length - 1, next)
    expect(Buffer.from(damaged, 'base64url')).toEqual(Buffer.from(token, 'base64url'))
    expect(planIn(damaged)).toBeUndefined()
  })

  it('is none in the other alphabet of base64, which a shell or a path would change', () => {
    const tokens = Array.from({ length: 100 }, (_, seed) => tokenFor({ ...plan, seed }))
    for (const [ours, other] of ['-+', '_/'] as const) {
      const some = tokens.filter((each) => each.includes(ours as string))
      expect(some.length, ours).toBeGreaterThan(0)
      for (const each of some) expect(planIn(each.replaceAll(ours as string, other as string))).toBeUndefined()
    }
  })
})

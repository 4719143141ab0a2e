import { describe, expect, it } from 'vitest'
import { type AuthorityOptions, appendAuthority, type ForwardedIntent, type Intent } from '../../src/authority/index.js'
import { memoryCore } from '../../src/stores/index.js'
import { mint, World } from './world.js'

const wanted = { type: 'wanted', payload: { alias: 'home' } }
const options = (): AuthorityOptions => ({
  node: 'a',
  session: 'a#1',
  core: memoryCore(mint),
  nowMs: () => 0,
  monotonicMs: () => 0,
  ttlMs: 100,
  renewBelowMs: 25,
  forward: () => Promise.reject(new Error('nobody')),
  sleep: () => Promise.resolve(),
  retryAfterMs: 20,
  giveUpAfterMs: 300,
})

describe('options', () => {
  it('at their limits are good', () => {
    for (const renewBelowMs of [0, 100]) appendAuthority({ ...options(), renewBelowMs, retryAfterMs: 0 })
    appendAuthority({ ...options(), giveUpAfterMs: Number.POSITIVE_INFINITY })
  })

  it.each([
    [{ node: undefined }, TypeError, 'node is undefined: expected a text that is not empty'],
    [{ node: '' }, TypeError, 'node is ""'],
    [{ session: undefined }, TypeError, 'session is undefined'],
    [{ session: 'x lease' }, RangeError, 'session is "x lease": expected another end than " lease"'],
    [{ core: undefined }, TypeError, 'core is undefined: expected one with execute'],
    [{ forward: undefined }, TypeError, 'forward is undefined: expected a function'],
    [{ sleep: 5 }, TypeError, 'sleep is 5: expected a function'],
    [{ nowMs: () => Number.NaN }, TypeError, 'nowMs tells NaN: expected a number'],
    [{ monotonicMs: () => 'x' }, TypeError, 'monotonicMs tells x: expected a number'],
    [{ ttlMs: 1.5 }, RangeError, 'a lease cannot last 1.5 ms: expected a whole number above 0'],
    [{ ttlMs: 0 }, RangeError, 'a lease cannot last 0 ms'],
    [{ renewBelowMs: 101 }, RangeError, 'renewBelowMs is 101: expected 0 to ttlMs, which is 100'],
    [{ renewBelowMs: Number.NaN }, RangeError, 'renewBelowMs is NaN'],
    [{ retryAfterMs: -1 }, RangeError, 'retryAfterMs is -1: expected a number of 0 or more'],
    [{ retryAfterMs: Number.POSITIVE_INFINITY }, RangeError, 'retryAfterMs is Infinity'],
    [{ giveUpAfterMs: 0 }, RangeError, 'giveUpAfterMs is 0: expected a number above 0'],
    [{ giveUpAfterMs: Number.NaN }, RangeError, 'giveUpAfterMs is NaN'],
  ])('that no authority could work by are refused: %o', (wrong, kind, message) => {
    const make = () => appendAuthority({ ...options(), ...wrong } as AuthorityOptions)
    expect(make).toThrow(kind)
    expect(make).toThrow(message)
  })
})

describe('an intent', () => {
  it('is as it was when it was given, whatever becomes of it afterwards', async () => {
    const world = new World([memoryCore(mint)])
    const a = world.start('a')
    const payload = { alias: 'home' }
    const appending = a.append('s', { type: 'wanted', payload })
    payload.alias = 'away'
    await appending
    payload.alias = 'far away'
    const forwarded = { space: 's', type: 'wanted', payload: { alias: 'b' }, session: 'b', request: 1 }
    const receiving = a.receive(forwarded)
    forwarded.payload.alias = 'c'
    await receiving
    expect((await world.log()).map((event) => event.payload)).toEqual([{ alias: 'home' }, { alias: 'b' }])
  })

  it.each([
    [{ type: 'wanted', payload: { pages: [1n] } }, 'payload.pages[0] is a bigint: expected what JSON can hold'],
    [{ type: 7, payload: null }, 'an intent without a type'],
    [undefined, 'an intent without a type'],
  ])('that could be in no log is refused at once: %o', async (intent, message) => {
    const world = new World([memoryCore(mint)])
    const a = world.start('a')
    const refused = a.append('s', intent as unknown as Intent)
    await expect(refused).rejects.toThrow(TypeError)
    await expect(refused).rejects.toThrow(message)
    await expect(a.append(7 as unknown as string, wanted)).rejects.toThrow('a space that is number')
    expect(await world.log()).toEqual([])
  })

  it.each([
    [{ ...wanted, space: 's' }, 'an intent of session undefined, request undefined'],
    [{ ...wanted, space: 's', session: 'b', request: Number.NaN }, 'request NaN'],
    [{ ...wanted, session: 'b', request: 1 }, 'a space that is undefined'],
    [undefined, 'an intent without a type'],
  ])('that no authority has sent is not received: %o', async (intent, message) => {
    const world = new World([memoryCore(mint)])
    const a = world.start('a')
    await a.append('s', wanted)
    await expect(a.receive(intent as unknown as ForwardedIntent)).rejects.toThrow(message)
    expect(await world.log()).toHaveLength(1)
  })
})

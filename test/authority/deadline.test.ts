import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type AuthorityOptions, appendAuthority } from '../../src/authority/index.js'
import { type Core, memoryCore, StoreError } from '../../src/stores/index.js'
import { mint, World } from './world.js'

const wanted = (payload: number) => ({ type: 'wanted', payload })
const never = () => new Promise<never>(() => undefined)
const worldOn = (core: Core = memoryCore(mint)) => new World([core])
/** A core that answers as `memoryCore` does, unless `instead` does. */
const coreWith = (instead: () => Promise<never> | undefined): Core => {
  const core = memoryCore(mint)
  return { execute: (command, nowMs) => instead() ?? core.execute(command, nowMs) }
}
const tellsOf = (problem: { readonly lost?: true; readonly closed?: true }) => () => {
  throw new StoreError({ what: 'it is broken', store: 'mine', found: 'a crack', todo: 'mend it', ...problem })
}

describe('how long an append takes', () => {
  it('is no longer than giveUpAfterMs when the holder does not answer, nor is what waits behind it', async () => {
    const world = worldOn()
    const a = world.start('a')
    const b = world.start('b', { forward: never, giveUpAfterMs: 300 })
    await a.append('s', wanted(0))
    const startedMs = world.nowMs
    const outcomes = await world.during(
      Promise.all([b.append('s', wanted(1)), b.append('s', wanted(2)), b.append('t', wanted(3)), b.release('s')]),
    )
    expect(outcomes).toEqual([
      { kind: 'unknown', why: 'a did not answer in time' },
      { kind: 'not-written', why: 'its turn did not come in time' },
      { kind: 'appended', seq: 0 },
      undefined,
    ])
    expect(world.nowMs - startedMs).toBe(300)
  })

  it('is no longer when the core does not answer, whoever asks', async () => {
    const world = worldOn()
    let isHung = false
    const core = coreWith(() => (isHung ? never() : undefined))
    const a = world.start('a', { core, giveUpAfterMs: 300, ttlMs: 1_000 })
    await a.append('s', wanted(0))
    isHung = true
    const startedMs = world.nowMs
    const asked = [
      a.append('s', wanted(1)),
      a.append('t', wanted(2)),
      a.receive({ space: 's', ...wanted(3), session: 'b', request: 1 }),
      a.settle('b', 's'),
      a.release('s'),
    ]
    const late = { status: 'rejected', reason: new Error('the core did not answer in time') }
    expect(await world.during(Promise.allSettled(asked))).toMatchObject([
      { value: { kind: 'unknown', why: 'the core did not answer in time' } },
      { value: { kind: 'not-written', why: 'the core did not answer in time' } },
      late,
      late,
      late,
    ])
    expect(world.nowMs - startedMs).toBeLessThan(310)
    expect(a.holds('s')).toBeUndefined()
  })

  it('counts from when it was asked for, however many wait', async () => {
    const world = worldOn()
    const a = world.start('a', { core: coreWith(tellsOf({})), giveUpAfterMs: 300 })
    const outcomes = await world.during(Promise.all(Array.from({ length: 20 }, (_, at) => a.append('s', wanted(at)))))
    expect(world.nowMs).toBe(300)
    expect(outcomes[0]).toEqual({ kind: 'not-written', why: 'it is broken; a crack; mend it' })
    expect(outcomes[19]).toEqual({ kind: 'not-written', why: 'its turn did not come in time' })
  })

  it('is no longer for a last rest than there is time', async () => {
    const world = worldOn()
    const a = world.start('a', { core: coreWith(tellsOf({})), giveUpAfterMs: 50, retryAfterMs: 40 })
    await a.append('s', wanted(0))
    expect(world.nowMs).toBe(50)
  })

  it('ends at once when the store has lost what it had, or was closed: to wait is of no use', async () => {
    const world = worldOn()
    for (const problem of [{ lost: true }, { closed: true }] as const) {
      const a = world.start('a', { core: coreWith(tellsOf(problem)) })
      expect(await a.append('s', wanted(0))).toEqual({ kind: 'not-written', why: 'it is broken; a crack; mend it' })
    }
    expect(world.nowMs).toBe(0)
    // The holder's store is not this node's own.
    const [a, b] = [world.start('a'), world.start('b', { forward: async () => tellsOf({ closed: true })() })]
    await a.append('s', wanted(0))
    expect(await b.append('s', wanted(1))).toEqual({ kind: 'appended', seq: 1 })
  })

  it('ends when its sleep does: one that is aborted is as good as time that is up', async () => {
    const world = worldOn()
    const stop = new AbortController()
    const a = world.start('a')
    await a.append('s', wanted(0))
    let forwarded: () => void = () => undefined
    const onItsWay = new Promise<void>((resolve) => {
      forwarded = resolve
    })
    const options: Partial<AuthorityOptions> = {
      forward: () => {
        forwarded()
        return never()
      },
      sleep: (ms) => sleep(ms, undefined, { signal: stop.signal }),
      monotonicMs: () => performance.now(),
      giveUpAfterMs: 60_000,
    }
    const b = world.start('b', options)
    const appending = b.append('s', wanted(1))
    await onItsWay
    stop.abort()
    expect(await appending).toEqual({ kind: 'unknown', why: 'The operation was aborted' })
    expect(await world.start('b', { ...options, core: coreWith(tellsOf({})) }).append('s', wanted(2))).toEqual({
      kind: 'not-written',
      why: 'The operation was aborted',
    })
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  })

  it('leaves no timer behind that keeps the process for long', async () => {
    const core = coreWith(() => undefined)
    let longestMs = 0
    const a = appendAuthority({
      node: 'a',
      session: 'a#1',
      core: { execute: async (command, nowMs) => core.execute(command, nowMs) },
      nowMs: Date.now,
      monotonicMs: () => performance.now(),
      ttlMs: 60_000,
      renewBelowMs: 0,
      retryAfterMs: 10_000,
      giveUpAfterMs: 60_000,
      forward: never,
      sleep: async (ms) => {
        longestMs = Math.max(longestMs, ms)
        await sleep(ms)
      },
    })
    for (let at = 0; at < 100; at++) expect(await a.append('s', wanted(at))).toEqual({ kind: 'appended', seq: at })
    expect(longestMs).toBe(50)
  })
})

describe('what was given up on', () => {
  it('does no harm when it comes after all: not written after what followed it, nor taken for its answer', async () => {
    const world = worldOn()
    const core = world.core()
    const late: (() => Promise<unknown>)[] = []
    let isSlow = false
    const slow: Core = {
      execute: (command, nowMs) =>
        isSlow
          ? new Promise((resolve) => {
              late.push(async () => resolve(await core.execute(command, nowMs)))
            })
          : core.execute(command, nowMs),
    }
    const a = world.start('a', { core: slow })
    await a.append('s', wanted(0))
    isSlow = true
    expect(await a.append('s', wanted(1))).toMatchObject({ kind: 'unknown' })
    isSlow = false
    expect(await a.append('s', wanted(2))).toEqual({ kind: 'appended', seq: 1 })
    const held = a.holds('s')
    for (const come of late) await come()
    expect(a.holds('s')).toEqual(held)
    expect(await a.append('s', wanted(3))).toEqual({ kind: 'appended', seq: 2 })
    expect((await world.log()).map(({ payload }) => payload)).toEqual([0, 2, 3])
  })
})

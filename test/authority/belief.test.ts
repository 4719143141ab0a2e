import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { appendAuthority } from '../../src/authority/index.js'
import type { Command, Reply } from '../../src/protocol/index.js'
import { type Core, memoryCore } from '../../src/stores/index.js'
import { mint, TTL_MS, World } from './world.js'

const wanted = (payload: number) => ({ type: 'wanted', payload })
const worldOn = (core: Core = memoryCore(mint)) => new World([core])
/** A core that answers after 30 ms. */
const slow = (world: World): Core => {
  const core = world.core()
  return {
    execute: async (command, nowMs) => {
      const reply = await core.execute(command, nowMs)
      await world.sleep(30)
      return reply
    },
  }
}

describe('what a node believes to hold', () => {
  it('is good for a TTL from when it asked, not from when it was answered', async () => {
    const world = worldOn()
    const a = world.start('a', { core: slow(world) })
    await a.append('s', wanted(0))
    expect(world.nowMs).toBe(60)
    world.nowMs = TTL_MS - 1
    expect(a.holds('s')?.epoch).toBe(1)
    world.nowMs = TTL_MS
    expect(a.holds('s')).toBeUndefined()
  })

  it('is renewed before it is used when little of it is left, for a TTL from when that was asked for', async () => {
    const world = worldOn()
    const a = world.start('a', { core: slow(world) })
    await a.append('s', wanted(0))
    world.nowMs = TTL_MS - 25
    await a.append('s', wanted(1))
    world.nowMs = TTL_MS - 24
    await a.append('s', wanted(2))
    world.nowMs = 2 * TTL_MS - 25
    expect(a.holds('s')?.epoch).toBe(1)
    world.nowMs = 2 * TTL_MS - 24
    expect(a.holds('s')).toBeUndefined()
    expect((await world.log()).map(({ epoch }) => epoch)).toEqual([1, 1, 1])
  })

  it('is not renewed while enough of it is left', async () => {
    const world = worldOn()
    const asked: string[] = []
    const core = memoryCore(mint)
    const watched: Core = {
      execute: (command, nowMs) => {
        asked.push(command.kind)
        return core.execute(command, nowMs)
      },
    }
    const a = world.start('a', { core: watched })
    await a.append('s', wanted(0))
    world.nowMs = TTL_MS - 25
    await a.append('s', wanted(1))
    expect(asked).toEqual(['acquire', 'append', 'append'])
    world.nowMs = TTL_MS - 24
    await a.append('s', wanted(2))
    expect(asked.slice(3)).toEqual(['renew', 'append'])
  })

  it('is not used for others once it has run out: the core is not asked', async () => {
    const world = worldOn()
    const a = world.start('a')
    await a.append('s', wanted(0))
    world.nowMs = TTL_MS
    const intent = { space: 's', ...wanted(1), session: 'b', request: 1 }
    expect(await a.receive(intent)).toEqual({ kind: 'not-holder' })
  })

  it.each<Reply>([
    { kind: 'stale-owner', currentEpoch: 2, requestedEpoch: 1 },
    { kind: 'unknown-epoch', currentEpoch: 0, requestedEpoch: 1 },
    { kind: 'split-brain', currentOwner: 'b', requestedOwner: 'a', epoch: 1 },
    { kind: 'invalid-token', owner: 'a', epoch: 1 },
    { kind: 'lease-expired', epoch: 1, expiresAtMs: 50 },
  ])('is dropped at $kind, and the core asked again at once', async (refusal) => {
    const world = worldOn()
    const core = memoryCore(mint)
    const told: (Reply | undefined)[] = [undefined, refusal]
    const refusing: Core = {
      execute: (command, nowMs) => (command.kind === 'append' && told.shift()) || core.execute(command, nowMs),
    }
    const a = world.start('a', { core: refusing })
    await a.append('s', wanted(0))
    expect(await a.append('s', wanted(1))).toEqual({ kind: 'appended', seq: 1 })
    expect(a.holds('s')?.epoch).toBe(2)
    expect(world.nowMs).toBe(0)
  })

  it('is not dropped for a refusal that comes late, of a lease before', async () => {
    const world = worldOn()
    const core = memoryCore(mint)
    let comeBack: (reply: Reply) => void = () => undefined
    const late: Core = {
      execute: (command: Command, nowMs) =>
        command.kind === 'append' && command.session === 'b'
          ? new Promise((resolve) => {
              comeBack = resolve
            })
          : core.execute(command, nowMs),
    }
    const a = world.start('a', { core: late })
    await a.append('s', wanted(0))
    const received = a.receive({ space: 's', ...wanted(1), session: 'b', request: 1 })
    await Promise.resolve()
    world.nowMs = TTL_MS
    await a.append('s', wanted(2))
    expect(a.holds('s')?.epoch).toBe(2)
    comeBack({ kind: 'stale-owner', currentEpoch: 2, requestedEpoch: 1 })
    expect(await received).toEqual({ kind: 'refused', refusal: 'stale-owner' })
    expect(a.holds('s')?.epoch).toBe(2)
  })

  it('is nothing after a release, which another need not wait for', async () => {
    const world = worldOn()
    const [a, b] = [world.start('a'), world.start('b')]
    await a.append('s', wanted(0))
    await a.release('s')
    expect(a.holds('s')).toBeUndefined()
    await b.append('s', wanted(1))
    expect(b.holds('s')?.epoch).toBe(2)
    expect(world.nowMs).toBe(0)
    await a.release('s')
    await a.release('nobody has touched it')
    expect(b.holds('s')?.epoch).toBe(2)
  })

  it('is kept of as many spaces as are held, and forgotten of all others: memory does not grow with them', async () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc') as () => void
    let nowMs = 0
    const granting: Core = {
      execute: (command) =>
        command.kind === 'acquire'
          ? {
              kind: 'granted',
              fence: { space: command.space, owner: 'a', epoch: 1, token: '' },
              grantedAtMs: nowMs,
              expiresAtMs: nowMs + TTL_MS,
            }
          : { kind: 'appended', seq: 0 },
    }
    const a = appendAuthority({
      node: 'a',
      session: 'a#1',
      core: granting,
      nowMs: () => nowMs,
      monotonicMs: () => 0,
      ttlMs: TTL_MS,
      renewBelowMs: 0,
      retryAfterMs: 0,
      giveUpAfterMs: 1,
      forward: () => Promise.reject(new Error('nobody')),
      sleep: () => Promise.resolve(),
    })
    const append = async (count: number, name: string) => {
      for (let at = 0; at < count; at++) await a.append(`${name}-${at}`, wanted(at))
    }
    await append(10_000, 'held')
    for (const at of [0, 9_999]) expect(a.holds(`held-${at}`)).toBeDefined()
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for (let round = 0; round < 20; round++) {
      nowMs += TTL_MS
      await append(5_000, `passing-${round}`)
    }
    collectGarbage()
    expect((process.memoryUsage().heapUsed - before) / 1e6).toBeLessThan(8)
  })
})

describe('the outcome of an append', () => {
  it('is not-written when the intent never went out, or a core has refused it last', async () => {
    const shared = memoryCore(mint)
    const world = worldOn(shared)
    let isDown = true
    const core: Core = {
      execute: (command, nowMs) => {
        if (isDown) throw new Error('the core is down')
        const reply = shared.execute(command, nowMs)
        isDown = reply.kind === 'stale-owner'
        return reply
      },
    }
    const [a, b] = [world.start('a', { core }), world.start('b')]
    expect(await a.append('s', wanted(0))).toEqual({ kind: 'not-written', why: 'the core is down' })
    isDown = false
    await a.append('s', wanted(1))
    world.nowMs += TTL_MS
    world.behindMs.set('a', TTL_MS)
    await b.append('s', wanted(2))
    expect(await a.append('s', wanted(3))).toEqual({ kind: 'not-written', why: 'the core is down' })
    expect((await world.log()).map(({ payload }) => payload)).toEqual([1, 2])
  })

  it('is appended for all that one node wants at once, in the order in which it was asked for', async () => {
    const world = worldOn()
    const [a, b] = [world.start('a', { core: slow(world), giveUpAfterMs: 10_000 }), world.start('b')]
    for (const node of [a, b]) {
      const outcomes = await world.during(
        Promise.all(Array.from({ length: 8 }, (_, at) => node.append('s', wanted(at)))),
      )
      expect(outcomes.map(({ kind }) => kind)).toEqual(Array(8).fill('appended'))
    }
    expect((await world.log()).map(({ payload }) => payload)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7])
  })
})

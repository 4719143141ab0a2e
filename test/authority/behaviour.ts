import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AppendAuthority, ForwardedIntent } from '../../src/authority/index.js'
import type { Core } from '../../src/stores/index.js'
import { appendsOnce } from './trouble.js'
import { mint, TTL_MS, World } from './world.js'

const aliasSet = (alias: string) => ({ type: 'alias-set', payload: { alias, page: 7 } })
const bindingMade = (key: string) => ({ type: 'binding-made', payload: { key, to: ['a', 'b'] } })
const pageForked = (page: number) => ({ type: 'page-forked', payload: { page, from: null } })
const seqOf = (outcome: { readonly kind: string; readonly seq?: number }) =>
  outcome.kind === 'appended' ? outcome.seq : outcome

/** `cores` makes two cores on one store with nothing in it, as two processes would have them. */
export function describeAuthority(
  name: string,
  open: () => Promise<{ cores(mintToken: typeof mint): readonly Core[]; close(): Promise<void> }>,
  seeds = 10,
): void {
  describe(`append authority on ${name}`, () => {
    let store: Awaited<ReturnType<typeof open>>
    const cluster = () => new World(store.cores(mint))
    beforeAll(async () => {
      store = await open()
    })
    afterAll(() => store.close())

    it('appends to a space that nobody holds: it acquires it first', async () => {
      const world = cluster()
      const a = world.start('a')
      expect(a.holds('s')).toBeUndefined()
      expect(await a.append('s', aliasSet('home'))).toEqual({ kind: 'appended', seq: 0 })
      expect(a.holds('s')).toMatchObject({ space: 's', owner: 'a', epoch: 1 })
      expect(await world.log()).toEqual([{ seq: 0, epoch: 1, owner: 'a', ...aliasSet('home') }])
    })

    it('lets only one node hold a space at a time: an acquire while the lease is live is refused with LeaseHeld', async () => {
      const world = cluster()
      const [a, b] = [world.start('a'), world.start('b')]
      await a.append('s', aliasSet('home'))
      await b.append('s', aliasSet('away'))
      expect(a.holds('s')?.epoch).toBe(1)
      expect(b.holds('s')).toBeUndefined()
      const [core] = store.cores(mint) as [Core]
      const acquire = { kind: 'acquire', space: 'x', ttlMs: 10, clockMs: 0, queueMs: 0, inQueue: false } as const
      await core.execute({ ...acquire, owner: 'a', session: 'a', request: 1 }, 0)
      expect(await core.execute({ ...acquire, owner: 'b', session: 'b', request: 1 }, 9)).toMatchObject({
        kind: 'lease-held',
        owner: 'a',
        expiresAtMs: 10,
      })
    })

    it('forwards what a non-holder wants appended, rather than write it', async () => {
      const world = cluster()
      const [a, b] = [world.start('a'), world.start('b')]
      await a.append('s', aliasSet('home'))
      expect(await b.append('s', bindingMade('k'))).toEqual({ kind: 'appended', seq: 1 })
      expect((await world.log()).map(({ owner, type }) => [owner, type])).toEqual([
        ['a', 'alias-set'],
        ['a', 'binding-made'],
      ])
    })

    it('puts concurrent appends of several nodes into one total order', async () => {
      const world = cluster()
      const nodes = ['a', 'b', 'c'].map((node) => world.start(node))
      const outcomes = await Promise.all(
        Array.from({ length: 18 }, (_, at) => (nodes[at % 3] as AppendAuthority).append('s', pageForked(at))),
      )
      const log = await world.log()
      expect(log.map(({ seq }) => seq)).toEqual(Array.from({ length: 18 }, (_, seq) => seq))
      expect(new Set(log.map(({ owner }) => owner)).size).toBe(1)
      for (const [at, outcome] of outcomes.entries()) {
        const event = log.find(({ payload }) => (payload as { page: number }).page === at)
        expect(outcome).toEqual({ kind: 'appended', seq: event?.seq })
      }
    })

    it('lets a successor go on at the head of the log', async () => {
      const world = cluster()
      const [a, b] = [world.start('a'), world.start('b')]
      for (const alias of ['one', 'two', 'three']) await a.append('s', aliasSet(alias))
      await a.release('s')
      expect(await b.append('s', aliasSet('four'))).toEqual({ kind: 'appended', seq: 3 })
      world.die('b')
      world.nowMs += TTL_MS
      expect(await a.append('s', aliasSet('five'))).toEqual({ kind: 'appended', seq: 4 })
      expect((await world.log()).map(({ seq, epoch, owner }) => [seq, epoch, owner])).toEqual([
        [0, 1, 'a'],
        [1, 1, 'a'],
        [2, 1, 'a'],
        [3, 2, 'b'],
        [4, 3, 'a'],
      ])
    })

    it('does not let a stale ex-holder fork the log: it finds out, and forwards', async () => {
      const world = cluster()
      const [a, b] = [world.start('a'), world.start('b')]
      await a.append('s', aliasSet('home'))
      world.nowMs += TTL_MS
      expect(await b.append('s', bindingMade('k'))).toEqual({ kind: 'appended', seq: 1 })
      // Its clock has stood still: it believes that it holds the lease, and writes.
      world.behindMs.set('a', TTL_MS)
      expect(a.holds('s')?.epoch).toBe(1)
      expect(await a.append('s', pageForked(1))).toEqual({ kind: 'appended', seq: 2 })
      expect(a.holds('s')).toBeUndefined()
      expect((await world.log()).map(({ epoch, owner }) => [epoch, owner])).toEqual([
        [1, 'a'],
        [2, 'b'],
        [2, 'b'],
      ])
    })

    it('keeps a partitioned holder from writing once another has taken over', async () => {
      const world = cluster()
      const [a, b] = [world.start('a'), world.start('b')]
      await a.append('s', aliasSet('home'))
      world.unreachable.add('a')
      // `b` cannot reach the holder; when the lease has run out it takes over.
      expect(await b.append('s', bindingMade('k'))).toEqual({ kind: 'appended', seq: 1 })
      expect(await a.append('s', pageForked(1))).toMatchObject({ kind: 'appended', seq: 2 })
      const log = await world.log()
      expect(log.map(({ seq }) => seq)).toEqual([0, 1, 2])
      expect(log.map(({ epoch }) => epoch)).toEqual([...log.map(({ epoch }) => epoch)].sort((x, y) => x - y))
    })

    it('writes an intent once when its holder dies before it could', async () => {
      const world = cluster()
      const [a, b] = [world.start('a'), world.start('b')]
      await a.append('s', aliasSet('home'))
      world.onForward = (when, to) => when === 'before' && world.die(to)
      expect(await b.append('s', bindingMade('k'))).toEqual({ kind: 'appended', seq: 1 })
      expect((await world.log()).map(({ owner, type }) => [owner, type])).toEqual([
        ['a', 'alias-set'],
        ['b', 'binding-made'],
      ])
    })

    it('finds an intent written when its holder died after it had written it', async () => {
      const world = cluster()
      const [a, b] = [world.start('a'), world.start('b')]
      await a.append('s', aliasSet('home'))
      world.onForward = (when, to) => {
        if (when === 'before') return
        world.die(to)
        throw new Error('the reply is lost')
      }
      expect(await b.append('s', bindingMade('k'))).toEqual({ kind: 'appended', seq: 1 })
      expect((await world.log()).map(({ owner, type }) => [owner, type])).toEqual([
        ['a', 'alias-set'],
        ['a', 'binding-made'],
      ])
    })

    it('asks the core when holder and forwarder disagree about who holds the lease', async () => {
      const world = cluster()
      const [a, b, c] = [world.start('a'), world.start('b'), world.start('c')]
      await a.append('s', aliasSet('home'))
      await b.append('s', aliasSet('b knows that a holds it'))
      await a.release('s')
      await c.append('s', aliasSet('now c holds it'))
      expect(seqOf(await b.append('s', bindingMade('k')))).toBe(3)
      expect((await world.log()).map(({ owner }) => owner)).toEqual(['a', 'a', 'c', 'c'])
    })

    it('says that nothing is known when nobody answers in time, and settles it with the next intent', async () => {
      const world = cluster()
      const [a, b] = [world.start('a'), world.start('b', { giveUpAfterMs: TTL_MS / 2 })]
      await a.append('s', aliasSet('home'))
      const lose = (side: 'before' | 'after') => (when: string) => {
        if (when === side) throw new Error(`lost ${side} it was handled`)
      }
      world.onForward = lose('after')
      expect(await b.append('s', bindingMade('k'))).toEqual({ kind: 'unknown', why: 'lost after it was handled' })
      world.onForward = () => undefined
      await b.append('s', bindingMade('l'))
      const keys = (await world.log()).flatMap(({ payload }) => (payload as { key?: string }).key ?? [])
      expect(keys).toEqual(['k', 'l'])
    })

    it('gives up in time by a clock that nobody sets, though its own is set back again and again', async () => {
      const world = cluster()
      const [a, b] = [world.start('a'), world.start('b')]
      await a.append('s', aliasSet('home'))
      world.unreachable.add('a')
      const startedMs = world.nowMs
      let forwards = 0
      world.onForward = () => {
        forwards += 1
        world.behindMs.set('b', forwards < 1_000 ? 1_000_000 * forwards : 0)
        world.nowMs += forwards < 1_000 ? 1 : 1e12
      }
      expect((await b.append('s', bindingMade('k'))).kind).toBe('unknown')
      expect(world.nowMs - startedMs).toBeLessThan(5 * TTL_MS)
    })

    it('does not say that an intent is not written of which a copy may still come to a holder', async () => {
      const world = cluster()
      const [a, b] = [world.start('a'), world.start('b', { giveUpAfterMs: TTL_MS / 2 })]
      await a.append('s', aliasSet('home'))
      await b.append('s', aliasSet('b knows that a holds it'))
      await a.release('s')
      const copies: ForwardedIntent[] = []
      world.onForward = (when, _, intent) => {
        if (when === 'after') world.nowMs += TTL_MS
        else copies.push(intent)
      }
      expect(await b.append('s', bindingMade('k'))).toEqual({ kind: 'unknown', why: 'a does not hold the lease' })
      await a.append('s', aliasSet('a holds it again'))
      const [copy] = copies as [ForwardedIntent]
      expect(await a.receive(copy)).toEqual({ kind: 'appended', seq: 3 })
      await b.append('s', bindingMade('l'))
      const keys = (await world.log()).flatMap(({ payload }) => (payload as { key?: string }).key ?? [])
      expect(keys).toEqual(['k', 'l'])
    })

    it('appends nothing more of a session that has been settled', async () => {
      const world = cluster()
      const [a, b] = [world.start('a'), world.start('b', { giveUpAfterMs: TTL_MS / 2 })]
      await a.append('s', aliasSet('home'))
      const copies: ForwardedIntent[] = []
      world.onForward = (_, __, intent) => {
        copies.push(intent)
        throw new Error('late')
      }
      expect(await b.append('s', bindingMade('k'))).toMatchObject({ kind: 'unknown' })
      world.onForward = () => undefined
      const again = world.start('b', { session: 'b#2' })
      await again.settle('b#1', 's')
      await again.settle('b#1', 's')
      expect((await world.log()).map(({ type }) => type)).toEqual(['alias-set'])
      expect(await a.receive(copies[0] as ForwardedIntent)).toEqual({ kind: 'refused', refusal: 'superseded' })
      expect(await again.append('s', bindingMade('k'))).toEqual({ kind: 'appended', seq: 1 })
      expect(await b.append('s', bindingMade('l'))).toEqual({ kind: 'unknown', why: 'b#1 has been settled' })
      expect(await world.log()).toHaveLength(2)
      // A space that nobody has touched can be settled as well.
      await again.settle('b#1', 't')
      await expect(again.settle('b#2', 's')).rejects.toThrow('session "b#2" is this node\'s own')
      await expect(again.settle('b#2 lease', 's')).rejects.toThrow('session is "b#2 lease"')
      await expect(again.settle('', 's')).rejects.toThrow('session is ""')
    })

    it('appends every intent once, whatever is slow, lost or late, whoever dies, and whenever', async () => {
      for (let seed = 0; seed < seeds; seed++) await appendsOnce(seed, cluster())
    })
  })
}

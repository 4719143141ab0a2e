import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type AppendAuthority,
  appendAuthority,
  type ForwardedIntent,
  type ForwardReply,
} from '../../src/authority/index.js'
import { tokenMint } from '../../src/lease/index.js'
import type { LogEvent } from '../../src/log/index.js'
import type { Core } from '../../src/stores/index.js'

const TTL_MS = 100
const mint = tokenMint('secret')

/** Nodes on the cores of one store, in a world that is told what to break. */
class Cluster {
  nowMs = 0
  readonly #nodes = new Map<string, AppendAuthority>()
  readonly #cores: readonly Core[]
  /** Nodes that can be reached by nobody. Their way to the core stays open: they are the more dangerous ones. */
  readonly unreachable = new Set<string>()
  /** How far the clocks of nodes are behind. */
  readonly behindMs = new Map<string, number>()
  /** Told of every forward before and after it took place; what it throws is what the sender sees. */
  onForward: (when: 'before' | 'after', to: string, intent: ForwardedIntent) => void = () => undefined

  constructor(cores: readonly Core[]) {
    this.#cores = cores
  }

  /** The node of that name; a former one of that name is gone. */
  start(node: string, session = `${node}#1`, giveUpAfterMs = 3 * TTL_MS): AppendAuthority {
    const authority = appendAuthority({
      node,
      session,
      core: this.#cores[this.#nodes.size % this.#cores.length] as Core,
      nowMs: () => this.nowMs - (this.behindMs.get(node) ?? 0),
      monotonicMs: () => this.nowMs,
      ttlMs: TTL_MS,
      renewBelowMs: TTL_MS / 4,
      retryAfterMs: 20,
      giveUpAfterMs,
      sleep: async (ms) => {
        this.nowMs += ms
      },
      forward: async (to, intent): Promise<ForwardReply> => {
        this.onForward('before', to, intent)
        const peer = this.#nodes.get(to)
        if (peer === undefined || this.unreachable.has(to) || this.unreachable.has(node)) {
          throw new Error(`${to} cannot be reached`)
        }
        const reply = await peer.receive(intent)
        this.onForward('after', to, intent)
        return reply
      },
    })
    this.#nodes.set(node, authority)
    return authority
  }

  die(node: string): void {
    this.#nodes.delete(node)
  }

  async log(space = 's'): Promise<readonly LogEvent[]> {
    const [core] = this.#cores as [Core]
    const reply = await core.execute(
      { kind: 'read', space, fromSeq: 0, limit: 10_000, session: 'reader', request: 1 },
      this.nowMs,
    )
    if (reply.kind !== 'events') throw new Error(reply.kind)
    return reply.events
  }
}

const aliasSet = (alias: string) => ({ type: 'alias-set', payload: { alias, page: 7 } })
const bindingMade = (key: string) => ({ type: 'binding-made', payload: { key, to: ['a', 'b'] } })
const pageForked = (page: number) => ({ type: 'page-forked', payload: { page, from: null } })
const seqOf = (outcome: { readonly kind: string; readonly seq?: number }) =>
  outcome.kind === 'appended' ? outcome.seq : outcome

/** `cores` makes two cores on one store with nothing in it, as two processes would have them. */
export function describeAuthority(
  name: string,
  open: () => Promise<{ cores(mintToken: typeof mint): readonly Core[]; close(): Promise<void> }>,
  runs = 20,
): void {
  describe(`append authority on ${name}`, () => {
    let store: Awaited<ReturnType<typeof open>>
    const cluster = () => new Cluster(store.cores(mint))
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
      const [a, b] = [world.start('a'), world.start('b', 'b#1', TTL_MS / 2)]
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
      const [a, b] = [world.start('a'), world.start('b', 'b#1', TTL_MS / 2)]
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

    it('appends every intent once, whatever is lost, whoever dies, and whenever', async () => {
      const step = fc.record({
        node: fc.nat(2),
        space: fc.constantFrom('s', 't'),
        fault: fc.constantFrom(
          'none',
          'none',
          'request',
          'reply',
          'dies-before',
          'dies-after',
          'partition',
          'heal',
          'clock-stops',
        ),
        passMs: fc.constantFrom(0, 0, 10, 60, 150),
        both: fc.boolean(),
      })
      const patience = fc.constantFrom(30, 3 * TTL_MS)
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }),
          patience,
          async (steps, giveUpAfterMs) => {
            const world = cluster()
            const starts = [0, 0, 0]
            const names = ['a', 'b', 'c']
            const nodes = names.map((node) => world.start(node, `${node}#1`, giveUpAfterMs))
            const restart = (at: number) => {
              const session = `${names[at]}#${(starts[at] as number) + 2}`
              starts[at] = (starts[at] as number) + 1
              nodes[at] = world.start(names[at] as string, session, giveUpAfterMs)
            }
            const done: { readonly space: string; readonly id: number; readonly seq: number }[] = []
            const never: number[] = []
            let id = 0
            for (const { node, space, fault, passMs, both } of steps) {
              world.nowMs += passMs
              if (fault === 'partition') world.unreachable.add(names[node] as string)
              if (fault === 'heal') world.unreachable.clear()
              if (fault === 'clock-stops') world.behindMs.set(names[node] as string, passMs)
              let struck = false
              world.onForward = (when, to) => {
                if (struck) return
                const dies = fault === `dies-${when}`
                const lost = fault === (when === 'before' ? 'request' : 'reply')
                struck = dies || lost
                if (dies) restart(names.indexOf(to))
                if (struck) throw new Error('lost')
              }
              const appending = [node, ...(both ? [(node + 1) % 3] : [])].map(async (at) => {
                const mine = id++
                const outcome = await (nodes[at] as AppendAuthority).append(space, pageForked(mine))
                if (outcome.kind === 'appended') done.push({ space, id: mine, seq: outcome.seq })
                if (outcome.kind === 'not-written') never.push(mine)
              })
              await Promise.all(appending)
            }
            for (const space of ['s', 't']) {
              const log = await world.log(space)
              const ids = log.map(({ payload }) => (payload as { page: number }).page)
              expect(log.map(({ seq }) => seq)).toEqual(log.map((_, at) => at))
              expect(new Set(ids).size, 'an intent is one event').toBe(ids.length)
              const epochs = log.map(({ epoch }) => epoch)
              expect(epochs, 'epochs never go back').toEqual([...epochs].sort((x, y) => x - y))
              for (const { seq, id: mine } of done.filter((each) => each.space === space)) expect(ids[seq]).toBe(mine)
              expect(
                ids.filter((each) => never.includes(each)),
                'what was said not to be written',
              ).toEqual([])
            }
          },
        ),
        { numRuns: runs },
      )
    })
  })
}

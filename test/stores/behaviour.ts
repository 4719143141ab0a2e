import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { conformanceOf } from '../../src/conformance/index.js'
import { tokenMint } from '../../src/lease/index.js'
import type { Command, Reply } from '../../src/protocol/index.js'
import {
  type Core,
  keyOf,
  memoryCore,
  type OpenStore,
  readLog,
  type Store,
  type Swap,
  storedCore,
} from '../../src/stores/index.js'
import { storedSubject } from '../../src/subject/index.js'
import { anyCommands, awkwardNames } from './commands.js'

const mint = tokenMint('secret')

/**
 * What every store has to do, whatever it is made of. `open` is called twice: two openings of one store are what two
 * processes would have.
 */
export function describeStore(name: string, open: () => Promise<OpenStore>, runs = 25): void {
  describe(`${name} as a store`, () => {
    let one: OpenStore
    let other: OpenStore
    let spaces = 0
    const fresh = () => `test-${name.replace(/\W/g, '-')}-${process.pid}-${++spaces}`
    const used: string[] = []
    const namespaces = () => {
      const namespace = fresh()
      used.push(namespace)
      return [one.namespace(namespace), other.namespace(namespace)] as const
    }
    const store = (): Store => namespaces()[0]
    const core = (): Core => storedCore(store(), mint)

    beforeAll(async () => {
      one = await open()
      other = await open()
    })
    afterAll(async () => {
      for (const namespace of used) await one.remove(namespace)
      await one.close()
      await other.close()
    })

    it('keeps a space, and gives it back as it was put', async () => {
      const kept = store()
      expect(await kept.load('s', 'a')).toEqual({ version: 0, record: undefined, session: undefined })
      expect(await kept.swap('s', swapOf(0, { record: 'r1', session: 'told' }))).toBe(true)
      expect(await kept.load('s', 'session')).toEqual({ version: 1, record: 'r1', session: 'told' })
      expect(await kept.load('s', 'another')).toEqual({ version: 1, record: 'r1', session: undefined })
      expect(await kept.load('t', 'session')).toEqual({ version: 0, record: undefined, session: undefined })
    })

    it.each(['*', 'a/b', '', "'", '..', 'a b', '{a}'])(
      'has no namespace called %j: it could be others as well',
      async (odd) => {
        const kept = store()
        await kept.swap('s', swapOf(0, { record: 'r1' }))
        expect(() => one.namespace(odd)).toThrow(RangeError)
        await expect(one.remove(odd)).rejects.toThrow(RangeError)
        expect((await kept.load('s', 'session')).version).toBe(1)
      },
    )

    it('swaps what is still as it was seen, and nothing else', async () => {
      const [kept, same] = namespaces()
      expect(await kept.swap('s', swapOf(0, { record: 'r1' }))).toBe(true)
      expect(await same.swap('s', swapOf(0, { record: 'lost', effect: event(0) }))).toBe(false)
      expect(await same.swap('s', swapOf(2, { record: 'lost', effect: event(0) }))).toBe(false)
      expect(await same.swap('s', swapOf(1, { record: 'r2', effect: event(0) }))).toBe(true)
      expect(await kept.swap('s', swapOf(1, { record: 'lost', session: 'lost' }))).toBe(false)
      expect(await kept.load('s', 'session')).toEqual({ version: 2, record: 'r2', session: '{}' })
      expect((await kept.view('s', 0, 9)).events).toHaveLength(1)
    })

    it.each([
      ['nothing else', undefined],
      ['an event', event(1)],
      ['a checkpoint', { kind: 'checkpoint', checkpoint: { nextSeq: 1, epoch: 1, state: 1 } }],
      ['a truncation', { kind: 'truncate', beforeSeq: 1 }],
    ] as const)('swaps the record with %s, telling nobody, as it does telling somebody', async (_, effect) => {
      const [kept, same] = namespaces()
      for (const session of ['told', undefined]) {
        const space = session ?? 'silent'
        const swap = (version: number, by: Store, change: Partial<Swap> = {}) =>
          by.swap(space, swapOf(version, { record: `r${version + 1}`, session, effect, ...change }))
        expect(await swap(0, kept, { effect: event(0), session: 'first' })).toBe(true)
        for (const version of [0, 2]) expect(await swap(version, same)).toBe(false)
        const seqs = async () => (await same.view(space, 0, 9)).events.map((text) => JSON.parse(text).seq)
        expect(await seqs()).toEqual([0])
        expect(await swap(1, kept)).toBe(true)
        expect(await swap(1, same, { record: 'lost' })).toBe(false)
        const { record, checkpoint } = await same.view(space, 0, 9)
        expect([record, checkpoint]).toEqual(['r2', effect?.kind === 'checkpoint' ? expect.any(String) : undefined])
        expect(await seqs()).toEqual(effect?.kind === 'append' ? [0, 1] : effect?.kind === 'truncate' ? [] : [0])
        expect(await kept.load(space, 'session')).toEqual({ version: 2, record: 'r2', session: session ?? 'first' })
        expect(await swap(2, same, { session: undefined, effect: undefined })).toBe(true)
      }
      expect(await kept.swap('new', swapOf(0, { session: undefined, effect: event(0) }))).toBe(true)
      expect(await same.swap('new', swapOf(0, { session: undefined, effect: event(0) }))).toBe(false)
      expect((await same.view('new', 0, 9)).events).toHaveLength(1)
    })

    it('lets one of many win who swap the same version at once', async () => {
      const [kept, same] = namespaces()
      for (let version = 0; version < 5; version++) {
        const swaps = Array.from({ length: 8 }, (_, racer) =>
          (racer % 2 === 0 ? kept : same).swap('s', swapOf(version, { record: `by ${racer}`, effect: event(version) })),
        )
        expect((await Promise.all(swaps)).filter((won) => won)).toHaveLength(1)
      }
      expect((await same.view('s', 0, 99)).events.map((text) => JSON.parse(text).seq)).toEqual([0, 1, 2, 3, 4])
    })

    it('shows checkpoint and events of one moment, page by page, and forgets what is truncated', async () => {
      const kept = store()
      for (let seq = 0; seq < 7; seq++) await kept.swap('s', swapOf(seq, { effect: event(seq) }))
      const seqs = async (from: number, limit: number) =>
        (await kept.view('s', from, limit)).events.map((text) => JSON.parse(text).seq)
      expect(await seqs(0, 3)).toEqual([0, 1, 2])
      expect(await seqs(5, 3)).toEqual([5, 6])
      expect(await seqs(7, 3)).toEqual([])
      expect(await seqs(2, 0)).toEqual([])
      const checkpoint = { nextSeq: 4, epoch: 1, state: { sum: 6 } }
      await kept.swap('s', swapOf(7, { effect: { kind: 'checkpoint', checkpoint } }))
      await kept.swap('s', swapOf(8, { record: 'last', effect: { kind: 'truncate', beforeSeq: 4 } }))
      expect(await seqs(0, 9)).toEqual([4, 5, 6])
      const view = await kept.view('s', 4, 1)
      expect([view.record, JSON.parse(view.checkpoint ?? '')]).toEqual(['last', checkpoint])
    })

    it('keeps namespaces apart, and removes one of them', async () => {
      const [here, there] = [fresh(), fresh()]
      used.push(here, there)
      await one.namespace(here).swap('s', swapOf(0, { record: 'here', effect: event(0) }))
      await one.namespace(there).swap('s', swapOf(0, { record: 'there' }))
      await one.remove(here)
      expect(await other.namespace(here).load('s', 'session')).toEqual({
        version: 0,
        record: undefined,
        session: undefined,
      })
      expect((await other.namespace(here).view('s', 0, 9)).events).toEqual([])
      expect((await other.namespace(there).load('s', 'session')).record).toBe('there')
      expect(await one.namespace(here).swap('s', swapOf(0, { record: 'anew' }))).toBe(true)
    })

    it('keeps any text', async () => {
      const kept = store()
      let version = 0
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'binary' }), fc.json(), async (text, json) => {
          const record = JSON.stringify({ text, json })
          await kept.swap('s', swapOf(version, { record, session: record, effect: event(version, text) }))
          version += 1
          expect(await kept.load('s', 'session')).toEqual({ version, record, session: record })
          const [last] = (await kept.view('s', version - 1, 1)).events
          expect(JSON.parse(last ?? '').payload).toBe(text)
        }),
        { numRuns: runs },
      )
    })

    it('keeps spaces, owners and sessions of any name apart', async () => {
      const on = core()
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(awkwardNames, { minLength: 2, maxLength: 6 }), async (names) => {
          for (const space of names) {
            const asked = { session: space, request: ++spaces, clockMs: 0, queueMs: 0, inQueue: false } as const
            const reply = await on.execute({ kind: 'acquire', space, owner: space, ttlMs: 1, ...asked }, spaces * 10)
            if (reply.kind !== 'granted') throw new Error(`${JSON.stringify(space)}: ${reply.kind}`)
            expect([reply.fence.space, reply.fence.owner]).toEqual([space, space])
            const { fence } = reply
            const append = { kind: 'append', fence, type: space, payload: space, session: space } as const
            expect((await on.execute({ ...append, request: ++spaces }, spaces * 10 - 10)).kind).toBe('appended')
            const read = { kind: 'read', space, fromSeq: 0, limit: 999, session: space, request: ++spaces } as const
            const log = await on.execute(read, spaces * 10)
            if (log.kind !== 'events') throw new Error(log.kind)
            for (const { owner, type, payload } of log.events)
              expect([owner, type, payload]).toEqual([space, space, space])
          }
        }),
        { numRuns: runs },
      )
    })

    it('answers any commands as the memory does', async () => {
      await fc.assert(
        fc.asyncProperty(anyCommands, async (commands) => {
          const [first, second] = namespaces()
          const cores = [storedCore(first, mint), storedCore(second, mint)]
          const inMemory = memoryCore(mint)
          let nowMs = 0
          for (const { make, passMs, on } of commands) {
            nowMs += passMs
            const command = make()
            const replies = [await (cores[on] as Core).execute(command, nowMs), inMemory.execute(command, nowMs)]
            expect(asDocument(replies[0]), command.kind).toEqual(asDocument(replies[1]))
          }
        }),
        { numRuns: runs },
      )
    })

    it('is one core in as many processes: their commands have one order', async () => {
      const [first, second] = namespaces()
      const cores = [storedCore(first, mint), storedCore(second, mint)]
      const acquire = { kind: 'acquire', space: 's', ttlMs: 1_000, clockMs: 0, queueMs: 0, inQueue: false } as const
      const granted = await (cores[0] as Core).execute({ ...acquire, owner: 'a', session: 'a', request: 1 }, 0)
      if (granted.kind !== 'granted') throw new Error(granted.kind)
      const appends = Array.from(
        { length: 24 },
        (_, at): Command => ({
          kind: 'append',
          fence: granted.fence,
          type: 'entry',
          payload: at,
          session: `session ${at % 6}`,
          request: at + 1,
        }),
      )
      const bySession = Array.from({ length: 6 }, (_, session) => appends.filter((_, at) => at % 6 === session))
      const replies: Reply[] = []
      await Promise.all(
        bySession.map(async (mine, session) => {
          for (const append of mine) replies.push(await (cores[session % 2] as Core).execute(append, 1))
        }),
      )
      expect(replies.map((reply) => (reply.kind === 'appended' ? reply.seq : -1)).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 24 }, (_, seq) => seq),
      )
      const log = await (cores[1] as Core).execute(
        { kind: 'read', space: 's', fromSeq: 0, limit: 99, session: 'r', request: 1 },
        2,
      )
      if (log.kind !== 'events') throw new Error(log.kind)
      expect(new Set(log.events.map(({ payload }) => payload)).size).toBe(24)
    })

    it('is not begun anew by a core that knows what was in it: fences of before would be good again', async () => {
      const namespace = fresh()
      used.push(namespace)
      const at = (open: OpenStore) => storedCore(open.namespace(namespace), mint)
      const [before, removed] = [at(one), at(one)]
      const ask = (on: Core, request: number) => {
        const asked = { session: 'a', request, clockMs: 0, queueMs: 0, inQueue: false }
        return on.execute({ kind: 'acquire', space: 's', owner: 'a', ttlMs: 1, ...asked }, 10 * request)
      }
      expect([await ask(before, 1), await ask(removed, 2)]).toMatchObject([
        { fence: { epoch: 1 } },
        { kind: 'granted' },
      ])
      await other.remove(namespace)
      for (const core of [before, removed]) {
        for (const request of [3, 4])
          await expect(ask(core, request)).rejects.toMatchObject({ problem: { lost: true } })
      }
      expect(await ask(at(other), 5)).toMatchObject({ kind: 'granted', fence: { epoch: 1 } })
      await expect(ask(removed, 6)).rejects.toMatchObject({ problem: { lost: true } })
    })

    it('keeps the contract, sentence by sentence', async () => {
      const subject = storedSubject((mintToken) => storedCore(store(), mintToken))
      const results = await conformanceOf(subject)
      expect(results.filter(({ verdict }) => verdict !== 'held')).toEqual([])
      expect(results.length).toBeGreaterThan(30)
    })
  })
}

/** A log in `open`, at namespace `cut` and space `s`, of which `cut` takes the events from `seq` 3 on: whoever reads it is told. */
export async function expectCutLogToBeTold(open: OpenStore, cut: () => unknown): Promise<void> {
  const core = storedCore(open.namespace('cut'), mint)
  const asked = (request: number) => ({ session: 'a', request, clockMs: 0, queueMs: 0, inQueue: false })
  const granted = await core.execute({ kind: 'acquire', space: 's', owner: 'a', ttlMs: 1_000, ...asked(1) }, 0)
  if (granted.kind !== 'granted') throw new Error(granted.kind)
  const { fence } = granted
  for (let at = 0; at < 5; at++)
    await core.execute({ kind: 'append', fence, type: 'entry', payload: at, ...asked(2 + at) }, 1)
  const seqs = async () => {
    const read: number[] = []
    for await (const { seq } of readLog(core, 's')) read.push(seq)
    return read
  }
  expect(await seqs()).toEqual([0, 1, 2, 3, 4])
  await cut()
  await expect(seqs()).rejects.toThrow(new RangeError('s: the log ends before seq 3, its head is at seq 5'))
}

const asDocument = (reply: Reply | undefined): unknown => JSON.parse(JSON.stringify(reply))

const swapOf = (version: number, change: Partial<Swap> = {}): Swap => ({
  version,
  record: '{}',
  sessionKey: keyOf('session'),
  by: keyOf('session'),
  session: '{}',
  effect: undefined,
  atMs: version,
  command: 'append',
  ...change,
})

const event = (seq: number, payload: string | number = seq) =>
  ({ kind: 'append', event: { seq, epoch: 1, owner: 'a', type: 'entry', payload } }) as const

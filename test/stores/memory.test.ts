import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Fence, tokenMint } from '../../src/lease/index.js'
import type { Command, Reply } from '../../src/protocol/index.js'
import { memoryCore } from '../../src/stores/index.js'

const core = () => memoryCore(tokenMint('secret'))
let requests = 0
const ask = (session: string) => ({ session, request: ++requests })
const acquire = (owner: string): Command => ({
  kind: 'acquire',
  space: 's',
  owner,
  ttlMs: 100,
  clockMs: 0,
  inQueue: false,
  queueMs: 0,
  ...ask(owner),
})
const append = (fence: Fence, payload: number): Command => ({
  kind: 'append',
  fence,
  type: 'entry',
  payload,
  ...ask(fence.owner),
})
const read = (fromSeq: number, limit = 100): Command => ({ kind: 'read', space: 's', fromSeq, limit, ...ask('reader') })

function fenceIn(reply: Reply): Fence {
  if (reply.kind !== 'granted') throw new Error(`expected a grant, found ${reply.kind}`)
  return reply.fence
}

describe('the core in memory', () => {
  it('appends under a fence, makes checkpoints, and gives the rest back for replay', () => {
    const store = core()
    const fence = fenceIn(store.execute(acquire('a'), 0))
    for (const payload of [10, 11, 12]) store.execute(append(fence, payload), 1)
    expect(store.execute({ kind: 'checkpoint', fence, nextSeq: 2, state: 'two', ...ask('a') }, 2)).toEqual({
      kind: 'checkpointed',
      nextSeq: 2,
    })
    expect(store.execute({ kind: 'load', space: 's', ...ask('b') }, 3)).toEqual({
      kind: 'loaded',
      checkpoint: { nextSeq: 2, epoch: 1, state: 'two' },
      nextSeq: 3,
    })
    expect(store.execute(read(2), 3)).toEqual({
      kind: 'events',
      events: [{ seq: 2, epoch: 1, owner: 'a', type: 'entry', payload: 12 }],
      nextSeq: 3,
    })
  })

  it('gives a request that is sent again the very same reply, and lets it take effect once', () => {
    const store = core()
    const asked = acquire('a')
    const first = store.execute(asked, 0)
    expect(store.execute(asked, 500)).toBe(first)
    const fence = fenceIn(first)
    const written = append(fence, 1)
    expect(store.execute(written, 10)).toEqual({ kind: 'appended', seq: 0 })
    expect(store.execute(written, 20)).toEqual({ kind: 'appended', seq: 0 })
    expect(store.execute(read(0), 30)).toMatchObject({ nextSeq: 1 })
  })

  it('refuses a late copy of an older request, even where it would be granted now', () => {
    const store = core()
    store.execute(acquire('a'), 0)
    const late = acquire('b')
    store.execute(late, 10)
    const latest = acquire('b')
    store.execute(latest, 20)
    expect(store.execute(late, 1_000)).toEqual({
      kind: 'superseded',
      request: late.request,
      latestRequest: latest.request,
    })
  })

  it('writes nothing without a live lease', () => {
    const store = core()
    const old = fenceIn(store.execute(acquire('a'), 0))
    expect(store.execute(append(old, 1), 100)).toMatchObject({ kind: 'lease-expired' })
    const current = fenceIn(store.execute(acquire('b'), 100))
    expect(store.execute(append(old, 1), 101)).toMatchObject({ kind: 'stale-owner' })
    expect(store.execute(append({ ...current, owner: 'a' }, 1), 101)).toMatchObject({ kind: 'split-brain' })
    expect(store.execute(append({ ...current, token: old.token }, 1), 101)).toMatchObject({ kind: 'invalid-token' })
    expect(store.execute(read(0), 101)).toMatchObject({ events: [], nextSeq: 0 })
  })

  it('lets no checkpoint run ahead or back, and truncates only below it', () => {
    const store = core()
    const fence = fenceIn(store.execute(acquire('a'), 0))
    for (const payload of [1, 2, 3, 4]) store.execute(append(fence, payload), 1)
    const checkpoint = (nextSeq: number) =>
      store.execute({ kind: 'checkpoint', fence, nextSeq, state: nextSeq, ...ask('a') }, 2)
    const truncate = (beforeSeq: number) => store.execute({ kind: 'truncate', fence, beforeSeq, ...ask('a') }, 3)
    expect(checkpoint(5)).toEqual({ kind: 'ahead-of-log', nextSeq: 4, requestedSeq: 5 })
    expect(truncate(1)).toEqual({ kind: 'checkpoint-mismatch', checkpointSeq: 0, requestedSeq: 1 })
    expect(checkpoint(3)).toMatchObject({ kind: 'checkpointed' })
    expect(checkpoint(2)).toEqual({ kind: 'checkpoint-mismatch', checkpointSeq: 3, requestedSeq: 2 })
    expect(truncate(2)).toEqual({ kind: 'truncated', firstSeq: 2 })
    expect(truncate(1)).toEqual({ kind: 'truncated', firstSeq: 2 })
    expect(store.execute(read(1), 4)).toEqual({ kind: 'compacted', firstSeq: 2, requestedSeq: 1 })
    expect(store.execute(read(2, 1), 4)).toMatchObject({ events: [{ seq: 2 }], nextSeq: 4 })
    for (const seq of [Number.NaN, 2.5, -1]) {
      expect(() => checkpoint(seq)).toThrow(RangeError)
      expect(() => truncate(seq)).toThrow(RangeError)
    }
    expect(store.execute(read(2), 4)).toMatchObject({ events: [{ seq: 2 }, { seq: 3 }], nextSeq: 4 })
  })

  it('keeps one log of one order, whoever writes when: every acknowledged append stands in it once', () => {
    const owner = fc.constantFrom('a', 'b', 'c')
    const step = fc.record({ gapMs: fc.nat({ max: 70 }), owner, append: fc.boolean(), again: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const store = core()
        const fences = new Map<string, Fence>()
        const acknowledged: number[] = []
        let nowMs = 0
        for (const [index, { gapMs, owner: asking, append: appends, again }] of steps.entries()) {
          nowMs += gapMs
          const fence = fences.get(asking)
          const command = appends && fence !== undefined ? append(fence, index) : acquire(asking)
          const reply = store.execute(command, nowMs)
          if (again) expect(store.execute(command, nowMs + 5)).toEqual(reply)
          if (reply.kind === 'granted') fences.set(asking, reply.fence)
          if (reply.kind === 'appended') acknowledged.push(index)
        }
        const log = store.execute(read(0, 1_000), nowMs)
        if (log.kind !== 'events') throw new Error('expected events')
        expect(log.events.map(({ seq }) => seq)).toEqual(log.events.map((_, index) => index))
        expect(log.events.map(({ payload }) => payload)).toEqual(acknowledged)
        const epochs = log.events.map(({ epoch }) => epoch)
        expect(epochs).toEqual([...epochs].sort((a, b) => a - b))
      }),
    )
  })
})

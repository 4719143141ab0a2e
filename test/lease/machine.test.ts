import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type LeaseCommand,
  type LeaseRecord,
  type Renew,
  stepLease,
  tokenMint,
  UNOWNED,
} from '../../src/lease/index.js'

const mint = tokenMint('secret')
let requests = 0
const from = (session: string) => ({ session, request: ++requests })
const acquire = (owner: string, ttlMs = 100, queueMs = 0): LeaseCommand => ({
  kind: 'acquire',
  space: 's',
  owner,
  ttlMs,
  clockMs: 0,
  queueMs,
  inQueue: false,
  ...from(owner),
})

/** Applies commands one after another, each at its time. */
function play(
  steps: readonly (readonly [atMs: number, command: LeaseCommand | ((record: LeaseRecord) => LeaseCommand)])[],
) {
  let record = UNOWNED
  return steps.map(([atMs, command]) => {
    const step = stepLease(record, typeof command === 'function' ? command(record) : command, atMs, mint)
    record = step.record
    return step.reply
  })
}

const fenceOf = (record: LeaseRecord) => ({ space: 's', owner: record.owner, epoch: record.epoch, token: record.token })
const renew = (record: LeaseRecord): LeaseCommand => ({
  kind: 'renew',
  fence: fenceOf(record),
  ttlMs: 100,
  ...from(record.owner),
})
const release = (record: LeaseRecord): LeaseCommand => ({
  kind: 'release',
  fence: fenceOf(record),
  ...from(record.owner),
})
const validate = (record: LeaseRecord): LeaseCommand => ({
  kind: 'validate',
  fence: fenceOf(record),
  ...from(record.owner),
})
const claim = (owner: string, expectedEpoch: number): LeaseCommand => ({
  kind: 'claim',
  space: 's',
  owner,
  expectedEpoch,
  clockMs: 0,
  ttlMs: 100,
  ...from(owner),
})

describe('the lease machine', () => {
  it('grants a free space, refuses it to others while the lease is live, and grants it on at the next epoch', () => {
    const replies = play([
      [0, acquire('a')],
      [50, acquire('b')],
      [60, renew],
      [159, acquire('b')],
      [160, acquire('b')],
    ])
    expect(replies).toMatchObject([
      { kind: 'granted', fence: { owner: 'a', epoch: 1 }, grantedAtMs: 0, expiresAtMs: 100 },
      { kind: 'lease-held', owner: 'a', epoch: 1, expiresAtMs: 100 },
      { kind: 'renewed', expiresAtMs: 160 },
      { kind: 'lease-held', owner: 'a', expiresAtMs: 160 },
      { kind: 'granted', fence: { owner: 'b', epoch: 2 } },
    ])
  })

  it.each([
    [99, 'valid', 'renewed'],
    [100, 'lease-expired', 'lease-expired'],
    [101, 'lease-expired', 'lease-expired'],
  ])('a lease from 0 for 100 ms is at %i ms: %s', (atMs, validated, renewed) => {
    expect(
      play([
        [0, acquire('a')],
        [atMs, validate],
        [atMs, renew],
      ])
        .slice(1)
        .map(({ kind }) => kind),
    ).toEqual([validated, renewed])
  })

  it('never reuses an epoch: not after a release, an expiry, or when the owner itself acquires anew', () => {
    const replies = play([
      [0, acquire('a')],
      [10, release],
      [10, acquire('b')],
      [500, acquire('a')],
      [510, acquire('a')],
    ])
    expect(replies.flatMap((reply) => (reply.kind === 'granted' ? [reply.fence.epoch] : []))).toEqual([1, 2, 3, 4])
  })

  it('refuses an old epoch, one that never was, another owner, and another token, each by its name', () => {
    const [, , ...replies] = play([
      [0, acquire('a')],
      [100, acquire('b')],
      [110, (record) => ({ kind: 'validate', fence: { ...fenceOf(record), epoch: 1 }, ...from('a') })],
      [110, (record) => ({ kind: 'validate', fence: { ...fenceOf(record), epoch: 9 }, ...from('a') })],
      [110, (record) => ({ kind: 'release', fence: { ...fenceOf(record), owner: 'a' }, ...from('a') })],
      [110, (record) => ({ kind: 'renew', fence: { ...fenceOf(record), token: 'x' }, ttlMs: 1, ...from('b') })],
    ])
    expect(replies).toEqual([
      { kind: 'stale-owner', currentEpoch: 2, requestedEpoch: 1 },
      { kind: 'unknown-epoch', currentEpoch: 2, requestedEpoch: 9 },
      { kind: 'split-brain', currentOwner: 'b', requestedOwner: 'a', epoch: 2 },
      { kind: 'invalid-token', owner: 'b', epoch: 2 },
    ])
  })

  it('a claim takes over what it expects, once it has lapsed', () => {
    expect(
      play([
        [0, acquire('a')],
        [50, claim('b', 1)],
        [100, claim('b', 0)],
        [100, claim('b', 2)],
        [100, claim('b', 1)],
        [100, claim('c', 1)],
      ]),
    ).toMatchObject([
      { kind: 'granted' },
      { kind: 'split-brain', currentOwner: 'a', requestedOwner: 'b', epoch: 1 },
      { kind: 'stale-owner', requestedEpoch: 0 },
      { kind: 'unknown-epoch', requestedEpoch: 2 },
      { kind: 'granted', fence: { owner: 'b', epoch: 2 } },
      { kind: 'stale-owner', currentEpoch: 2 },
    ])
  })

  it('serves its queue first come, first served, and drops places that run out', () => {
    const replies = play([
      [0, acquire('a', 100)],
      [10, acquire('b', 100, 200)],
      [20, acquire('c', 100, 85)],
      [30, acquire('d', 100, 300)],
      [40, acquire('b', 100, 200)],
      [102, acquire('d', 100, 300)],
      [103, acquire('b', 100, 200)],
      [110, release],
      [111, acquire('e', 100)],
      [112, claim('e', 2)],
      [113, acquire('d', 100, 300)],
    ])
    expect(replies.map((reply) => ('position' in reply ? `${reply.kind} ${reply.position}` : reply.kind))).toEqual([
      'granted',
      'lease-held 1',
      'lease-held 2',
      'lease-held 3',
      'lease-held 1',
      'queued 3',
      'granted',
      'released',
      'queued 0',
      'queued 0',
      'granted',
    ])
  })

  it('gives who has lost its place in the queue the last one, and counts no place that has run out', () => {
    const replies = play([
      [0, acquire('a', 100)],
      [10, acquire('b', 100, 20)],
      [20, acquire('c', 100, 200)],
      [30, acquire('b', 100, 20)],
      [50, acquire('d', 100, 200)],
    ])
    const places = replies.map((reply) => ('position' in reply ? reply.position : 0))
    expect(places).toEqual([0, 1, 2, 2, 2])
  })

  it('gives nobody a lease of no length', () => {
    for (const ttlMs of [0, -1, 1.5, Number.NaN]) expect(() => play([[0, acquire('a', ttlMs)]])).toThrow(RangeError)
  })

  it('keeps its laws whatever is asked: epochs grow, one live owner, an expiry only for the owner to move', () => {
    const owner = fc.constantFrom('a', 'b', 'c')
    const step = fc.record({
      gapMs: fc.nat({ max: 80 }),
      owner,
      kind: fc.constantFrom('acquire', 'queue', 'claim', 'renew', 'release'),
      guess: fc.integer({ min: -1, max: 1 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let record = UNOWNED
        let nowMs = 0
        for (const { gapMs, owner: asking, kind, guess } of steps) {
          nowMs += gapMs
          const fence = { ...fenceOf(record), owner: asking, epoch: record.epoch + guess }
          const command: LeaseCommand =
            kind === 'acquire' || kind === 'queue'
              ? acquire(asking, 100, kind === 'queue' ? 150 : 0)
              : kind === 'claim'
                ? claim(asking, record.epoch + guess)
                : kind === 'renew'
                  ? { kind: 'renew', fence, ttlMs: 100, ...from(asking) }
                  : { kind: 'release', fence, ...from(asking) }
          const before = record
          const { record: after, reply } = stepLease(before, command, nowMs, mint)
          const wasLive = before.grantedAtMs <= nowMs && nowMs < before.expiresAtMs
          if (reply.kind === 'granted') {
            expect(after.epoch).toBe(before.epoch + 1)
            expect(wasLive && before.owner !== asking).toBe(false)
            expect(after.owner).toBe(asking)
            expect(after.waiters.map((waiter) => waiter.owner)).not.toContain(asking)
          } else {
            expect(after.epoch).toBe(before.epoch)
            expect(after.owner).toBe(before.owner)
            if (asking !== before.owner) expect(after.expiresAtMs).toBe(before.expiresAtMs)
            if (reply.kind === 'renewed') expect(wasLive).toBe(true)
          }
          expect(new Set(after.waiters.map((waiter) => waiter.owner)).size).toBe(after.waiters.length)
          record = after
        }
      }),
    )
  })
})

describe('a lease', () => {
  it('is not made shorter by a renewal', () => {
    const shorter = (record: LeaseRecord): LeaseCommand => ({ ...(renew(record) as Renew), ttlMs: 10 })
    const replies = play([
      [0, acquire('a', 100)],
      [50, shorter],
      [99, validate],
      [100, validate],
    ])
    expect(replies.slice(1)).toEqual([
      { kind: 'renewed', expiresAtMs: 100 },
      { kind: 'valid', expiresAtMs: 100 },
      { kind: 'lease-expired', epoch: 1, expiresAtMs: 100 },
    ])
  })

  it('ends when it was released, and what has run out before stays as it was', () => {
    const replies = play([
      [0, acquire('a', 100)],
      [150, release],
      [160, validate],
    ])
    expect(replies.slice(1)).toEqual([{ kind: 'released' }, { kind: 'lease-expired', epoch: 1, expiresAtMs: 100 }])
  })

  it('is claimed anew by its own owner while it is live', () => {
    const [, again] = play([
      [0, acquire('a', 100)],
      [50, claim('a', 1)],
    ])
    expect(again).toMatchObject({ kind: 'granted', fence: { owner: 'a', epoch: 2 }, expiresAtMs: 150 })
  })

  it('leaves those in the queue behind at a grant whose place has run out', () => {
    let record = UNOWNED
    const steps: readonly (readonly [number, LeaseCommand])[] = [
      [0, acquire('a', 10)],
      [1, acquire('b', 10, 5)],
      [2, acquire('c', 10, 50)],
      [12, acquire('c', 10, 50)],
    ]
    for (const [atMs, command] of steps) record = stepLease(record, command, atMs, mint).record
    expect([record.owner, record.waiters]).toEqual(['c', []])
  })
})

describe('tokens', () => {
  it('differ by space, owner, epoch and secret, and are the same for the same', () => {
    const tokens = [
      mint('s', 'a', 1),
      mint('s', 'a', 2),
      mint('s', 'b', 1),
      mint('t', 'a', 1),
      tokenMint('other')('s', 'a', 1),
      mint('sa', '', 1),
    ]
    expect(new Set(tokens).size).toBe(tokens.length)
    expect(mint('s', 'a', 1)).toBe(tokens[0])
    for (const token of tokens) expect(token).toMatch(/^[\w-]{22}$/)
  })
})

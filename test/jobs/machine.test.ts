import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type JobCommand,
  type JobFence,
  type JobReply,
  type JobsRecord,
  NO_JOBS,
  stepJobs,
} from '../../src/jobs/index.js'
import { tokenMint } from '../../src/lease/index.js'

const mint = tokenMint('secret')
let requests = 0
const from = (session: string) => ({ session, request: ++requests })
const enqueue = (): JobCommand => ({ kind: 'enqueue', space: 's', ...from('a') })
const take = (owner: string, { ttlMs = 100, maxAttempts = 3 } = {}): JobCommand => ({
  kind: 'take',
  space: 's',
  owner,
  ttlMs,
  maxAttempts,
  clockMs: 0,
  ...from(owner),
})
const complete = (fence: JobFence): JobCommand => ({ kind: 'complete', fence, ...from(fence.owner) })
const fail = (fence: JobFence): JobCommand => ({ kind: 'fail', fence, ...from(fence.owner) })

/** A queue under test: does one step after another. */
class Queue {
  record: JobsRecord = NO_JOBS

  /** With `count` jobs in it. */
  constructor(count = 0) {
    for (let job = 0; job < count; job++) this.at(0, enqueue())
  }

  at(nowMs: number, command: JobCommand): JobReply {
    const { record, reply } = stepJobs(this.record, command, nowMs, mint)
    this.record = record
    return reply
  }

  takeAt(nowMs: number, owner: string, options?: { ttlMs?: number; maxAttempts?: number }): JobFence {
    const reply = this.at(nowMs, take(owner, options))
    if (reply.kind !== 'taken') throw new Error(`expected a job, found ${reply.kind}`)
    return reply.fence
  }

  get states(): readonly string[] {
    return this.record.jobs.map(({ state }) => state)
  }

  /** The ready jobs, the next one first. */
  get ready(): readonly number[] {
    const { jobs } = this.record
    const placeOf = (job: number) => jobs[job]?.place ?? 0
    return [...jobs.keys()]
      .filter((job) => jobs[job]?.state === 'ready')
      .sort((one, two) => placeOf(one) - placeOf(two))
  }
}

describe('a queue of jobs', () => {
  it('hands out jobs first in, first out, each to one taker, and has them completed', () => {
    const queue = new Queue()
    expect([queue.at(0, enqueue()), queue.at(1, enqueue())]).toEqual([
      { kind: 'enqueued', job: 0 },
      { kind: 'enqueued', job: 1 },
    ])
    expect(queue.at(10, take('a'))).toEqual({
      kind: 'taken',
      fence: { space: 's', owner: 'a', epoch: 1, token: mint('s job 0', 'a', 1), job: 0 },
      expiresAtMs: 110,
    })
    const second = queue.takeAt(11, 'b')
    expect(second).toMatchObject({ owner: 'b', job: 1, epoch: 1 })
    expect(queue.at(12, take('c'))).toEqual({ kind: 'idle' })
    expect(queue.at(20, complete(second))).toEqual({ kind: 'completed' })
    expect(queue.states).toEqual(['taken', 'done'])
  })

  it('is idle when there is no job at all', () => {
    expect(new Queue().at(0, take('a'))).toEqual({ kind: 'idle' })
  })

  it('leaves its record as it was when it refuses, or has nothing to give', () => {
    const queue = new Queue(1)
    const fence = queue.takeAt(0, 'a')
    const before = queue.record
    expect(queue.at(10, take('b'))).toEqual({ kind: 'idle' })
    expect(queue.at(10, complete({ ...fence, epoch: 9 }))).toMatchObject({ kind: 'unknown-epoch' })
    expect(queue.record).toBe(before)
  })
})

describe('a clock that is behind', () => {
  it('ends no lease that has just begun', () => {
    const queue = new Queue(2)
    const [first, second] = [queue.takeAt(100, 'a'), queue.takeAt(100, 'b')]
    expect(queue.at(95, complete(first))).toEqual({ kind: 'completed' })
    expect(queue.at(0, fail(second))).toEqual({ kind: 'failed' })
  })
})

describe('an attempt', () => {
  it('counts from when a job is taken, however it ends', () => {
    const queue = new Queue(1)
    expect(queue.record.jobs[0]).toMatchObject({ state: 'ready', attempts: 0 })
    const first = queue.takeAt(0, 'a')
    expect(queue.record.jobs[0]).toMatchObject({ state: 'taken', attempts: 1 })
    expect(queue.at(50, fail(first))).toEqual({ kind: 'failed' })
    expect(queue.record.jobs[0]).toMatchObject({ state: 'ready', attempts: 1 })
    // Nobody says anything of the second one: its taker may be gone.
    expect(queue.takeAt(60, 'b').epoch).toBe(2)
    expect(queue.takeAt(160, 'a').epoch).toBe(3)
  })

  it('has a token of its own, by job, taker and attempt', () => {
    const queue = new Queue(2)
    const fences = [queue.takeAt(0, 'a'), queue.takeAt(0, 'a'), queue.takeAt(100, 'a'), queue.takeAt(100, 'b')]
    expect(fences.map(({ job, epoch }) => [job, epoch])).toEqual([
      [0, 1],
      [1, 1],
      [0, 2],
      [1, 2],
    ])
    expect(new Set(fences.map(({ token }) => token)).size).toBe(4)
  })

  it('is the last after maxAttempts: then the job is dead, whether it was given back or ran out', () => {
    for (const ends of ['fails', 'lapses'] as const) {
      const queue = new Queue(1)
      for (const [atMs, epoch] of [
        [0, 1],
        [100, 2],
        [200, 3],
      ] as const) {
        const fence = queue.takeAt(atMs, 'a')
        expect(fence.epoch).toBe(epoch)
        if (ends === 'fails') queue.at(atMs + 50, fail(fence))
      }
      expect(queue.at(300, take('a')), ends).toEqual({ kind: 'idle' })
      expect(queue.states).toEqual(['dead'])
    }
  })

  it('may be the only one', () => {
    const queue = new Queue(1)
    queue.at(10, fail(queue.takeAt(0, 'a', { maxAttempts: 1 })))
    expect(queue.states).toEqual(['dead'])
  })

  it('is not for who wants no job that was taken so often, and is for others', () => {
    const queue = new Queue(1)
    queue.at(1, fail(queue.takeAt(0, 'a')))
    expect(queue.at(2, take('b', { maxAttempts: 1 }))).toEqual({ kind: 'idle' })
    expect(queue.states).toEqual(['ready'])
    expect(queue.takeAt(3, 'b', { maxAttempts: 2 })).toMatchObject({ job: 0, epoch: 2 })
  })

  it('that is the last can be completed like any other', () => {
    const queue = new Queue(1)
    expect(queue.at(10, complete(queue.takeAt(0, 'a', { maxAttempts: 1 })))).toEqual({ kind: 'completed' })
    expect(queue.states).toEqual(['done'])
    expect(queue.at(500, take('b'))).toEqual({ kind: 'idle' })
  })
})

describe('a job that comes back', () => {
  it('waits behind those that are ready when it is given back', () => {
    const queue = new Queue(3)
    queue.at(10, fail(queue.takeAt(0, 'a')))
    expect(queue.ready).toEqual([1, 2, 0])
    queue.at(20, enqueue())
    expect(queue.ready).toEqual([1, 2, 0, 3])
  })

  it('comes back when its lease runs out, and not a moment before', () => {
    const queue = new Queue(1)
    queue.takeAt(10, 'a')
    expect(queue.at(109, take('b'))).toEqual({ kind: 'idle' })
    expect(queue.takeAt(110, 'b')).toMatchObject({ job: 0, owner: 'b', epoch: 2 })
  })

  it('comes back in the order in which leases ran out, before what is enqueued at that moment', () => {
    const queue = new Queue(4)
    for (const [atMs, ttlMs] of [
      [0, 90],
      [1, 50],
      [2, 70],
    ] as const) {
      queue.takeAt(atMs, 'a', { ttlMs })
    }
    queue.at(200, enqueue())
    expect(queue.ready).toEqual([3, 1, 2, 0, 4])
  })

  it('comes back by its number where two leases ran out at one instant', () => {
    const queue = new Queue(2)
    queue.takeAt(0, 'a', { ttlMs: 60 })
    queue.takeAt(10, 'b', { ttlMs: 50 })
    queue.at(60, enqueue())
    expect(queue.ready).toEqual([0, 1, 2])
  })

  it('is behind one whose lease ran out before, though nobody asked in between', () => {
    const queue = new Queue(2)
    queue.takeAt(0, 'a', { ttlMs: 50 })
    const late = queue.takeAt(0, 'b', { ttlMs: 200 })
    queue.at(100, fail(late))
    expect(queue.ready).toEqual([0, 1])
  })
})

describe.each([
  ['complete', complete],
  ['fail', fail],
] as const)('%s', (_, command) => {
  it('is refused an older epoch, one that never was, another owner, another token, and a job that is not there', () => {
    const queue = new Queue(1)
    const old = queue.takeAt(0, 'a')
    const fence = queue.takeAt(100, 'b')
    const before = queue.record
    expect(
      [
        old,
        { ...fence, epoch: 3 },
        { ...fence, owner: 'a' },
        { ...fence, token: old.token },
        { ...fence, job: 7 },
        { ...fence, job: -1 },
      ].map((shown) => queue.at(110, command(shown))),
    ).toEqual([
      { kind: 'stale-owner', currentEpoch: 2, requestedEpoch: 1 },
      { kind: 'unknown-epoch', currentEpoch: 2, requestedEpoch: 3 },
      { kind: 'split-brain', currentOwner: 'b', requestedOwner: 'a', epoch: 2 },
      { kind: 'invalid-token', owner: 'b', epoch: 2 },
      { kind: 'unknown-epoch', currentEpoch: 0, requestedEpoch: 2 },
      { kind: 'unknown-epoch', currentEpoch: 0, requestedEpoch: 2 },
    ])
    expect(queue.record).toBe(before)
    expect(queue.at(110, command(fence)).kind).toBe(command === complete ? 'completed' : 'failed')
  })

  it.each([
    [99, command === complete ? 'completed' : 'failed'],
    [100, 'lease-expired'],
    [101, 'lease-expired'],
  ])('of a job taken at 0 for 100 ms is at %i ms: %s', (atMs, kind) => {
    const queue = new Queue(1)
    expect(queue.at(atMs, command(queue.takeAt(0, 'a')))).toMatchObject({ kind })
  })

  it.each([
    ['completed', complete],
    ['given back', fail],
  ] as const)('is refused once the job has been %s', (_kind, first) => {
    const queue = new Queue(1)
    const fence = queue.takeAt(0, 'a')
    queue.at(10, first(fence))
    const { states } = queue
    expect(queue.at(11, command(fence))).toMatchObject({ kind: 'lease-expired', epoch: 1 })
    expect(queue.states).toEqual(states)
  })

  it('is refused of a job that nobody has taken, and of one that is dead', () => {
    const queue = new Queue(1)
    const nobody = { space: 's', owner: '', epoch: 0, token: '', job: 0 }
    expect(queue.at(0, command(nobody))).toMatchObject({ kind: 'lease-expired', epoch: 0 })
    const last = queue.takeAt(0, 'a', { maxAttempts: 1 })
    expect(queue.at(100, command(last))).toMatchObject({ kind: 'lease-expired', epoch: 1 })
    expect(queue.states).toEqual(['dead'])
  })

  // The lease that is over is put together with the time at which it began.
  it('says when the lease ran out', () => {
    const queue = new Queue(1)
    const fence = queue.takeAt(10, 'a')
    expect(queue.at(120, command(fence))).toEqual({ kind: 'lease-expired', epoch: 1, expiresAtMs: 110 })
  })
})

describe('a taking', () => {
  // A space's lease is refused such a length with a RangeError; a job's, of NaN ms, is lost for good.
  it.each([0, -1, 1.5, Number.NaN])('is given no lease of %d ms', (ttlMs) => {
    expect(() => new Queue(1).takeAt(0, 'a', { ttlMs })).toThrow(RangeError)
  })
})

describe('whatever is asked', () => {
  const step = fc.record({
    gapMs: fc.nat({ max: 60 }),
    kind: fc.constantFrom('enqueue', 'take', 'take', 'complete', 'fail'),
    owner: fc.constantFrom('a', 'b', 'c'),
    /** Which of the fences handed out so far, from the latest back. */
    back: fc.nat({ max: 5 }),
    wrong: fc.constantFrom('nothing', 'nothing', 'nothing', 'epoch', 'owner', 'token', 'job'),
  })
  // Long enough for leases to run out, jobs to die and old fences to be shown.
  const sequence = fc.array(step, { minLength: 1, maxLength: 80, size: 'max' })
  type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

  const spoilt = (fence: JobFence, wrong: Step['wrong']): JobFence => {
    switch (wrong) {
      case 'nothing':
        return fence
      case 'epoch':
        return { ...fence, epoch: fence.epoch + 1 }
      case 'owner':
        return { ...fence, owner: 'nobody' }
      case 'token':
        return { ...fence, token: 'forged' }
      case 'job':
        return { ...fence, job: fence.job + 1 }
    }
  }

  const commandOf = ({ kind, owner, back, wrong }: Step, fences: readonly JobFence[], maxAttempts: number) => {
    if (kind === 'enqueue') return enqueue()
    const fence = fences.at(-1 - back)
    if (kind === 'take' || fence === undefined) return take(owner, { ttlMs: 50, maxAttempts })
    return (kind === 'complete' ? complete : fail)(spoilt(fence, wrong))
  }

  it('no job is lost or done twice, none is taken too often or by two at once, and every place is given once', () => {
    const reached = new Set<string>()
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), sequence, (maxAttempts, steps) => {
        const queue = new Queue()
        const fences: JobFence[] = []
        const done: number[] = []
        const holders = new Map<number, { readonly fence: JobFence; readonly untilMs: number }>()
        let enqueued = 0
        let nowMs = 0
        for (const each of steps) {
          nowMs += each.gapMs
          const command = commandOf(each, fences, maxAttempts)
          const reply = queue.at(nowMs, command)
          reached.add(reply.kind)
          if (reply.kind === 'enqueued') {
            expect(reply.job).toBe(enqueued)
            enqueued += 1
          } else if (reply.kind === 'taken') {
            const { fence, expiresAtMs } = reply
            expect(done).not.toContain(fence.job)
            expect(holders.get(fence.job)?.untilMs ?? 0).toBeLessThanOrEqual(nowMs)
            expect(fence.epoch).toBe((holders.get(fence.job)?.fence.epoch ?? 0) + 1)
            holders.set(fence.job, { fence, untilMs: expiresAtMs })
            fences.push(fence)
          } else if (reply.kind === 'completed' || reply.kind === 'failed') {
            const { fence } = command as { readonly fence: JobFence }
            const holder = holders.get(fence.job)
            expect(fence).toEqual(holder?.fence)
            expect(nowMs).toBeLessThan(holder?.untilMs ?? 0)
            holders.set(fence.job, { fence, untilMs: nowMs })
            if (reply.kind === 'completed') done.push(fence.job)
          }

          const { jobs, nextPlace } = queue.record
          expect(jobs).toHaveLength(enqueued)
          for (const { state, attempts } of jobs) {
            expect(['ready', 'taken', 'done', 'dead']).toContain(state)
            expect(attempts).toBeLessThanOrEqual(maxAttempts)
            if (state === 'dead') expect(attempts).toBe(maxAttempts)
            if (state === 'ready') expect(attempts).toBeLessThan(maxAttempts)
            reached.add(state)
          }
          const places = jobs.map(({ place }) => place)
          expect(new Set(places).size).toBe(places.length)
          expect(places.every((place) => place < nextPlace)).toBe(true)
          expect(new Set(done).size).toBe(done.length)
          expect(queue.states.flatMap((state, job) => (state === 'done' ? [job] : []))).toEqual(
            [...done].sort((one, two) => one - two),
          )
        }
      }),
    )
    // The draws come everywhere.
    for (const kind of ['taken', 'idle', 'completed', 'failed', 'stale-owner', 'unknown-epoch', 'split-brain']) {
      expect(reached).toContain(kind)
    }
    for (const kind of ['invalid-token', 'lease-expired', 'done', 'dead']) expect(reached).toContain(kind)
  })

  it('every job comes to its end when somebody works on: done, or dead', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), sequence, (maxAttempts, steps) => {
        const queue = new Queue(1)
        const fences: JobFence[] = []
        let nowMs = 0
        for (const each of steps) {
          nowMs += each.gapMs
          const reply = queue.at(nowMs, commandOf(each, fences, maxAttempts))
          if (reply.kind === 'taken') fences.push(reply.fence)
        }
        nowMs += 50
        for (;;) {
          const reply = queue.at(nowMs, take('a', { maxAttempts }))
          if (reply.kind !== 'taken') break
          expect(queue.at(nowMs, complete(reply.fence))).toEqual({ kind: 'completed' })
        }
        expect(queue.states.every((state) => state === 'done' || state === 'dead')).toBe(true)
      }),
    )
  })

  it('the longest ready is taken first', () => {
    fc.assert(
      fc.property(sequence, (steps) => {
        const queue = new Queue()
        const fences: JobFence[] = []
        const readySinceMs = new Map<number, number>()
        const lapsesAtMs = new Map<number, number>()
        let nowMs = 0
        for (const each of steps) {
          nowMs += each.gapMs
          const reply = queue.at(nowMs, commandOf(each, fences, 100))
          for (const [job, atMs] of lapsesAtMs) {
            if (atMs > nowMs) continue
            lapsesAtMs.delete(job)
            readySinceMs.set(job, atMs)
          }
          if (reply.kind === 'enqueued') readySinceMs.set(reply.job, nowMs)
          else if (reply.kind === 'taken') {
            const { job } = reply.fence
            expect(readySinceMs.get(job)).toBe(Math.min(...readySinceMs.values()))
            readySinceMs.delete(job)
            lapsesAtMs.set(job, reply.expiresAtMs)
            fences.push(reply.fence)
          } else if (reply.kind === 'completed' || reply.kind === 'failed') {
            const { job } = fences.at(-1 - each.back) as JobFence
            lapsesAtMs.delete(job)
            if (reply.kind === 'failed') readySinceMs.set(job, nowMs)
          }
        }
      }),
    )
  })
})

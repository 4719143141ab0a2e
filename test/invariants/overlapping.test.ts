import { describe, it } from 'vitest'
import {
  acknowledgedKept,
  checkpointCovered,
  fairJobs,
  fencedWrites,
  noStarvation,
  promptJobs,
  serviceOrder,
  takeoverBound,
  validMeansHeld,
  writesAccepted,
} from '../../src/invariants/index.js'
import { at, expectBroken, expectHeld, type Happening, type More } from '../support/trace-by-hand.js'

// Commands that take steps: each may have taken effect at any time between its first step and its answer, or rest on what was so then.

const command = (kind: Happening['command'], who: string, more: More = {}) => ({
  /** Its first step. */
  begins: (atMs: number): Happening => at(atMs, who, 'stepped', { command: kind, seq: 1, ...pick(more) }),
  ends: (atMs: number, answer: Happening['kind'], told: More = {}): Happening =>
    at(atMs, who, answer, { command: kind, ...more, ...told }),
})
const pick = ({ request = 0, epoch = 0, space = 0 }: More): More => ({ request, epoch, space })

const granted = (atMs: number, who: string, epoch: number, untilMs: number): Happening =>
  at(atMs, who, 'granted', { command: 'acquire', epoch, untilMs })

describe('a question that takes steps', () => {
  const appended = (atMs: number, seq: number): Happening =>
    at(atMs, 'a', 'appended', { command: 'append', epoch: 1, seq })
  const load = command('load', 'b', { request: 7 })

  it('may be answered with the log as it was when it began, and not with one from before', () => {
    const trace = (seq: number, more: readonly Happening[] = []) => [
      appended(0, 0),
      appended(1, 1),
      load.begins(2),
      appended(3, 2),
      ...more,
      load.ends(4, 'loaded', { seq }),
    ]
    expectHeld(acknowledgedKept, trace(2))
    expectHeld(acknowledgedKept, trace(3))
    expectBroken(
      acknowledgedKept,
      trace(1),
      4,
      'b was told that the log of s ends at seq 1; events up to 1 had been acknowledged',
    )
    // What was begun and cut off is not what is answered after that.
    expectBroken(
      acknowledgedKept,
      trace(2, [load.ends(3, 'reply-lost', { seq: 1 })]),
      5,
      'b was told that the log of s ends at seq 2; events up to 2 had been acknowledged',
    )
  })

  it('may be given none, as when it began, though one of nothing was made meanwhile', () => {
    const checkpointed = (atMs: number): Happening =>
      at(atMs, 'a', 'checkpointed', { command: 'checkpoint', epoch: 1, seq: 0, content: 7 })
    const trace = (before: readonly Happening[], after: readonly Happening[]) => [
      granted(0, 'a', 1, 900),
      ...before,
      load.begins(6),
      ...after,
      load.ends(8, 'loaded', { seq: 0, untilMs: 0, content: 0 }),
    ]
    expectHeld(checkpointCovered, trace([], [checkpointed(7)]))
    expectBroken(
      checkpointCovered,
      trace([checkpointed(5)], []),
      3,
      'b was given the checkpoint of s at seq 0 with another state than it was made with',
    )
  })

  it('may be given the checkpoint that was the latest when it began', () => {
    const checkpointed = (atMs: number, seq: number): Happening =>
      at(atMs, 'a', 'checkpointed', { command: 'checkpoint', epoch: 1, seq, content: seq })
    const trace = (untilMs: number) => [
      granted(0, 'a', 1, 900),
      ...[0, 1, 2, 3].map((seq) => appended(seq, seq)),
      checkpointed(4, 1),
      checkpointed(5, 2),
      load.begins(6),
      checkpointed(7, 4),
      load.ends(8, 'loaded', { seq: 4, untilMs, content: untilMs }),
    ]
    expectHeld(checkpointCovered, trace(2))
    expectHeld(checkpointCovered, trace(4))
    expectBroken(
      checkpointCovered,
      trace(1),
      9,
      'b was given a checkpoint at seq 1 of s; the latest that was acknowledged is at 4',
    )
  })

  it('may call a fence valid that was held when it began', () => {
    const validate = command('validate', 'a', { epoch: 1, request: 3 })
    const trace = (beginsMs: number, untilMs = 100) =>
      [granted(0, 'a', 1, 100), granted(100, 'b', 2, 200), validate.begins(beginsMs)]
        .sort((one, other) => one.atMs - other.atMs || one.epoch - other.epoch)
        .concat(validate.ends(120, 'valid', { untilMs, sinceMs: beginsMs }))
    expectHeld(validMeansHeld, trace(99))
    expectBroken(validMeansHeld, trace(99, 101), 3, 's called the fence of a at epoch 1 valid; the current epoch was 2')
    expectBroken(validMeansHeld, trace(101), 3, 's called the fence of a at epoch 1 valid; the current epoch was 2')
  })
})

describe('a write that takes steps', () => {
  const append = command('append', 'a', { epoch: 1, request: 4 })

  it('is in time if the lease was live when it began, however the clock stands then', () => {
    const released = at(50, 'a', 'released', { command: 'release', epoch: 1, request: 5 })
    const write = append.ends(60, 'appended', { sinceMs: 50 })
    expectHeld(fencedWrites, [granted(0, 'a', 1, 100), append.begins(50), released, write])
    const message = 's accepted append of a at epoch 1, whose lease was over'
    expectBroken(fencedWrites, [granted(0, 'a', 1, 100), released, append.begins(50), write], 3, message)
    expectHeld(fencedWrites, [granted(0, 'a', 1, 100), append.ends(120, 'appended', { sinceMs: 99 })])
    expectBroken(fencedWrites, [granted(0, 'a', 1, 100), append.ends(120, 'appended', { sinceMs: 100 })], 1, message)
  })

  it('is not in time for the epoch of another', () => {
    const trace = [
      granted(0, 'a', 1, 100),
      append.begins(99),
      granted(100, 'b', 2, 200),
      append.ends(101, 'appended', { sinceMs: 98 }),
    ]
    expectBroken(fencedWrites, trace, 3, 's accepted append of a at epoch 1; the current epoch was 2')
  })

  it('may be refused from the middle of its lease on, as that is counted by the core: from when it was asked for', () => {
    const lease = at(30, 'a', 'granted', { command: 'acquire', epoch: 1, untilMs: 100, sinceMs: 0 })
    const refused = (atMs: number) => append.ends(atMs, 'lease-expired')
    expectHeld(writesAccepted({ calmFromMs: 0 }), [lease, refused(50)])
    expectBroken(
      writesAccepted({ calmFromMs: 0 }),
      [lease, refused(49)],
      1,
      's refused append of a at epoch 1, whose lease was live until 100 ms',
    )
  })
})

describe('a worker that takes steps', () => {
  const rule = fairJobs({ maxAttempts: 3 })
  const enqueued = (atMs: number, seq: number): Happening => at(atMs, 'c', 'enqueued', { command: 'enqueue', seq })
  const take = (who: string) => command('take', who, { request: 1 })
  const taken = (who: string, atMs: number, seq: number): Happening =>
    take(who).ends(atMs, 'taken', { seq, epoch: 1, untilMs: 900 })

  it('may pass over as many jobs as others may have locked meanwhile', () => {
    const jobs = [enqueued(0, 0), enqueued(1, 1), enqueued(2, 2)]
    expectHeld(rule, [...jobs, take('a').begins(5), take('b').begins(5), taken('b', 6, 1), taken('a', 7, 0)])
    expectHeld(rule, [...jobs, take('b').begins(5), take('a').begins(5), taken('b', 6, 1)])
    expectBroken(
      rule,
      [...jobs, take('a').begins(5), take('b').begins(5), taken('b', 6, 2)],
      5,
      'b was given job 2 of s, ready since 2 ms, before job 1, ready since 1 ms',
    )
    // One that was answered before, or cut off, locks nothing.
    expectBroken(
      rule,
      [...jobs, take('a').begins(3), taken('a', 4, 0), take('b').begins(5), taken('b', 6, 2)],
      6,
      'b was given job 2 of s, ready since 2 ms, before job 1, ready since 1 ms',
    )
    expectBroken(
      rule,
      [
        ...jobs,
        take('a').begins(3),
        take('a').ends(4, 'reply-lost', { seq: 1 }),
        take('b').begins(5),
        taken('b', 6, 1),
      ],
      6,
      'b was given job 1 of s, ready since 1 ms, before job 0, ready since 0 ms',
    )
  })

  it('may be sent away while others have locked what there is, or from a queue to which a job came later', () => {
    const idle = (atMs: number, sinceMs = atMs) => take('b').ends(atMs, 'idle', { sinceMs })
    expectHeld(rule, [enqueued(0, 0), take('a').begins(5), take('b').begins(5), idle(6)])
    expectHeld(rule, [take('b').begins(5), enqueued(6, 0), idle(7, 4)])
    expectBroken(
      rule,
      [enqueued(0, 0), take('b').begins(5), idle(6)],
      2,
      'b was told that s has no work; job 0 was ready since 0 ms',
    )
  })

  it('may complete a job whose lease was live when it began to', () => {
    const complete = (sinceMs: number) => at(950, 'a', 'completed', { command: 'complete', seq: 0, epoch: 1, sinceMs })
    expectHeld(rule, [enqueued(0, 0), taken('a', 1, 0), complete(899)])
    expectBroken(
      rule,
      [enqueued(0, 0), taken('a', 1, 0), complete(900)],
      2,
      'a completed job 0 of s, which it had until 900 ms',
    )
  })
})

describe('a place in a queue that takes steps', () => {
  const rule = serviceOrder({ queueMs: 100 })
  const acquire = (who: string, request = 1) => command('acquire', who, { request })
  const queued = (who: string, atMs: number, request = 1, sinceMs = atMs): Happening =>
    acquire(who, request).ends(atMs, 'queued', { seq: 1, sinceMs })
  const served = (who: string, atMs: number, request = 1, sinceMs = atMs): Happening =>
    acquire(who, request).ends(atMs, 'granted', { epoch: 1, untilMs: 900, sinceMs })

  it('is before those who were told of theirs after it was asked for', () => {
    expectHeld(rule, [acquire('a').begins(1), acquire('b').begins(2), queued('b', 3), served('a', 4)])
    const message = 's was granted to a before b, which waited since 3 ms'
    expectBroken(rule, [acquire('b').begins(2), queued('b', 3), acquire('a').begins(4), served('a', 5)], 3, message)
    // What was asked for first may have been cut off, after it had its place.
    expectHeld(rule, [
      acquire('a').begins(1),
      acquire('a').ends(2, 'reply-lost', { seq: 1 }),
      queued('b', 3),
      served('a', 5, 2),
    ])
    // Another request of its own may have the place.
    expectHeld(rule, [acquire('a').begins(1), queued('b', 3), acquire('a', 2).begins(4), served('a', 5, 2)])
  })

  it('may be lost from when it was asked for on, and be kept until it is told', () => {
    const waited = queued('a', 30, 1, 0)
    expectHeld(rule, [waited, served('b', 101)])
    expectHeld(rule, [waited, served('b', 129, 1, 100)])
    expectBroken(rule, [waited, served('b', 99)], 1, 's was granted to b before a, which waited since 30 ms')
  })
})

describe('a core that is slow', () => {
  const asks = (atMs: number, who: string, request = 1): Happening =>
    at(atMs, who, 'sent', { command: 'acquire', request })
  const refused = (atMs: number, sinceMs: number): Happening =>
    at(atMs, 'a', 'lease-held', { command: 'acquire', request: 1, sinceMs })

  it('serves so much later, and not later still', () => {
    const starving = noStarvation({ boundMs: 100 })
    expectHeld(starving, [asks(0, 'a'), refused(160, 130)], 160)
    expectBroken(
      starving,
      [asks(0, 'a'), refused(161, 131)],
      1,
      'a waited for s from 0 ms to 161 ms, and was refused once more',
      161,
    )
    const idle = takeoverBound({ calmFromMs: 0, boundMs: 100, ttlMs: 10 })
    expectHeld(idle, [asks(0, 'a'), refused(160, 130)], 160)
    expectBroken(
      idle,
      [asks(0, 'a'), refused(161, 131)],
      1,
      's was not granted from 0 ms to 161 ms, with a asking',
      161,
    )
    const late = promptJobs({ boundMs: 100 })
    const taken = (atMs: number, sinceMs: number) => at(atMs, 'a', 'taken', { command: 'take', epoch: 1, sinceMs })
    const enqueued = at(0, 'a', 'enqueued', { command: 'enqueue' })
    expectHeld(late, [enqueued, taken(160, 130)], 160)
    expectBroken(late, [enqueued, taken(161, 131)], 1, 'job 0 of s waited from 0 ms to 161 ms', 161)
  })
})

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as invariants from '../../src/invariants/index.js'
import {
  acknowledgedKept,
  boundedAttempts,
  checkpointCovered,
  contiguousLog,
  effectOnce,
  epochsGrow,
  exclusiveBelief,
  fairJobs,
  fencedWrites,
  genuineTokens,
  mutualExclusion,
  noStarvation,
  promptJobs,
  replayEqualsState,
  serviceOrder,
  singleEffects,
  takeoverBound,
  validMeansHeld,
  writesAccepted,
} from '../../src/invariants/index.js'
import { packageRoot } from '../../src/package.js'
import { digestContent, digestText, type EventKind, foldContent } from '../../src/trace/index.js'
import { at, expectBroken, expectHeld, type Happening, judged, type More } from '../support/trace-by-hand.js'

const granted = (atMs: number, who: string, epoch: number, untilMs = 0, more: More = {}): Happening =>
  at(atMs, who, 'granted', { command: 'acquire', epoch, untilMs, ...more })
const renewed = (atMs: number, who: string, epoch: number, untilMs: number): Happening =>
  at(atMs, who, 'renewed', { command: 'renew', epoch, untilMs })
const released = (atMs: number, who: string, epoch: number): Happening =>
  at(atMs, who, 'released', { command: 'release', epoch })
const acts = (atMs: number, who: string, epoch: number, more: More = {}): Happening =>
  at(atMs, who, 'acts', { epoch, ...more })
const asks = (atMs: number, who: string, more: More = {}): Happening =>
  at(atMs, who, 'sent', { command: 'acquire', ...more })
const asksAgain = (atMs: number, who: string, attempt = 1, more: More = {}): Happening =>
  asks(atMs, who, { attempt, ...more })
/** A reply has reached the node: a grant of `epoch`, or a refusal. */
const has = (atMs: number, who: string, epoch = 0): Happening =>
  at(atMs, who, 'delivered', { command: 'acquire', epoch })
/** The core refuses. */
const refuses = (atMs: number, who: string, more: More = {}): Happening =>
  at(atMs, who, 'queued', { command: 'acquire', ...more })
const waits = (atMs: number, who: string): Happening => at(atMs, who, 'timed-out', { command: 'acquire' })
const crashed = (atMs: number, who: string): Happening => at(atMs, who, 'crashed')
const appended = (atMs: number, who: string, seq: number, content = 0, more: More = {}): Happening =>
  at(atMs, who, 'appended', { command: 'append', epoch: 1, seq, content, ...more })

const contentOf = (...contents: readonly number[]): number => contents.reduce(foldContent, 0)

describe('a verdict', () => {
  it('counts every event that breaks the rule, and tells of the first', () => {
    const trace = [granted(0, 'a', 1), granted(100, 'b', 2), acts(110, 'a', 1), acts(120, 'a', 1), acts(130, 'b', 2)]
    expect(judged(exclusiveBelief, trace)).toMatchObject({
      held: false,
      violations: 2,
      first: { index: 2, atMs: 110, message: expect.stringContaining('a acted as the holder of s') },
    })
  })

  it('is never broken by nothing, whatever the rule', () => {
    const { judge: _, ...rules } = invariants
    const bounds = { maxUnanswered: 1, maxAttempts: 1, boundMs: 1, calmFromMs: 0, ttlMs: 1, queueMs: 1 }
    const fold = { initial: 0, next: () => 0 }
    const all = Object.values(rules).map((rule) => (typeof rule === 'function' ? rule({ ...bounds, ...fold }) : rule))
    const files = readdirSync(join(packageRoot(), 'src/invariants')).filter((file) =>
      all.some(({ name }) => file === `${name}.ts`),
    )
    expect(files).toHaveLength(new Set(all.map(({ name }) => name)).size)
    for (const invariant of all) expectHeld(invariant, [])
  })
})

describe('exclusive-belief', () => {
  it('lets a holder act until another node has been granted the space, and not a moment longer', () => {
    const until = [granted(0, 'a', 1, 100), acts(50, 'a', 1), acts(150, 'a', 1)]
    expectHeld(exclusiveBelief, [...until, granted(151, 'b', 2, 251), acts(152, 'b', 2)])
    expectBroken(
      exclusiveBelief,
      [...until, granted(151, 'b', 2, 251), acts(151, 'a', 1)],
      4,
      'a acted as the holder of s at epoch 1; b holds epoch 2 since 151 ms',
    )
  })

  it('heeds a copy of a grant that is told of a newer epoch, and no copy of an older one', () => {
    const [a, b] = [granted(0, 'a', 1, 100), granted(110, 'b', 2, 200)]
    expectBroken(
      exclusiveBelief,
      [a, granted(110, 'b', 2, 200, { repeated: true }), acts(120, 'a', 1)],
      2,
      'a acted as the holder of s at epoch 1; b holds epoch 2 since 110 ms',
    )
    expectHeld(exclusiveBelief, [a, b, granted(115, 'a', 1, 100, { repeated: true }), acts(120, 'b', 2)])
  })

  it('lets a holder that was granted the space anew act under its older epoch', () => {
    expectHeld(exclusiveBelief, [granted(0, 'a', 1), granted(20, 'a', 2), acts(30, 'a', 1)])
  })

  it('tells two tasks of one node apart', () => {
    expectBroken(
      exclusiveBelief,
      [granted(0, 'a', 1), granted(100, 'a/1', 2), acts(110, 'a/1', 2), acts(120, 'a', 1)],
      3,
      'a acted as the holder of s at epoch 1; a/1 holds epoch 2 since 100 ms',
    )
  })

  it('tells spaces apart', () => {
    expectHeld(exclusiveBelief, [granted(0, 'a', 1), granted(10, 'b', 2, 0, { space: 1 }), acts(20, 'a', 1)])
  })

  it('goes by the latest grant, not by a late copy of an older one', () => {
    const trace = [granted(0, 'a', 1), granted(100, 'b', 2), granted(110, 'a', 1, 100, { repeated: true })]
    expectHeld(exclusiveBelief, [...trace, acts(120, 'b', 2)])
    expectBroken(
      exclusiveBelief,
      [...trace, acts(120, 'a', 1)],
      3,
      'a acted as the holder of s at epoch 1; b holds epoch 2 since 100 ms',
    )
  })

  // It compares epochs alone, so that nobody is ever late at the current one.
  it('sees a holder act after the space was granted on at the same epoch', () => {
    expectBroken(
      exclusiveBelief,
      [granted(0, 'a', 1, 100), granted(100, 'b', 1, 200), acts(110, 'a', 1)],
      2,
      'a acted as the holder of s at epoch 1; b holds epoch 1 since 100 ms',
    )
  })
})

describe('acknowledged-kept', () => {
  const two = [appended(1, 'a', 0, 11), appended(2, 'a', 1, 12)]
  const loads = (who: string, headSeq: number, checkpointSeq = 0): Happening =>
    at(50, who, 'loaded', { command: 'load', seq: headSeq, untilMs: checkpointSeq })
  const reads = (who: string, fromSeq: number, ...contents: readonly number[]): Happening =>
    at(60, who, 'events', {
      command: 'read',
      seq: fromSeq,
      untilMs: fromSeq + contents.length,
      content: contentOf(...contents),
    })
  const truncated = (firstSeq: number): Happening => at(40, 'a', 'truncated', { command: 'truncate', seq: firstSeq })
  const checkpointed = (nextSeq: number): Happening =>
    at(39, 'a', 'checkpointed', { command: 'checkpoint', seq: nextSeq })
  const compacted = (fromSeq: number, firstSeq: number): Happening =>
    at(60, 'b', 'compacted', { command: 'read', seq: firstSeq, untilMs: fromSeq })

  it('is content when the whole log, or any part of it, is read as it was acknowledged', () => {
    expectHeld(acknowledgedKept, [...two, loads('b', 2), reads('b', 0, 11, 12)])
    expectHeld(acknowledgedKept, [...two, reads('b', 0, 11), reads('b', 1, 12), reads('b', 2)])
  })

  it('says nothing of events that were never acknowledged', () => {
    expectHeld(acknowledgedKept, [...two, checkpointed(5), truncated(5), loads('b', 2, 5), reads('b', 5)])
    expectHeld(acknowledgedKept, [...two, reads('b', 0, 11, 12, 13)])
    const again = { repeated: true }
    expectHeld(acknowledgedKept, [...two, appended(3, 'a', 2, 13, again), loads('b', 3), reads('b', 1, 12, 13)])
    expectHeld(acknowledgedKept, [...two, appended(3, 'a', 1, 99, again), reads('b', 0, 11, 12)])
  })

  it('sees a log that ends before what was acknowledged', () => {
    expectBroken(
      acknowledgedKept,
      [...two, loads('b', 1)],
      2,
      'b was told that the log of s ends at seq 1; events up to 1 had been acknowledged',
    )
  })

  it('sees events that cannot be read', () => {
    expectBroken(
      acknowledgedKept,
      [...two, reads('b', 1)],
      2,
      'b read nothing of s from seq 1 on; events up to 1 had been acknowledged',
    )
  })

  it('sees events that are said to be gone, unless a checkpoint covers them', () => {
    const three = [...two, appended(3, 'a', 2, 13)]
    expectHeld(acknowledgedKept, [...three, checkpointed(2), compacted(0, 2), compacted(1, 0)])
    for (const [fromSeq, firstSeq, goneSeq] of [
      [0, 3, 2],
      [2, 0, 2],
      [2, 3, 2],
    ] as const) {
      expectBroken(
        acknowledgedKept,
        [...three, checkpointed(2), compacted(fromSeq, firstSeq)],
        4,
        `b was told that event ${goneSeq} of s is gone; it had been acknowledged, and no checkpoint covers it`,
      )
    }
  })

  it('sees a log that begins behind its checkpoint', () => {
    expectBroken(
      acknowledgedKept,
      [...two, checkpointed(1), truncated(2)],
      3,
      'a was told that the log of s begins at seq 2; the latest checkpoint covers what is before 1',
    )
  })

  it('sees other events, and the same in another order', () => {
    for (const contents of [
      [11, 13],
      [12, 11],
    ]) {
      expectBroken(
        acknowledgedKept,
        [...two, reads('b', 0, ...contents)],
        2,
        'b read other events of s from seq 0 to 1 than were acknowledged',
      )
    }
  })

  it('lets a checkpoint cover what was truncated, and misses it when the checkpoint is gone', () => {
    const trace = [...two, appended(3, 'a', 2, 13), checkpointed(2), truncated(2)]
    expectHeld(acknowledgedKept, [...trace, loads('b', 3, 2), reads('b', 2, 13)])
    expectBroken(
      acknowledgedKept,
      [...trace, loads('b', 3, 1)],
      5,
      'b was given a checkpoint of s at seq 1; the events before 2 had been truncated',
    )
    expectBroken(
      acknowledgedKept,
      [...trace, reads('b', 2, 12)],
      5,
      'b read other events of s from seq 2 to 2 than were acknowledged',
    )
  })

  it('does not take the second acknowledgement of an append for another event', () => {
    expectHeld(acknowledgedKept, [...two, appended(3, 'a', 1, 12, { repeated: true }), loads('b', 2)])
  })

  it('lets a copy of a question be told what was true when the question first came', () => {
    const late = [loads('b', 0), reads('b', 0), ...two]
    expectHeld(acknowledgedKept, [...late, { ...loads('b', 0), repeated: true }, { ...reads('b', 0), repeated: true }])
  })

  it('tells the logs of two spaces apart', () => {
    expectHeld(acknowledgedKept, [...two, { ...loads('b', 0), space: 1 }, { ...reads('b', 0), space: 1 }])
  })
})

describe('bounded-attempts', () => {
  const invariant = boundedAttempts({ maxUnanswered: 2, maxAttempts: 2 })
  const taken = (atMs: number, who: string, job: number, more: More = {}): Happening =>
    at(atMs, who, 'taken', { command: 'take', seq: job, ...more })
  const twice = [asks(0, 'a'), waits(20, 'a'), asksAgain(30, 'a'), waits(50, 'a')]

  it('has a node give up for a while after so many requests without an answer', () => {
    expectHeld(invariant, [...twice, asks(500, 'a'), waits(520, 'a'), asksAgain(530, 'a', 1)])
    expectBroken(
      invariant,
      [...twice, asksAgain(60, 'a', 2)],
      4,
      'a asked again after 2 requests in a row without an answer',
    )
  })

  it('counts the takings of a job anew that has the number of one before it', () => {
    const enqueued = (atMs: number, job: number, more: More = {}): Happening =>
      at(atMs, 'a', 'enqueued', { command: 'enqueue', seq: job, ...more })
    const trace = [enqueued(0, 7), taken(1, 'a', 7), taken(2, 'a', 7)]
    expectHeld(invariant, [...trace, enqueued(5, 7), taken(6, 'a', 7), taken(7, 'a', 7)])
    expectBroken(
      invariant,
      [...trace, enqueued(5, 7, { repeated: true }), taken(6, 'a', 7)],
      4,
      'job 7 of s was taken 3 times, the last by a; at most 2 are allowed',
    )
  })

  it('begins to count anew at every answer, and after a crash', () => {
    const answered = [asks(0, 'a'), waits(20, 'a'), asksAgain(30, 'a'), has(35, 'a'), asksAgain(40, 'a', 2)]
    expectHeld(invariant, [...answered, waits(60, 'a'), asksAgain(70, 'a', 3)])
    expectHeld(invariant, [...twice, crashed(55, 'a'), asksAgain(60, 'a', 2)])
    expectBroken(
      invariant,
      [...twice, crashed(55, 'b'), asksAgain(60, 'a', 2)],
      5,
      'a asked again after 2 requests in a row without an answer',
    )
  })

  it('forgets at a crash the requests of every task of the node, and of no other node', () => {
    const trace = ['a', 'a/1', 'b'].flatMap((who) => [asks(0, who), waits(20, who), asksAgain(30, who), waits(50, who)])
    const after = [...trace, crashed(55, 'a'), asksAgain(60, 'a', 2), asksAgain(60, 'a/1', 2)]
    expectHeld(invariant, after)
    expectBroken(
      invariant,
      [...after, asksAgain(60, 'b', 2)],
      after.length,
      'b asked again after 2 requests in a row without an answer',
    )
  })

  it('counts for every task by itself', () => {
    const trace = [asks(0, 'a'), asks(0, 'a/1'), waits(20, 'a'), waits(20, 'a/1'), asksAgain(30, 'a/1')]
    expectHeld(invariant, [...trace, asksAgain(30, 'a')])
    expectBroken(
      invariant,
      [...trace, waits(50, 'a/1'), asksAgain(60, 'a/1', 2)],
      6,
      'a/1 asked again after 2 requests in a row without an answer',
    )
  })

  it('has a job taken only so often, whoever takes it', () => {
    const trace = [taken(0, 'a', 0), taken(10, 'a', 1), taken(100, 'b', 0)]
    expectHeld(invariant, [...trace, taken(110, 'b', 1), taken(120, 'c', 0, { space: 1 })])
    expectHeld(invariant, [...trace, taken(105, 'b', 0, { repeated: true })])
    const four = boundedAttempts({ maxUnanswered: 2, maxAttempts: 3 })
    const thrice = [...trace, taken(200, 'a', 0)]
    expectHeld(four, thrice)
    expectBroken(
      four,
      [...thrice, taken(300, 'c', 0)],
      4,
      'job 0 of s was taken 4 times, the last by c; at most 3 are allowed',
    )
  })
})

describe('checkpoint-covered', () => {
  const checkpointed = (who: string, epoch: number, nextSeq: number, more: More = {}): Happening =>
    at(50, who, 'checkpointed', { command: 'checkpoint', epoch, seq: nextSeq, ...more })
  const trace = [granted(0, 'a', 1), appended(1, 'a', 0), appended(2, 'a', 1)]

  it('lets a checkpoint cover the events that are there, all of them at the most', () => {
    expectHeld(checkpointCovered, [...trace, checkpointed('a', 1, 1), checkpointed('a', 1, 2)])
    expectBroken(
      checkpointCovered,
      [...trace, checkpointed('a', 1, 3)],
      3,
      'a made a checkpoint of s at seq 3; its log was at 2',
    )
  })

  it('lets none go back; one at the same seq is no step back', () => {
    expectHeld(checkpointCovered, [...trace, checkpointed('a', 1, 2), checkpointed('a', 1, 2)])
    expectBroken(
      checkpointCovered,
      [...trace, checkpointed('a', 1, 2), checkpointed('a', 1, 1)],
      4,
      'a made a checkpoint of s at seq 1, after one at 2',
    )
  })

  it('takes none from a stale owner', () => {
    const after = [...trace, granted(10, 'b', 2)]
    expectHeld(checkpointCovered, [...after, checkpointed('b', 2, 2)])
    expectBroken(
      checkpointCovered,
      [...after, checkpointed('a', 1, 2)],
      4,
      'a made a checkpoint of s under epoch 1; the current epoch was 2',
    )
  })

  it('does not judge a checkpoint again when its request comes again', () => {
    const after = [...trace, checkpointed('a', 1, 1), checkpointed('a', 1, 2), granted(60, 'b', 2)]
    expectHeld(checkpointCovered, [...after, checkpointed('a', 1, 1, { repeated: true })])
  })

  it('has the latest one loaded as it was made', () => {
    const loaded = (nextSeq: number, state: number, more: More = {}): Happening =>
      at(60, 'b', 'loaded', { command: 'load', seq: 2, untilMs: nextSeq, content: state, ...more })
    const after = [...trace, checkpointed('a', 1, 1, { content: 31 }), checkpointed('a', 1, 2, { content: 32 })]
    expectHeld(checkpointCovered, [loaded(0, 0), ...after, loaded(2, 32), loaded(1, 31, { repeated: true })])
    const broken = (happening: Happening, given: string) =>
      expectBroken(checkpointCovered, [...after, happening], 5, `b was given ${given}`)
    broken(loaded(1, 31), 'a checkpoint at seq 1 of s; the latest that was acknowledged is at 2')
    broken(loaded(0, 0), 'no checkpoint of s; the latest that was acknowledged is at 2')
    broken(loaded(2, 31), 'the checkpoint of s at seq 2 with another state than it was made with')
    // Who keeps another than was asked for says which one, and not what is in it.
    expectHeld(checkpointCovered, [...trace, checkpointed('a', 1, 1, { content: 0 }), loaded(1, 31)])
  })

  it('tells the logs of two spaces apart', () => {
    expectBroken(
      checkpointCovered,
      [...trace, granted(10, 'a', 1, 0, { space: 1 }), checkpointed('a', 1, 1, { space: 1 })],
      4,
      'a made a checkpoint of t at seq 1; its log was at 0',
    )
  })
})

describe('contiguous-log', () => {
  const told = (atMs: number, nextSeq: number, more: More = {}): Happening =>
    at(atMs, 'b', 'loaded', { command: 'load', seq: nextSeq, ...more })

  it('has nobody told of events that were never appended', () => {
    const two = [appended(0, 'a', 0), appended(1, 'a', 1)]
    expectHeld(contiguousLog, [told(0, 0), ...two, told(5, 2), told(6, 1, { repeated: true })])
    expectBroken(
      contiguousLog,
      [...two, told(5, 3)],
      2,
      'b was told that the log of s ends at seq 3; the next seq was 2',
    )
  })

  it('has nobody given events that were never appended', () => {
    const read = (fromSeq: number, untilSeq: number): Happening =>
      at(5, 'b', 'events', { command: 'read', seq: fromSeq, untilMs: untilSeq })
    const two = [appended(0, 'a', 0), appended(1, 'a', 1)]
    expectHeld(contiguousLog, [...two, read(0, 2), read(1, 1), read(7, 7)])
    expectBroken(contiguousLog, [...two, read(1, 3)], 2, 'b was given events of s up to seq 2; the next seq was 2')
  })
})

describe('epochs-grow', () => {
  const job =
    (kind: 'enqueued' | 'taken') =>
    (atMs: number, epoch: number, more: More = {}) =>
      at(atMs, 'a', kind, { command: kind === 'taken' ? 'take' : 'enqueue', seq: 7, epoch, ...more })
  const [enqueued, taken] = [job('enqueued'), job('taken')]

  it('has every taking of a job at a higher epoch, and begins anew with another job of its number', () => {
    const trace = [enqueued(0, 0), taken(1, 3), taken(2, 5)]
    expectHeld(epochsGrow, [...trace, taken(3, 5, { repeated: true }), enqueued(4, 0), taken(5, 1)])
    expectBroken(epochsGrow, [...trace, taken(3, 5)], 3, 'job 7 of s was given to a at epoch 5, after epoch 5')
  })
})

describe('genuine-tokens', () => {
  const renewedWith = (token: number) => at(5, 'a', 'renewed', { command: 'renew', epoch: 1, token })

  it('has none made up, and judges none where there are none', () => {
    expectBroken(
      genuineTokens,
      [granted(0, 'a', 1, 0, { token: 77 }), renewedWith(78)],
      1,
      's accepted renew of a at epoch 1 with a token that was never granted',
    )
    expectHeld(genuineTokens, [granted(0, 'a', 1, 0, { token: digestText('') }), renewedWith(78)])
  })

  it('calls none made up that was granted, when an epoch was granted twice', () => {
    const twice = [granted(0, 'a', 1, 0, { token: 77 }), granted(1, 'b', 1, 0, { token: 78 })]
    expectHeld(genuineTokens, [...twice, renewedWith(77), renewedWith(78)])
    const anew = [granted(0, 'a', 3, 0, { token: 77 }), granted(1, 'b', 1, 0, { token: 78 })]
    expectHeld(genuineTokens, [...anew, renewedWith(78)])
  })

  it('judges a job that has the number of one before it by its own token', () => {
    const job = (kind: EventKind, epoch: number, token: number): Happening =>
      at(0, 'a', kind, { command: kind === 'taken' ? 'take' : 'complete', seq: 3, epoch, token })
    const first = [job('taken', 1, 77), job('taken', 2, 78), job('completed', 2, 78)]
    const second = [...first, job('enqueued', 0, 0), job('taken', 1, 79)]
    expectHeld(genuineTokens, [...second, job('completed', 1, 79)])
    expectBroken(
      genuineTokens,
      [...second, job('completed', 1, 77)],
      5,
      's accepted complete of job 3 by a at epoch 1 with a token that was never granted',
    )
  })

  it('judges what is said of a job by the token of its taking', () => {
    const taken = (epoch: number, token: number) => at(0, 'a', 'taken', { command: 'take', seq: 3, epoch, token })
    for (const [kind, command] of [
      ['completed', 'complete'],
      ['failed', 'fail'],
    ] as const) {
      const says = (epoch: number, token: number, more: More = {}) =>
        at(5, 'a', kind, { command, seq: 3, epoch, token, ...more })
      expectHeld(genuineTokens, [taken(1, 77), says(1, 77)])
      expectHeld(genuineTokens, [taken(1, 77), says(1, 78, { repeated: true })])
      expectBroken(
        genuineTokens,
        [taken(1, 77), taken(2, 79), says(2, 77)],
        2,
        `s accepted ${command} of job 3 by a at epoch 2 with a token that was never granted`,
      )
    }
  })
})

describe('effect-once', () => {
  const again = { repeated: true, request: 7 }
  const taken = (atMs: number, who: string, job: number, attempt: number, more: More = {}): Happening =>
    at(atMs, who, 'taken', { command: 'take', seq: job, epoch: attempt, ...more })
  const completed = (atMs: number, who: string, job: number, attempt: number, more: More = {}): Happening =>
    at(atMs, who, 'completed', { command: 'complete', seq: job, epoch: attempt, ...more })

  it('lets a request that comes again be told the same again, and nothing new', () => {
    expectHeld(effectOnce, [granted(0, 'a', 1), granted(5, 'a', 1, 0, again)])
    expectBroken(
      effectOnce,
      [granted(0, 'a', 1), granted(5, 'a', 2, 0, again)],
      1,
      'a copy of request 7 of a took effect on s: it was granted epoch 2',
    )
  })

  it('sees an event that was appended twice', () => {
    expectHeld(effectOnce, [appended(0, 'a', 0), appended(1, 'a', 1), appended(5, 'a', 0, 0, again)])
    expectBroken(
      effectOnce,
      [appended(0, 'a', 0), appended(5, 'a', 1, 0, again)],
      1,
      'a copy of request 7 of a took effect on s: it was appended at seq 1',
    )
  })

  it('sees a job that was put into the queue twice', () => {
    const enqueued = (atMs: number, job: number, more: More = {}) =>
      at(atMs, 'a', 'enqueued', { command: 'enqueue', seq: job, ...more })
    expectHeld(effectOnce, [enqueued(0, 0), enqueued(1, 1), enqueued(5, 0, again)])
    expectBroken(
      effectOnce,
      [enqueued(0, 0), enqueued(5, 1, again)],
      1,
      'a copy of request 7 of a took effect on s: it put job 1 of s there',
    )
  })

  it('takes no late copy for news of another job that has the number by now', () => {
    const enqueued = (atMs: number) => at(atMs, 'a', 'enqueued', { command: 'enqueue', seq: 0 })
    const trace = [enqueued(0), taken(1, 'a', 0, 1), taken(2, 'b', 0, 2), completed(3, 'b', 0, 2), enqueued(4)]
    expectHeld(effectOnce, [...trace, taken(5, 'a', 0, 1, again), taken(6, 'b', 0, 1), completed(7, 'b', 0, 1)])
  })

  it('lets a copy be told that a job is completed whose number another has by now', () => {
    const enqueued = (atMs: number) => at(atMs, 'a', 'enqueued', { command: 'enqueue', seq: 0 })
    const trace = [enqueued(0), taken(1, 'b', 0, 1), completed(2, 'b', 0, 1), enqueued(3)]
    expectHeld(effectOnce, [...trace, completed(4, 'b', 0, 1, again)])
  })

  it('sees a job that one request took twice, and another that it took as well', () => {
    expectHeld(effectOnce, [taken(0, 'a', 0, 1), taken(5, 'a', 0, 1, again)])
    for (const [job, attempt] of [
      [0, 2],
      [1, 1],
    ] as const) {
      expectBroken(
        effectOnce,
        [taken(0, 'a', 0, 1), taken(5, 'a', job, attempt, again)],
        1,
        `a copy of request 7 of a took effect on s: it took job ${job} of s`,
      )
    }
  })

  it('has a copy told of the same as the first', () => {
    const request = { request: 7 }
    const others = [granted(2, 'b', 2), granted(3, 'a/1', 3), appended(4, 'b', 1)]
    for (const [first, copyOf, told] of [
      [granted(0, 'a', 1, 0, request), (epoch: number) => granted(9, 'a', epoch, 0, again), 'epoch'],
      [appended(0, 'a', 0, 0, request), (seq: number) => appended(9, 'a', seq, 0, again), 'seq'],
    ] as const) {
      const known = told === 'epoch' ? 1 : 0
      const wrong = told === 'epoch' ? 2 : 1
      expectHeld(effectOnce, [first, ...others, copyOf(known)])
      expectBroken(
        effectOnce,
        [first, ...others, copyOf(wrong)],
        4,
        `a copy of request 7 of a was told of ${told} ${wrong}; the first, of ${told} ${known}`,
      )
    }
  })

  it('has a copy told of the same job as the first', () => {
    const request = { request: 7 }
    const enqueued = (job: number, more: More) => at(0, 'a', 'enqueued', { command: 'enqueue', seq: job, ...more })
    const there = [enqueued(0, { request: 5 }), enqueued(1, request)]
    expectHeld(effectOnce, [...there, enqueued(1, again)])
    expectBroken(
      effectOnce,
      [...there, enqueued(0, again)],
      2,
      'a copy of request 7 of a was told of job 0; the first, of job 1',
    )
    const both = [taken(0, 'b', 0, 1), taken(1, 'a', 1, 1, request)]
    expectHeld(effectOnce, [...both, taken(9, 'a', 1, 1, again)])
    expectBroken(
      effectOnce,
      [...both, taken(9, 'a', 0, 1, again)],
      2,
      'a copy of request 7 of a was told of job 0 at epoch 1; the first, of job 1 at epoch 1',
    )
  })

  it('has a copy told of no completion that never was', () => {
    const both = [taken(0, 'a', 0, 1), taken(100, 'b', 0, 2)]
    expectBroken(
      effectOnce,
      [...both, completed(110, 'a', 0, 1, again)],
      2,
      'a copy of request 7 of a was told that job 0 of s is completed; nobody had completed it',
    )
    expectHeld(effectOnce, [...both, completed(105, 'b', 0, 2), completed(110, 'b', 0, 2, again)])
  })

  it('has a job completed by who took it, where attempts do not tell', () => {
    expectBroken(
      effectOnce,
      [taken(0, 'a', 0, 1), completed(5, 'a', 0, 1), at(6, 'c', 'enqueued', { command: 'enqueue', seq: 0 })].concat([
        taken(7, 'b', 0, 1),
        completed(8, 'a', 0, 1),
      ]),
      4,
      'job 0 of s was completed by a, while b had taken it',
    )
  })

  it('has a job completed once', () => {
    const done = [taken(0, 'a', 0, 1), completed(20, 'a', 0, 1)]
    expectHeld(effectOnce, [...done, completed(25, 'a', 0, 1, { repeated: true })])
    expectBroken(
      effectOnce,
      [...done, completed(25, 'a', 0, 1)],
      2,
      'job 0 of s was completed by a after it had been completed before',
    )
  })

  it('has a job completed by the latest that took it', () => {
    const both = [taken(0, 'a', 0, 1), taken(100, 'b', 0, 2)]
    expectHeld(effectOnce, [...both, completed(110, 'b', 0, 2)])
    expectBroken(
      effectOnce,
      [...both, completed(110, 'a', 0, 1)],
      2,
      'job 0 of s was completed by a in attempt 1, while attempt 2 was under way',
    )
  })

  it('counts jobs by space', () => {
    const trace = [taken(0, 'a', 0, 1), taken(1, 'b', 0, 1, { space: 1 }), completed(20, 'a', 0, 1)]
    expectHeld(effectOnce, [...trace, completed(21, 'b', 0, 1, { space: 1 })])
  })
})

describe('takeover-bound', () => {
  const calmFromMs = 1_000
  const boundMs = 100
  const invariant = takeoverBound({ calmFromMs, boundMs, ttlMs: 60 })

  it('has a space whose holder is gone granted in time, counted from when its lease ran out', () => {
    const trace = [granted(1_000, 'a', 1, 1_060), asks(1_010, 'b')]
    expectHeld(invariant, [...trace, granted(1_160, 'b', 2, 1_220), has(1_161, 'b', 2)])
    expectBroken(
      invariant,
      [...trace, granted(1_161, 'b', 2, 1_220), has(1_162, 'b', 2)],
      2,
      's was not granted from 1060 ms to 1161 ms, with b asking',
    )
  })

  it('counts from when the holder gave the lease back, and not while it renews it', () => {
    const trace = [granted(1_000, 'a', 1, 1_060), asks(1_010, 'b'), renewed(1_050, 'a', 1, 1_500)]
    expectHeld(invariant, [...trace, granted(1_600, 'b', 2, 1_660), has(1_601, 'b', 2)])
    expectBroken(
      invariant,
      [...trace, released(1_100, 'a', 1), granted(1_201, 'b', 2, 1_260), has(1_202, 'b', 2)],
      4,
      's was not granted from 1100 ms to 1201 ms, with b asking',
    )
  })

  it('does not forget a wait that took too long when who waited gives up, asks for another space, or crashes', () => {
    const trace = [granted(1_000, 'a', 1, 1_060), asks(1_010, 'b'), refuses(1_161, 'b')]
    const message = 's was not granted from 1060 ms to 1161 ms, with b asking'
    for (const end of [crashed(1_162, 'b'), asks(1_162, 'b', { space: 1 }), asks(1_162, 'b', { command: 'append' })]) {
      expectBroken(takeoverBound({ calmFromMs, boundMs: 100, ttlMs: 60 }), [...trace, end, has(1_165, 'b')], 2, message)
    }
  })

  it('goes by the epoch of a renewal or release, and by no renewal that shortens a lease', () => {
    const trace = [granted(1_000, 'a', 1, 1_060), granted(1_010, 'a', 2, 2_000), asks(1_020, 'b')]
    expectHeld(invariant, [...trace, released(1_030, 'a', 1), has(1_500, 'b')], 1_500)
    expectHeld(invariant, [...trace, renewed(1_030, 'a', 2, 1_100), has(1_500, 'b')], 1_500)
  })

  it('counts from when the world is calm: before that there is no bound', () => {
    const trace = [asks(10, 'b')]
    expectHeld(invariant, [...trace, granted(1_100, 'b', 1, 1_160), has(1_101, 'b', 1)])
    expectBroken(
      invariant,
      [...trace, granted(1_101, 'b', 1, 1_160), has(1_102, 'b', 1)],
      1,
      's was not granted from 1000 ms to 1101 ms, with b asking',
    )
  })

  it('counts from when somebody asks: a space that nobody wants may stand idle', () => {
    const trace = [granted(1_000, 'a', 1, 1_060)]
    expectHeld(invariant, [...trace, asks(5_000, 'b'), granted(5_100, 'b', 2, 5_160), has(5_101, 'b', 2)])
    expectHeld(invariant, trace)
    expectBroken(
      invariant,
      [...trace, asks(5_000, 'b'), granted(5_101, 'b', 2, 5_160), has(5_102, 'b', 2)],
      2,
      's was not granted from 5000 ms to 5101 ms, with b asking',
    )
  })

  it('forgets who asks for something else by now, and who crashed', () => {
    const trace = [granted(1_000, 'a', 1, 1_060), asks(1_010, 'b')]
    expectHeld(invariant, [...trace, asks(1_020, 'b', { command: 'append' })])
    expectHeld(invariant, [...trace, crashed(1_020, 'b')])
    expectBroken(
      invariant,
      [...trace, crashed(1_020, 'c')],
      3,
      's was not granted from 1060 ms to 9000 ms, with b asking until the end of the run',
      9_000,
    )
  })

  it('takes who looks before it asks again for one who asks, and who only looks for one who does not', () => {
    const looks = (atMs: number) => [
      asks(atMs, 'b', { command: 'load' }),
      at(atMs + 1, 'b', 'delivered', { command: 'load' }),
    ]
    const trace = [granted(1_000, 'a', 1, 1_060), asks(1_010, 'b'), has(1_020, 'b')]
    const again = [...looks(1_050), asksAgain(1_060, 'b'), has(1_070, 'b'), ...looks(1_110), asksAgain(1_120, 'b')]
    expectBroken(
      invariant,
      [...trace, ...again],
      10,
      's was not granted from 1060 ms to 1161 ms, with b asking until the end of the run',
      1_161,
    )
    expectHeld(invariant, [...trace, ...looks(1_050), ...looks(1_110), ...looks(1_150)], 1_161)
  })

  it('names all who ask, at the end of the run as well', () => {
    const trace = [granted(1_000, 'a', 1, 1_060), asks(1_010, 'b'), asks(1_020, 'c/1')]
    expectHeld(invariant, trace, 1_160)
    expectBroken(
      invariant,
      trace,
      3,
      's was not granted from 1060 ms to 1161 ms, with b, c/1 asking until the end of the run',
      1_161,
    )
  })

  it('waits for a holder that crashed no longer than a lease lasts, whatever the core wrote down', () => {
    const trace = [granted(1_000, 'a', 1, 9_000), asks(1_010, 'b')]
    expectHeld(invariant, trace, 9_100)
    expectHeld(invariant, [...trace, crashed(1_020, 'a'), granted(1_180, 'b', 2, 1_240), has(1_181, 'b', 2)])
    expectBroken(
      invariant,
      [...trace, crashed(1_020, 'a'), granted(1_181, 'b', 2, 1_240), has(1_182, 'b', 2)],
      3,
      's was not granted from 1080 ms to 1181 ms, with b asking',
    )
  })

  it('takes who has been silent for half of the bound for one that does not ask any more', () => {
    const trace = [granted(1_000, 'a', 1, 1_060), asks(1_010, 'b'), has(1_130, 'b')]
    expectHeld(invariant, [...trace, granted(1_181, 'c', 2, 1_240)])
    expectBroken(
      invariant,
      [...trace, granted(1_180, 'c', 2, 1_240)],
      3,
      's was not granted from 1060 ms to 1180 ms, with b asking',
    )
  })

  it('heeds a late copy of a renewal where it is told a later end, or the first was refused', () => {
    const renewal = (request: number, untilMs: number, more: More = {}) =>
      at(1_020, 'a', 'renewed', { command: 'renew', epoch: 1, untilMs, request, ...more })
    const trace = [granted(1_000, 'a', 1, 1_060, { request: 1 }), asks(1_010, 'b')]
    const copy = renewal(1, 1_050, { repeated: true })
    expectBroken(
      invariant,
      [...trace, copy, granted(1_161, 'b', 2, 1_220), has(1_162, 'b', 2)],
      3,
      's was not granted from 1060 ms to 1161 ms, with b asking',
    )
    const longer = renewal(1, 5_000, { repeated: true })
    expectHeld(invariant, [...trace, longer, granted(1_161, 'b', 2, 1_220), has(1_162, 'b', 2)])
    const first = renewal(2, 5_000, { repeated: true })
    expectHeld(invariant, [...trace, first, granted(1_161, 'b', 2, 1_220), has(1_162, 'b', 2)])
  })

  it('bounds every space by itself', () => {
    const trace = [granted(1_000, 'a', 1, 1_060), asks(1_010, 'b', { space: 1 })]
    expectBroken(
      invariant,
      [...trace, granted(1_111, 'b', 1, 1_200, { space: 1 }), has(1_112, 'b', 1)],
      2,
      't was not granted from 1010 ms to 1111 ms, with b asking',
    )
  })

  // A late copy of an older grant makes its owner the holder again, so that the renewals of the real one do not count.
  it('goes by the latest grant, not by a late copy of an older one', () => {
    expectHeld(
      invariant,
      [
        granted(900, 'a', 1, 960),
        granted(1_000, 'b', 2, 1_060),
        granted(1_005, 'a', 1, 960, { repeated: true }),
        asks(1_010, 'c'),
        renewed(1_050, 'b', 2, 2_000),
      ],
      1_500,
    )
  })
})

describe('no-starvation', () => {
  const invariant = noStarvation({ boundMs: 100 })

  it('has a node that keeps asking served within the bound', () => {
    const trace = [asks(0, 'a'), has(10, 'a'), asksAgain(50, 'a'), waits(70, 'a'), asksAgain(90, 'a', 2)]
    expectHeld(invariant, [...trace, has(100, 'a', 3)])
    expectBroken(invariant, [...trace, has(101, 'a', 3)], 5, 'a waited for s from 0 ms to 101 ms')
  })

  it('counts a claim as asking', () => {
    expectBroken(
      invariant,
      [asks(0, 'a'), has(10, 'a'), asksAgain(50, 'a', 1, { command: 'claim' }), has(101, 'a', 3)],
      3,
      'a waited for s from 0 ms to 101 ms',
    )
  })

  it('sees at the end who was not served, if it still asks', () => {
    const trace = [asks(0, 'a'), has(10, 'a'), asksAgain(50, 'a'), has(55, 'a')]
    expectHeld(invariant, trace, 100)
    expectBroken(invariant, trace, 4, 'a waited for s from 0 ms to 105 ms, the end of the run, and was not served', 105)
    // It has been silent for more than half the bound: it does not ask any more.
    expectHeld(invariant, trace, 106)
    // It still waits for its answer.
    const unanswered = trace.slice(0, 3)
    expectBroken(
      invariant,
      unanswered,
      3,
      'a waited for s from 0 ms to 106 ms, the end of the run, and was not served',
      106,
    )
  })

  it('does not forget a wait that took too long when the node gives up, asks for another space, or crashes', () => {
    const trace = [asks(0, 'a'), refuses(5, 'a'), has(10, 'a'), asksAgain(90, 'a'), refuses(101, 'a')]
    const message = 'a waited for s from 0 ms to 101 ms, and was refused once more'
    for (const end of [crashed(102, 'a'), asks(102, 'a'), asks(102, 'a', { space: 1 })]) {
      expectBroken(invariant, [...trace, end, has(110, 'a', 3)], 4, message)
    }
    const elsewhere = [asks(95, 'a', { space: 1, attempt: 2 }), refuses(101, 'a', { space: 1 })]
    expectHeld(invariant, [...trace.slice(0, 4), ...elsewhere, has(110, 'a', 3)])
    expectHeld(invariant, [
      ...trace.slice(0, 4),
      refuses(101, 'a', { repeated: true }),
      has(102, 'a'),
      crashed(103, 'a'),
    ])
  })

  it('tells a wait once more only when as long has passed again', () => {
    const refused = [0, 60, 120, 180, 220].flatMap((atMs, attempt) => [
      asksAgain(atMs, 'a', attempt),
      refuses(atMs, 'a'),
    ])
    expect(judged(invariant, refused, 220).violations).toBe(1)
    expect(judged(invariant, [...refused, refuses(221, 'a')], 221).violations).toBe(2)
  })

  it('counts on while a node looks before it asks again', () => {
    const trace = [asks(0, 'a'), has(10, 'a'), asks(20, 'a', { command: 'load' }), asksAgain(50, 'a')]
    expectHeld(invariant, [...trace, has(100, 'a', 3)])
    expectBroken(invariant, [...trace, has(101, 'a', 3)], 4, 'a waited for s from 0 ms to 101 ms')
  })

  it('begins to count anew when a node asks for the first time again', () => {
    const trace = [asks(0, 'a'), has(10, 'a'), asks(90, 'a'), has(95, 'a')]
    expectHeld(invariant, [...trace, asksAgain(120, 'a'), has(190, 'a', 2)])
    expectBroken(invariant, [...trace, asksAgain(120, 'a'), has(191, 'a', 2)], 5, 'a waited for s from 90 ms to 191 ms')
  })

  it('does not count a node that does something else by now, or crashed', () => {
    const trace = [asks(0, 'a'), has(10, 'a')]
    expectHeld(invariant, [...trace, asks(20, 'a', { command: 'append' }), has(200, 'a', 2)])
    expectHeld(invariant, [...trace, crashed(20, 'a'), asksAgain(90, 'a'), has(190, 'a', 2)])
    expectBroken(
      invariant,
      [...trace, crashed(20, 'b'), asksAgain(90, 'a'), has(190, 'a', 2)],
      4,
      'a waited for s from 0 ms to 190 ms',
    )
  })

  it('counts only what is waited after the faults, when they end', () => {
    const calm = noStarvation({ boundMs: 100, calmFromMs: 1_000 })
    const trace = [asks(0, 'a'), has(10, 'a'), asksAgain(1_050, 'a')]
    expectHeld(calm, [...trace, has(1_100, 'a', 2)])
    expectHeld(calm, trace, 1_100)
    expectBroken(calm, [...trace, has(1_101, 'a', 2)], 3, 'a waited for s from 0 ms to 1101 ms')
  })

  it('counts for every task by itself', () => {
    const trace = [asks(0, 'a'), asks(5, 'a/1'), has(50, 'a', 1)]
    expectBroken(invariant, [...trace, has(106, 'a/1', 2)], 3, 'a/1 waited for s from 5 ms to 106 ms')
    expectHeld(invariant, [...trace, has(105, 'a/1', 2)])
  })
})

describe('fair-jobs', () => {
  const invariant = fairJobs({ maxAttempts: 2 })
  const job = (kind: EventKind, command: 'enqueue' | 'take' | 'complete' | 'fail') => {
    return (atMs: number, who: string, seq: number, attempt = 0, more: More = {}): Happening =>
      at(atMs, who, kind, { command, seq, epoch: attempt, ...more })
  }
  const enqueued = job('enqueued', 'enqueue')
  const taken = job('taken', 'take')
  const completed = job('completed', 'complete')
  const failed = job('failed', 'fail')
  const until = (untilMs: number): More => ({ untilMs })
  const three = [enqueued(0, 'a', 0), enqueued(1, 'a', 1), enqueued(2, 'a', 2)]

  it('has jobs taken in the order in which they became ready', () => {
    expectHeld(invariant, [...three, taken(10, 'a', 0, 1, until(90)), taken(11, 'b', 1, 1, until(90))])
    expectBroken(
      invariant,
      [...three, taken(10, 'a', 1, 1, until(90))],
      3,
      'a was given job 1 of s, ready since 1 ms, before job 0, ready since 0 ms',
    )
  })

  it('lets either of two come first that became ready at one instant', () => {
    expectHeld(invariant, [enqueued(0, 'a', 0), enqueued(0, 'b', 1), taken(10, 'a', 1, 1, until(90))])
  })

  it('has a job that was given back wait behind all that were ready before', () => {
    const trace = [...three, taken(10, 'a', 0, 1, until(90)), failed(20, 'a', 0, 1)]
    expectHeld(invariant, [...trace, taken(30, 'a', 1, 1, until(90)), taken(31, 'a', 2, 1, until(90))])
    expectBroken(
      invariant,
      [...trace, taken(30, 'a', 0, 2, until(90))],
      5,
      'a was given job 0 of s, ready since 20 ms, before job 1, ready since 1 ms',
    )
  })

  it('has a job whose lease ran out wait from that moment on', () => {
    const trace = [
      ...three.slice(0, 2),
      taken(10, 'a', 0, 1, until(60)),
      taken(10, 'b', 1, 1, until(50)),
      enqueued(55, 'a', 2),
    ]
    expectHeld(invariant, [
      ...trace,
      taken(70, 'c', 1, 2, until(170)),
      taken(70, 'c', 2, 1, until(170)),
      taken(70, 'c', 0, 2, until(170)),
    ])
    expectBroken(
      invariant,
      [...trace, taken(70, 'c', 0, 2, until(170))],
      5,
      'c was given job 0 of s, ready since 60 ms, before job 1, ready since 50 ms',
    )
    // At that very moment it is as long ready as one that is put there then.
    expectHeld(invariant, [
      ...three.slice(0, 1),
      taken(10, 'a', 0, 1, until(60)),
      enqueued(60, 'b', 1),
      taken(60, 'b', 0, 2),
    ])
    // A moment before, it is still its taker's.
    expectHeld(invariant, [...trace, taken(49, 'c', 2, 1, until(170))])
  })

  it('does not wait for jobs that are done, or that have used up their attempts', () => {
    const trace = [...three, taken(10, 'a', 0, 1, until(50))]
    expectHeld(invariant, [...trace, completed(20, 'a', 0, 1), taken(90, 'b', 1, 1, until(120))])
    const often = [...three.slice(0, 1), taken(10, 'a', 0, 1, until(20)), taken(20, 'b', 0, 2, until(30))]
    expectHeld(invariant, [...often, enqueued(40, 'a', 1), taken(50, 'c', 1, 1, until(90))])
    expectHeld(invariant, [...often, failed(25, 'b', 0, 2), enqueued(40, 'a', 1), taken(50, 'c', 1, 1, until(90))])
    expectBroken(
      fairJobs({ maxAttempts: 3 }),
      [...often, enqueued(40, 'a', 1), taken(50, 'c', 1, 1, until(90))],
      4,
      'c was given job 1 of s, ready since 40 ms, before job 0, ready since 30 ms',
    )
  })

  it('does not go by what is told again, or by who gives back a job that is another’s by now', () => {
    const trace = [...three, taken(10, 'a', 0, 1, until(90))]
    expectHeld(invariant, [...trace, taken(15, 'a', 0, 1, { untilMs: 90, repeated: true })])
    const later = [...trace, taken(20, 'b', 1, 1, until(500)), taken(100, 'b', 2, 1, until(500))]
    expectHeld(fairJobs({ maxAttempts: 3 }), [
      ...later,
      taken(110, 'b', 0, 2, until(500)),
      failed(120, 'a', 0, 1),
      enqueued(130, 'a', 3),
      taken(140, 'c', 3, 1, until(500)),
    ])
  })

  it('has a job with one worker at a time, and with none once it is done or dead', () => {
    const trace = [...three.slice(0, 1), taken(10, 'a', 0, 1, until(90))]
    const broken = (who: string, why: string) => `${who} was given job 0 of s, which was not ready: ${why}`
    expectHeld(invariant, [...trace, taken(90, 'b', 0, 2, until(200))])
    expectBroken(invariant, [...trace, taken(89, 'b', 0, 2, until(200))], 2, broken('b', 'another had it until 90 ms'))
    expectBroken(invariant, [...trace, completed(20, 'a', 0, 1), taken(95, 'c', 0, 2)], 3, broken('c', 'it was done'))
    expectBroken(
      invariant,
      [...trace, taken(90, 'b', 0, 2, until(95)), taken(99, 'c', 0, 3)],
      3,
      broken('c', 'its attempts were used up'),
    )
  })

  it('has no job that nobody has put there, and no two that are one', () => {
    expectBroken(invariant, [taken(10, 'a', 7, 1, until(90))], 0, 'a was given job 7 of s, which nobody had put there')
    const lost =
      'b was told that its job is job 0 of s, which was put there before and is not done: one of the two is lost'
    expectBroken(invariant, [enqueued(0, 'a', 0), enqueued(5, 'b', 0)], 1, lost)
    const trace = [enqueued(0, 'a', 0), taken(10, 'a', 0, 1, until(90))]
    expectBroken(invariant, [...trace, enqueued(20, 'b', 0)], 2, lost)
    expectHeld(invariant, [enqueued(0, 'a', 0), enqueued(5, 'a', 0, 0, { repeated: true })])
    expectHeld(invariant, [...trace, completed(20, 'a', 0, 1), enqueued(30, 'b', 0), taken(40, 'b', 0, 2, until(90))])
  })

  it('goes by no order of numbers, however large, and counts takings by itself', () => {
    const [late, early] = [3, 5_000_000_000]
    const trace = [enqueued(0, 'a', early), enqueued(1, 'a', late)]
    expectHeld(invariant, [...trace, taken(10, 'a', early, 71, until(90)), taken(11, 'b', late, 72, until(90))])
    expectBroken(
      invariant,
      [...trace, taken(10, 'a', late, 71, until(90))],
      2,
      `a was given job ${late} of s, ready since 1 ms, before job ${early}, ready since 0 ms`,
    )
    expectHeld(invariant, [
      ...trace,
      taken(10, 'a', early, 71, until(20)),
      taken(12, 'a', late, 72, until(90)),
      taken(30, 'b', early, 73, until(90)),
    ])
  })

  it('lets a job that is given back late stand where it was by then, or behind', () => {
    const trace = [
      ...[enqueued(0, 'a', 0), taken(10, 'a', 0, 1, until(50)), enqueued(55, 'b', 1)],
      failed(60, 'a', 0, 1),
    ]
    for (const first of [0, 1]) {
      expectHeld(invariant, [
        ...trace,
        taken(70, 'c', first, 2 - first, until(99)),
        taken(71, 'c', 1 - first, 1 + first),
      ])
    }
  })

  it('takes a refusal of a take for being sent away', () => {
    const refused = at(9, 'b', 'lease-held', { command: 'take' })
    expectHeld(invariant, [refused, at(9, 'b', 'lease-held', { command: 'acquire' })])
    expectHeld(invariant, [enqueued(0, 'a', 0), at(9, 'b', 'lease-held', { command: 'acquire' })])
    expectBroken(
      invariant,
      [enqueued(0, 'a', 0), refused],
      1,
      'b was told that s has no work; job 0 was ready since 0 ms',
    )
  })

  it('has nobody sent away while a job is ready', () => {
    const idle = (atMs: number): Happening => at(atMs, 'b', 'idle', { command: 'take' })
    const trace = [idle(0), enqueued(1, 'a', 0), taken(10, 'a', 0, 1, until(90)), idle(89)]
    expectHeld(invariant, [...trace, completed(89, 'a', 0, 1), idle(200)])
    expectHeld(invariant, [...trace, taken(90, 'b', 0, 2, until(95)), idle(200)])
    expectBroken(invariant, [...trace, idle(90)], 4, 'b was told that s has no work; job 0 was ready since 90 ms')
    expectHeld(invariant, [...trace, { ...idle(90), repeated: true }, { ...idle(90), space: 1 }])
  })

  it('keeps a queue for every space', () => {
    expectHeld(invariant, [
      enqueued(0, 'a', 0),
      enqueued(5, 'a', 0, 0, { space: 1 }),
      taken(10, 'b', 0, 1, { ...until(90), space: 1 }),
    ])
  })

  // Numbers are from 0 by contract, but a rule that throws ends the run as an error of this tool, not of the subject.
  it('does not throw at a subject that numbers its jobs from 1', () => {
    expectHeld(invariant, [enqueued(0, 'a', 1), taken(10, 'a', 1, 1, until(90))])
  })
})

describe('mutual-exclusion', () => {
  it('lets a space go to another node when its lease has run out, and not a moment before', () => {
    const trace = [granted(0, 'a', 1, 100)]
    expectHeld(mutualExclusion, [...trace, granted(100, 'b', 2, 200)])
    expectBroken(
      mutualExclusion,
      [...trace, granted(99, 'b', 2, 199)],
      1,
      's was granted to b while the lease of a was live until 100 ms',
    )
  })

  it('takes no late copy of a renewal for one', () => {
    const again = (request: number) => ({ repeated: true, request })
    const trace = [granted(0, 'a', 1, 100), renewed(50, 'a', 1, 150), released(60, 'a', 1)]
    const copy = { ...renewed(70, 'a', 1, 150), repeated: true }
    expectHeld(mutualExclusion, [...trace, copy, granted(80, 'b', 2, 180)])
    // The first was refused: this one is a renewal.
    expectBroken(
      mutualExclusion,
      [
        granted(0, 'a', 1, 100, { request: 7 }),
        { ...renewed(50, 'a', 1, 150), ...again(8) },
        granted(120, 'b', 2, 220),
      ],
      2,
      's was granted to b while the lease of a was live until 150 ms',
    )
    const early = { ...released(40, 'a', 1), repeated: true }
    expectBroken(
      mutualExclusion,
      [granted(0, 'a', 1, 100), early, granted(50, 'b', 2, 150)],
      2,
      's was granted to b while the lease of a was live until 100 ms',
    )
  })

  it('goes by renewals and releases of the owner alone', () => {
    const trace = [granted(0, 'a', 1, 100), renewed(50, 'a', 1, 150)]
    expectHeld(mutualExclusion, [...trace, released(60, 'a', 1), granted(60, 'b', 2, 160)])
    for (const other of [released(60, 'b', 1), released(60, 'a/1', 1), released(60, 'a', 0)]) {
      expectBroken(
        mutualExclusion,
        [...trace, other, granted(149, 'b', 2, 249)],
        3,
        's was granted to b while the lease of a was live until 150 ms',
      )
    }
  })

  it('holds between two tasks of one node', () => {
    const trace = [granted(0, 'a', 1, 100)]
    expectHeld(mutualExclusion, [...trace, granted(50, 'a', 2, 150)])
    expectHeld(mutualExclusion, [...trace, granted(100, 'a/1', 2, 200)])
    expectBroken(
      mutualExclusion,
      [...trace, granted(50, 'a/1', 2, 150)],
      1,
      's was granted to a/1 while the lease of a was live until 100 ms',
    )
  })

  it('does not take a late copy of an older grant for a new one', () => {
    const trace = [granted(0, 'a', 1, 100), granted(100, 'b', 2, 200), granted(110, 'a', 1, 100, { repeated: true })]
    expectHeld(mutualExclusion, [...trace, granted(200, 'c', 3, 300)])
    expectBroken(
      mutualExclusion,
      [...trace, granted(199, 'c', 3, 299)],
      3,
      's was granted to c while the lease of b was live until 200 ms',
    )
  })
})

describe('mutual-exclusion', () => {
  it('goes by the latest end that a lease was given: a renewal does not shorten it', () => {
    const trace = [granted(0, 'a', 1, 100), renewed(10, 'a', 1, 50)]
    expectHeld(mutualExclusion, [...trace, granted(100, 'b', 2, 200)])
    expectBroken(
      mutualExclusion,
      [...trace, granted(99, 'b', 2, 200)],
      2,
      's was granted to b while the lease of a was live until 100 ms',
    )
  })
})

describe('replay-equals-state', () => {
  // The state is the sum of the contents.
  const invariant = replayEqualsState({ initial: 0, next: (state, content) => state + content })
  const checkpointed = (atMs: number, seq: number, state: number, more: More = {}): Happening => {
    const content = digestContent('checkpoint', state)
    return at(atMs, 'a', 'checkpointed', { command: 'checkpoint', epoch: 1, seq, content, ...more })
  }
  const served = (atMs: number, seq: number, state: number): Happening =>
    at(atMs, 'b', 'served', { epoch: 2, seq, content: state })
  const trace = [appended(0, 'a', 0, 1), appended(1, 'a', 1, 2), appended(2, 'a', 2, 4)]

  it('has every checkpoint, and every successor, at the state of the log at its place', () => {
    expectHeld(invariant, [...trace, checkpointed(3, 2, 3), served(4, 3, 7), served(5, 2, 3)])
    const otherwise = 'with another state than an uninterrupted log has'
    expectBroken(invariant, [...trace, checkpointed(3, 2, 7)], 3, `a made a checkpoint of s at seq 2 ${otherwise}`)
    expectBroken(invariant, [...trace, served(3, 3, 3)], 3, `b served s at seq 3 ${otherwise}`)
  })

  it('has nobody serve from where the log was not yet, or is not any more', () => {
    expectBroken(invariant, [...trace, served(3, 4, 7)], 3, 'b served s at seq 4; its log was at 3')
    expectBroken(
      invariant,
      [...trace, checkpointed(3, 2, 3), served(4, 1, 1)],
      4,
      'b served s at seq 1; its log was at 3',
    )
  })

  it('says nothing of a checkpoint that goes back, of a copy, and of one of which nobody has said what is in it', () => {
    const before = [...trace, checkpointed(3, 2, 3)]
    expectHeld(invariant, [...before, checkpointed(4, 1, 99), served(5, 3, 7)])
    expectHeld(invariant, [...before, { ...appended(4, 'a', 0, 1), repeated: true }, served(5, 3, 7)])
    expectHeld(invariant, [...before, checkpointed(4, 3, 99, { repeated: true }), served(5, 2, 3)])
    expectHeld(invariant, [...before, checkpointed(4, 3, 0, { content: 0 }), served(5, 3, 7)])
  })
})

describe('valid-means-held', () => {
  const valid = (atMs: number, who: string, epoch: number, more: More = {}): Happening =>
    at(atMs, who, 'valid', { command: 'validate', epoch, ...more })

  it('has a fence called valid until the very millisecond at which its lease ends', () => {
    const trace = [granted(0, 'a', 1, 100)]
    expectHeld(validMeansHeld, [...trace, valid(99, 'a', 1)])
    expectBroken(
      validMeansHeld,
      [...trace, valid(100, 'a', 1)],
      1,
      's called the fence of a valid, whose lease was over at 100 ms',
    )
  })

  it('follows renewals and releases', () => {
    const trace = [granted(0, 'a', 1, 100), renewed(50, 'a', 1, 150)]
    expectHeld(validMeansHeld, [...trace, valid(149, 'a', 1)])
    expectBroken(
      validMeansHeld,
      [...trace, released(60, 'a', 1), valid(61, 'a', 1)],
      3,
      's called the fence of a valid, whose lease was over at 60 ms',
    )
  })

  it('has only the owner of the current epoch told so', () => {
    const trace = [granted(0, 'a', 1, 100), granted(100, 'b', 2, 200)]
    expectHeld(validMeansHeld, [...trace, valid(110, 'b', 2)])
    for (const [who, epoch] of [
      ['a', 1],
      ['a', 2],
      ['b', 3],
    ] as const) {
      expectBroken(
        validMeansHeld,
        [...trace, valid(110, who, epoch)],
        2,
        `s called the fence of ${who} at epoch ${epoch} valid; the current epoch was 2`,
      )
    }
  })

  it('does not judge again what a copy of a request is told', () => {
    expectHeld(validMeansHeld, [granted(0, 'a', 1, 100), valid(90, 'a', 1), valid(110, 'a', 1, { repeated: true })])
  })
})

describe('writes-accepted', () => {
  const rule = writesAccepted({ calmFromMs: 100 })
  const refused = (atMs: number, who: string, kind: EventKind, more: More = {}): Happening =>
    at(atMs, who, kind, { command: 'append', epoch: 1, request: 9, ...more })
  const holds = granted(100, 'a', 1, 200)

  it('has the holder of a live lease write in its first half, up to the very millisecond at which that ends', () => {
    expectHeld(rule, [holds, refused(150, 'a', 'lease-expired')])
    for (const kind of ['lease-expired', 'stale-owner', 'unknown-epoch', 'split-brain', 'invalid-token'] as const) {
      expectBroken(
        rule,
        [holds, refused(149, 'a', kind)],
        1,
        's refused append of a at epoch 1, whose lease was live until 200 ms',
      )
    }
    expectBroken(
      rule,
      [holds, renewed(150, 'a', 1, 250), refused(199, 'a', 'stale-owner', { command: 'validate' })],
      2,
      's refused validate of a at epoch 1, whose lease was live until 250 ms',
    )
  })

  it('says nothing of leases that were granted while the world was broken, given back or lost', () => {
    expectHeld(rule, [granted(99, 'a', 1, 200), refused(120, 'a', 'stale-owner')])
    expectHeld(rule, [holds, released(110, 'a', 1), refused(120, 'a', 'lease-expired')])
    const told = refused(110, 'a', 'lease-expired', { command: 'renew' })
    expectHeld(rule, [holds, told, refused(120, 'a', 'lease-expired')])
    expectHeld(rule, [holds, granted(110, 'b', 2, 250), refused(120, 'a', 'stale-owner')])
  })

  it('has the taker of a job say that it is over, while it is the taker', () => {
    const taken = (atMs: number, who: string, epoch: number, untilMs: number): Happening =>
      at(atMs, who, 'taken', { command: 'take', seq: 3, epoch, untilMs, token: 5 })
    const says = (atMs: number, who: string, kind: EventKind, more: More = {}): Happening =>
      at(atMs, who, kind, { command: 'complete', seq: 3, epoch: 1, token: 5, ...more })
    const takes = taken(100, 'a', 1, 200)
    const broken = 's refused complete of job 3 by a, which had taken it until 200 ms'
    expectBroken(rule, [takes, says(149, 'a', 'lease-expired')], 1, broken)
    // Of these the trace has the current epoch, and not the number of the job.
    expectBroken(rule, [takes, says(149, 'a', 'stale-owner', { seq: 7 })], 1, broken)
    expectBroken(rule, [takes, says(149, 'a', 'unknown-epoch', { seq: -1 })], 1, broken)
    expectHeld(rule, [takes, { ...takes, seq: 4 }, says(149, 'a', 'stale-owner', { seq: 7 })])
    expectHeld(rule, [takes, says(150, 'a', 'lease-expired')])
    expectHeld(rule, [takes, says(120, 'a', 'invalid-token', { token: 6 })])
    expectHeld(rule, [takes, says(120, 'b', 'split-brain')])
    expectHeld(rule, [takes, says(110, 'a', 'completed'), says(120, 'a', 'stale-owner', { seq: 1 })])
    // A queue without tokens takes one that was made up.
    expectHeld(rule, [takes, says(110, 'a', 'completed', { token: 6 }), says(120, 'a', 'lease-expired')])
    expectHeld(rule, [taken(99, 'a', 1, 200), says(120, 'a', 'stale-owner', { seq: 1 })])
    expectHeld(rule, [takes, taken(110, 'b', 2, 300), says(120, 'a', 'stale-owner', { seq: 2 })])
  })

  it('says nothing of copies, of forged tokens and of others', () => {
    expectHeld(rule, [holds, refused(120, 'a', 'stale-owner', { repeated: true })])
    expectHeld(rule, [holds, refused(120, 'a', 'invalid-token', { token: 7 })])
    expectHeld(rule, [holds, refused(120, 'b', 'split-brain')])
    const late = refused(130, 'a', 'stale-owner', { request: 3 })
    expectHeld(rule, [holds, at(120, 'a', 'renewed', { command: 'renew', epoch: 1, untilMs: 250, request: 4 }), late])
  })
})

describe('fenced-writes', () => {
  it('has writes accepted from the owner, at its epoch', () => {
    const trace = [granted(0, 'a', 1, 90), appended(10, 'a', 0), granted(100, 'b', 2, 190)]
    expectHeld(fencedWrites, [...trace, appended(110, 'b', 1, 0, { epoch: 2 })])
    expectBroken(
      fencedWrites,
      [...trace, appended(110, 'a', 1)],
      3,
      's accepted append of a at epoch 1; the current epoch was 2',
    )
    expectBroken(
      fencedWrites,
      [...trace, appended(110, 'a', 1, 0, { epoch: 2 })],
      3,
      "s accepted append of a at epoch 2, which was b's",
    )
  })

  it('has writes of one task accepted, and not of another task of its node at the same epoch', () => {
    const trace = [granted(0, 'a/1', 1, 90)]
    expectHeld(fencedWrites, [...trace, appended(10, 'a/1', 0)])
    expectBroken(
      fencedWrites,
      [...trace, appended(10, 'a', 0)],
      1,
      "s accepted append of a at epoch 1, which was a/1's",
    )
    expectBroken(
      fencedWrites,
      [...trace, renewed(10, 'a/2', 1, 200)],
      1,
      "s accepted renew of a/2 at epoch 1, which was a/1's",
    )
  })

  it.each([
    ['renewed', 'renew'],
    ['checkpointed', 'checkpoint'],
    ['truncated', 'truncate'],
  ] as const)('counts what was %s as a write', (kind, command) => {
    const trace = [granted(0, 'a', 1, 90), granted(100, 'b', 2, 190)]
    expectHeld(fencedWrites, [...trace, at(110, 'b', kind, { command, epoch: 2 })])
    expectBroken(
      fencedWrites,
      [...trace, at(110, 'a', kind, { command, epoch: 1 })],
      2,
      `s accepted ${command} of a at epoch 1; the current epoch was 2`,
    )
  })

  it('leaves releases alone: one that frees nothing may be answered with yes', () => {
    const trace = [granted(0, 'a', 1, 90), granted(100, 'b', 2, 190)]
    expectHeld(fencedWrites, [...trace, at(110, 'a', 'released', { command: 'release', epoch: 1 })])
  })

  it('does not judge a write again when its request comes again', () => {
    const trace = [granted(0, 'a', 1, 90), appended(10, 'a', 0), granted(100, 'b', 2, 190)]
    expectHeld(fencedWrites, [...trace, appended(110, 'a', 0, 0, { repeated: true })])
  })

  it('has none accepted when the lease is over: it has run out, or was released', () => {
    const over = 's accepted append of a at epoch 1, whose lease was over'
    const trace = [granted(0, 'a', 1, 100), appended(99, 'a', 0)]
    expectHeld(fencedWrites, trace)
    expectBroken(fencedWrites, [...trace, appended(100, 'a', 1)], 2, over)
    expectBroken(
      fencedWrites,
      [...trace, renewed(100, 'a', 1, 200)],
      2,
      's accepted renew of a at epoch 1, whose lease was over',
    )
    expectHeld(fencedWrites, [...trace, renewed(99, 'a', 1, 199), appended(198, 'a', 1)])
    const release = at(50, 'a', 'released', { command: 'release', epoch: 1, request: 9 })
    expectBroken(fencedWrites, [granted(0, 'a', 1, 100), release, appended(60, 'a', 0)], 2, over)
  })

  it('lets a lease that was live when the store stopped last its whole length again: etcd #9395', () => {
    const stop = (atMs: number, backAtMs = atMs) => at(atMs, 'a', 'store-restarted', { node: -1, untilMs: backAtMs })
    const over = 's accepted append of a at epoch 1, whose lease was over'
    const trace = [granted(0, 'a', 1, 100)]
    // A core has no clock before it is asked for something: it counts from then on, if the lease is still live.
    const first = [...trace, stop(90, 95), appended(98, 'a', 0)]
    expectHeld(fencedWrites, [...first, appended(197, 'a', 1)])
    expectBroken(fencedWrites, [...first, appended(198, 'a', 1)], 3, over)
    expectHeld(fencedWrites, [...trace, stop(90, 95), appended(199, 'a', 0)])
    expectBroken(fencedWrites, [...trace, stop(90, 95), appended(200, 'a', 0)], 2, over)
    const twice = [...first, stop(150), appended(160, 'a', 1)]
    expectHeld(fencedWrites, [...twice, appended(259, 'a', 2)])
    expectBroken(fencedWrites, [...twice, appended(260, 'a', 2)], 5, over)
    expectBroken(fencedWrites, [...trace, stop(100), appended(150, 'a', 0)], 2, over)
    const release = at(92, 'a', 'released', { command: 'release', epoch: 1, request: 9 })
    expectBroken(fencedWrites, [...trace, stop(90), release, appended(150, 'a', 0)], 3, over)
  })

  it('lets a copy that is told a later end make the lease last longer, unless it was given back', () => {
    const copy = at(50, 'a', 'renewed', { command: 'renew', epoch: 1, untilMs: 150, repeated: true })
    expectHeld(fencedWrites, [granted(0, 'a', 1, 100), copy, appended(149, 'a', 0)])
    const regranted = granted(50, 'a', 1, 150, { repeated: true })
    expectHeld(fencedWrites, [granted(0, 'a', 1, 100), regranted, appended(149, 'a', 0)])
    const release = at(40, 'a', 'released', { command: 'release', epoch: 1, request: 9 })
    expectBroken(
      fencedWrites,
      [granted(0, 'a', 1, 100), release, copy, appended(60, 'a', 0)],
      3,
      's accepted append of a at epoch 1, whose lease was over',
    )
  })
})

describe('single-effects', () => {
  it('has each event in a log once', () => {
    expectHeld(singleEffects, [appended(0, 'a', 0, 7), appended(1, 'b', 1, 8), appended(2, 'b', 0, 7, { space: 1 })])
    expectBroken(
      singleEffects,
      [appended(0, 'a', 0, 7), appended(1, 'b', 1, 7)],
      1,
      'b wrote at seq 1 of s what is there at seq 0 already',
    )
  })

  it('lets a copy of a write be told the same again', () => {
    expectHeld(singleEffects, [appended(0, 'a', 0, 7), appended(9, 'a', 0, 7, { repeated: true })])
  })
})

describe('prompt-jobs', () => {
  const invariant = promptJobs({ boundMs: 100 })
  const enqueued = at(0, 'a', 'enqueued', { command: 'enqueue', seq: 3 })
  const taken = (atMs: number, epoch = 1): Happening => at(atMs, 'b', 'taken', { command: 'take', seq: 3, epoch })

  it('bounds how long a job waits for its first turn, and no other', () => {
    expectHeld(invariant, [enqueued, taken(100), taken(900, 2)])
    expectBroken(invariant, [enqueued, taken(101)], 1, 'job 3 of s waited from 0 ms to 101 ms')
  })

  it('judges at the end those that were never taken', () => {
    expectHeld(invariant, [enqueued], 100)
    expectBroken(
      invariant,
      [enqueued],
      1,
      'job 3 of s waited from 0 ms to 101 ms, the end of the run, and was not taken',
      101,
    )
  })
})

describe('service-order', () => {
  const invariant = serviceOrder({ queueMs: 100 })
  const refused = (atMs: number, who: string): Happening => at(atMs, who, 'lease-held', { command: 'acquire', seq: 1 })

  it('serves whoever has waited longest, of those who kept their place', () => {
    expectHeld(invariant, [refused(0, 'a'), refused(1, 'b'), granted(50, 'a', 1), granted(60, 'b', 2)])
    expectHeld(invariant, [refused(0, 'a'), refused(1, 'b'), granted(100, 'b', 1)])
    expectHeld(invariant, [refused(0, 'a'), refused(50, 'b'), refused(100, 'a'), granted(120, 'b', 1)])
    expectBroken(
      invariant,
      [refused(0, 'a'), refused(1, 'b'), refused(99, 'a'), granted(150, 'b', 1)],
      3,
      's was granted to b before a, which waited since 0 ms',
    )
  })

  it('minds nothing that the owner is granted while it still holds the space', () => {
    const trace = [granted(0, 'a', 1, 60), refused(10, 'b')]
    expectHeld(invariant, [...trace, granted(50, 'a', 2, 110)])
    const waits = 's was granted to a before b, which waited since 10 ms'
    expectBroken(invariant, [...trace, granted(60, 'a', 2, 110)], 2, waits)
    expectBroken(invariant, [...trace, released(40, 'a', 1), granted(50, 'a', 2, 110)], 3, waits)
  })

  it('minds nothing that the owner is granted of a lease that lasts longer because the store was restarted', () => {
    const stop = at(55, 'a', 'store-restarted', { node: -1, untilMs: 56 })
    const trace = [granted(0, 'a', 1, 60), stop, refused(57, 'b')]
    expectHeld(invariant, [...trace, granted(110, 'a', 2, 170)])
    const waits = 's was granted to a before b, which waited since 57 ms'
    expectBroken(invariant, [...trace, granted(120, 'a', 2, 180)], 3, waits)
  })

  it('lets a core forget its queue with its store, or remember it', () => {
    const stop = at(20, 'a', 'store-restarted', { node: -1, untilMs: 20 })
    const trace = [refused(0, 'a'), refused(1, 'b'), stop]
    expectHeld(invariant, [...trace, granted(50, 'b', 1, 60)])
    expectHeld(invariant, [...trace, refused(30, 'c'), granted(50, 'a', 1, 60)])
    expectBroken(
      invariant,
      [...trace, refused(30, 'c'), granted(50, 'a/1', 1, 60)],
      4,
      's was granted to a/1 before c, which waited since 30 ms',
    )
  })

  it('tells the tasks of one node apart', () => {
    expectHeld(invariant, [refused(0, 'a'), refused(50, 'b'), refused(60, 'a/1'), granted(120, 'b', 1)])
    expectBroken(
      invariant,
      [refused(0, 'a'), refused(1, 'a/1'), granted(50, 'a/1', 1)],
      2,
      's was granted to a/1 before a, which waited since 0 ms',
    )
  })
})

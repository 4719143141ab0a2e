import { describe, expect, it } from 'vitest'
import { type WorkCounts, workCountsFold } from '../../src/metrics/index.js'
import { castOf, type EventKind, observe } from '../../src/trace/index.js'
import { at, type Happening, type More } from '../support/trace-by-hand.js'

function countsOf(trace: readonly Happening[]): WorkCounts {
  const counts = observe(workCountsFold(castOf(['a', 'b', 'c'], ['s', 't'])))
  for (const [index, event] of trace.entries()) counts.observe({ ...event, index })
  return counts.end(10_000)
}

const of = (kind: EventKind, command: Happening['command']) => {
  return (atMs: number, who: string, job: number, attempt = 0, more: More = {}): Happening =>
    at(atMs, who, kind, { command, seq: job, epoch: attempt, ...more })
}
const enqueued = of('enqueued', 'enqueue')
const completed = of('completed', 'complete')
const failed = of('failed', 'fail')
const taken = (atMs: number, who: string, job: number, attempt: number, untilMs = atMs + 50, more: More = {}) =>
  of('taken', 'take')(atMs, who, job, attempt, { untilMs, ...more })
const idle = (atMs: number): Happening => at(atMs, 'c', 'idle', { command: 'take' })
const written = (atMs: number, who: string, seq: number, content: number, more: More = {}): Happening =>
  at(atMs, who, 'appended', { command: 'append', seq, content, ...more })

describe('the counts of work', () => {
  it('are of one job that is redelivered when its worker is lost, and done once', () => {
    const trace = [
      enqueued(0, 'c', 0),
      taken(10, 'a', 0, 1),
      written(20, 'a', 0, 7),
      taken(70, 'b', 0, 2),
      completed(80, 'b', 0, 2),
      idle(90),
    ]
    expect(countsOf(trace)).toEqual({
      jobs: 1,
      attempts: 2,
      attemptsPerJob: { 2: 1 },
      deadLetters: 0,
      sideEffects: 1,
      duplicates: 0,
      redeliveries: 1,
      refusedWrites: 0,
    })
  })

  it('take a job for dead once the queue has no work, and nobody holds it', () => {
    const twice = [enqueued(0, 'c', 0), taken(10, 'a', 0, 1), failed(20, 'a', 0, 1), taken(30, 'a', 0, 2)]
    expect(countsOf([...twice, failed(40, 'a', 0, 2), idle(45)])).toMatchObject({ deadLetters: 1, redeliveries: 0 })
    expect(countsOf([...twice, idle(79)]).deadLetters).toBe(0)
    expect(countsOf([...twice, idle(80)]).deadLetters).toBe(1)
    expect(countsOf([...twice, failed(40, 'a', 0, 2)]).deadLetters).toBe(0)
  })

  it('take it back when it is given out all the same', () => {
    const trace = [enqueued(0, 'c', 0), taken(10, 'a', 0, 1), failed(20, 'a', 0, 1), idle(30), taken(40, 'b', 0, 2)]
    expect(countsOf(trace)).toMatchObject({ deadLetters: 0, attempts: 2 })
  })

  it('heed no word of a worker whose job another has taken since', () => {
    const trace = [enqueued(0, 'c', 0), taken(10, 'a', 0, 1), taken(70, 'b', 0, 2), failed(75, 'a', 0, 1)]
    expect(countsOf([...trace, idle(119)]).deadLetters).toBe(0)
    expect(countsOf([...trace, failed(80, 'b', 0, 2), idle(81)]).deadLetters).toBe(1)
    // The attempt of b ended without a word of b.
    expect(countsOf([...trace, taken(120, 'c', 0, 3)]).redeliveries).toBe(2)
  })

  it('know a second effect from a copy of the first', () => {
    const copy = written(30, 'a', 0, 7, { repeated: true })
    expect(countsOf([written(20, 'a', 0, 7), copy])).toMatchObject({ sideEffects: 1, duplicates: 0 })
    expect(countsOf([written(20, 'a', 0, 7), written(30, 'b', 1, 8)])).toMatchObject({ sideEffects: 2, duplicates: 0 })
    expect(countsOf([written(20, 'a', 0, 7), written(30, 'b', 1, 7)])).toMatchObject({ sideEffects: 2, duplicates: 1 })
  })

  it('count writes and completions that were refused, once each, and no refused lease', () => {
    const refused = (command: Happening['command'], more: More = {}) => at(10, 'a', 'stale-owner', { command, ...more })
    const trace = [refused('append'), refused('append', { repeated: true }), refused('complete'), refused('acquire')]
    expect(countsOf([...trace, refused('fail')]).refusedWrites).toBe(2)
  })
})

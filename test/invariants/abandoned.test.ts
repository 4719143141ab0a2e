import { describe, it } from 'vitest'
import { fairJobs, mutualExclusion } from '../../src/invariants/index.js'
import { at, expectBroken, expectHeld, type Happening } from '../support/trace-by-hand.js'

const world = { command: 'none', space: -1 } as const
const crashed = (atMs: number, who: string): Happening => at(atMs, who, 'crashed', world)

describe('a lease of a node that has crashed', () => {
  const granted = (atMs: number, who: string, epoch: number): Happening =>
    at(atMs, who, 'granted', { command: 'acquire', epoch, untilMs: atMs + 100 })

  it('may be granted to another before its end', () => {
    expectHeld(mutualExclusion, [granted(0, 'a', 1), crashed(5, 'a'), granted(10, 'b', 2)])
    expectHeld(mutualExclusion, [granted(0, 'a/1', 1), crashed(5, 'a'), granted(10, 'b', 2)])
  })

  it('may not if it was another that crashed, or if it was granted anew since', () => {
    const message = 's was granted to b while the lease of a was live until'
    expectBroken(mutualExclusion, [granted(0, 'a', 1), crashed(5, 'c'), granted(10, 'b', 2)], 2, `${message} 100 ms`)
    const anew = [granted(0, 'a', 1), crashed(5, 'a'), granted(10, 'a', 2), granted(20, 'b', 3)]
    expectBroken(mutualExclusion, anew, 3, `${message} 110 ms`)
  })
})

describe('a job of a worker that has crashed', () => {
  const rule = fairJobs({ maxAttempts: 2 })
  const enqueued = at(0, 'c', 'enqueued', { command: 'enqueue', seq: 0 })
  const taken = (atMs: number, who: string, epoch: number): Happening =>
    at(atMs, who, 'taken', { command: 'take', seq: 0, epoch, untilMs: atMs + 100 })

  it('may be given to another before its lease is over', () => {
    expectHeld(rule, [enqueued, taken(1, 'a', 1), crashed(5, 'a'), taken(10, 'b', 2)])
  })

  it('may not if it was another that crashed, or if nobody may try it any more', () => {
    const message = 'b was given job 0 of s, which was not ready: another had it until'
    expectBroken(rule, [enqueued, taken(1, 'a', 1), crashed(5, 'c'), taken(10, 'b', 2)], 3, `${message} 101 ms`)
    const usedUp = [enqueued, taken(1, 'a', 1), crashed(5, 'a'), taken(10, 'a', 2), crashed(15, 'a'), taken(20, 'b', 3)]
    expectBroken(rule, usedUp, 5, `${message} 110 ms`)
  })
})

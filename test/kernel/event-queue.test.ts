import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventQueue } from '../../src/kernel/event-queue.js'

const everything = Number.POSITIVE_INFINITY

describe('the event queue', () => {
  it('gives events back soonest first, and those of one time by their order key', () => {
    const queue = new EventQueue()
    queue.push(20, 1, 100)
    queue.push(10, 3, 101)
    queue.push(10, 2, 102)
    const taken: number[] = []
    while (queue.take(15)) taken.push(queue.payload)
    expect(taken).toEqual([102, 101])
    expect(queue.size).toBe(1)
    expect(queue.nextAtMs).toBe(20)
  })

  it('takes what is due at the very time given, and nothing from an empty queue', () => {
    const queue = new EventQueue()
    expect(queue.take(everything)).toBe(false)
    expect(queue.nextAtMs).toBe(everything)
    queue.push(10, 0, 7)
    expect(queue.take(9)).toBe(false)
    expect(queue.take(10)).toBe(true)
    expect([queue.atMs, queue.order, queue.payload]).toEqual([10, 0, 7])
    expect(queue.size).toBe(0)
    expect(queue.nextAtMs).toBe(everything)
  })

  it('behaves as a sorted list does, whatever is pushed, taken and looked at in between', () => {
    const operation = fc.oneof(
      { weight: 4, arbitrary: fc.record({ push: fc.nat({ max: 50 }), rank: fc.nat({ max: 9 }) }) },
      { weight: 3, arbitrary: fc.record({ takeUntil: fc.nat({ max: 60 }) }) },
      { weight: 1, arbitrary: fc.constant({ look: true }) },
    )
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 400 }), (operations) => {
        const queue = new EventQueue()
        const model: { atMs: number; order: number; payload: number }[] = []
        for (const [index, each] of operations.entries()) {
          if ('push' in each) {
            // Unique, and not growing with time: a tie-break may draw its keys.
            const order = each.rank * 1_000 + index
            queue.push(each.push, order, index)
            model.push({ atMs: each.push, order, payload: index })
            model.sort((a, b) => a.atMs - b.atMs || a.order - b.order)
          } else if ('takeUntil' in each) {
            const due = (model[0]?.atMs ?? everything) <= each.takeUntil
            expect(queue.take(each.takeUntil)).toBe(due)
            const { atMs, order, payload } = queue
            if (due) expect({ atMs, order, payload }).toEqual(model.shift())
          } else expect(queue.nextAtMs).toBe(model[0]?.atMs ?? everything)
          expect(queue.size).toBe(model.length)
        }
      }),
    )
  })

  it('grows as far as it is filled, in the middle of a take as well', () => {
    const queue = new EventQueue()
    for (let at = 5_000; at > 0; at--) queue.push(at, at, at)
    let last = 0
    while (queue.take(everything)) {
      expect(queue.atMs).toBe(last + 1)
      last = queue.atMs
      if (last <= 2_000) {
        queue.push(10_000 + last, last, 0)
        queue.push(20_000 + last, last, 0)
      }
      if (last === 5_000) break
    }
    expect(queue.size).toBe(4_000)
    expect(queue.nextAtMs).toBe(10_001)
  })
})

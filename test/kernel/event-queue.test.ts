import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventQueue } from '../../src/kernel/event-queue.js'

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

  it('behaves as a sorted list does, whatever is pushed and taken in between', () => {
    const operation = fc.oneof(fc.record({ push: fc.nat({ max: 50 }) }), fc.record({ takeUntil: fc.nat({ max: 60 }) }))
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 400 }), (operations) => {
        const queue = new EventQueue()
        const model: { atMs: number; order: number }[] = []
        for (const [order, each] of operations.entries()) {
          if ('push' in each) {
            queue.push(each.push, order, order)
            model.push({ atMs: each.push, order })
            model.sort((a, b) => a.atMs - b.atMs || a.order - b.order)
          } else {
            const due = (model[0]?.atMs ?? Number.POSITIVE_INFINITY) <= each.takeUntil
            expect(queue.take(each.takeUntil)).toBe(due)
            if (due) expect({ atMs: queue.atMs, order: queue.order }).toEqual(model.shift())
          }
          expect(queue.size).toBe(model.length)
        }
      }),
    )
  })

  it('grows beyond its first capacity', () => {
    const queue = new EventQueue()
    for (let at = 5_000; at > 0; at--) queue.push(at, at, at)
    let last = 0
    while (queue.take(Number.POSITIVE_INFINITY)) {
      expect(queue.atMs).toBe(last + 1)
      last = queue.atMs
    }
    expect(last).toBe(5_000)
  })
})

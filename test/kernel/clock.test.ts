import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NodeClock } from '../../src/kernel/clock.js'

describe("a node's clock", () => {
  it('shows virtual time plus its skew, jumps, and drifts', () => {
    const clock = new NodeClock(50)
    expect(clock.read(100)).toBe(150)
    clock.jump(100, -200)
    expect(clock.read(100)).toBe(-50)
    clock.drift(100, 500_000)
    expect(clock.read(300)).toBe(-50 + 300)
    expect(clock.toVirtual(300)).toBe(200)
  })

  it('never runs back while it drifts, and waits at least as long as it was told', () => {
    const drift = fc.integer({ min: -900_000, max: 900_000 })
    fc.assert(
      fc.property(
        drift,
        fc.array(fc.nat({ max: 10_000 }), { maxLength: 20 }),
        fc.nat({ max: 10_000 }),
        (ppm, gaps, localMs) => {
          const clock = new NodeClock(0)
          clock.drift(0, ppm)
          let atMs = 0
          let last = clock.read(0)
          for (const gap of gaps) {
            atMs += gap
            expect(clock.read(atMs)).toBeGreaterThanOrEqual(last)
            last = clock.read(atMs)
          }
          expect(clock.read(clock.toVirtual(localMs))).toBeGreaterThanOrEqual(localMs)
        },
      ),
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NodeClock } from '../../src/kernel/clock.js'

describe("a node's clock", () => {
  it('shows virtual time plus its skew, jumps, and drifts', () => {
    const clock = new NodeClock(50)
    expect(clock.read(100)).toBe(150)
    clock.jump(-200)
    expect(clock.read(100)).toBe(-50)
    clock.drift(100, 500_000)
    expect(clock.read(300)).toBe(-50 + 300)
    expect(clock.toVirtual(300)).toBe(200)
  })

  it('goes on from where it stands when its drift changes', () => {
    const clock = new NodeClock(0)
    clock.drift(0, 1_000_000)
    expect(clock.read(100)).toBe(200)
    clock.drift(100, -500_000)
    expect(clock.read(100)).toBe(200)
    expect(clock.read(200)).toBe(250)
    clock.drift(200, 0)
    expect(clock.read(210)).toBe(260)
    expect(clock.toVirtual(10)).toBe(10)
  })

  const ppm = fc.integer({ min: -999_999, max: 2_000_000 })
  const gapMs = fc.nat({ max: 10_000 })

  it('never runs back while it drifts, however often the drift changes, and shows whole milliseconds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -5_000, max: 5_000 }),
        fc.array(fc.record({ gapMs, ppm: fc.option(ppm) }), { maxLength: 30 }),
        (skewMs, steps) => {
          const clock = new NodeClock(skewMs)
          let atMs = 0
          let last = clock.read(0)
          for (const step of steps) {
            atMs += step.gapMs
            if (step.ppm !== null) clock.drift(atMs, step.ppm)
            const shown = clock.read(atMs)
            expect(shown).toBeGreaterThanOrEqual(last)
            expect(Number.isSafeInteger(shown)).toBe(true)
            last = shown
          }
        },
      ),
    )
  })

  it('waits at least as long as it was told by its own count, and less than one of its milliseconds longer', () => {
    fc.assert(
      fc.property(ppm, gapMs, gapMs, (drift, fromMs, localMs) => {
        const clock = new NodeClock(0)
        clock.drift(0, drift)
        const waitedMs = (virtualMs: number) => clock.read(fromMs + virtualMs) - clock.read(fromMs)
        const virtualMs = clock.toVirtual(localMs)
        expect(waitedMs(virtualMs)).toBeGreaterThanOrEqual(localMs)
        if (localMs > 0) expect(waitedMs(virtualMs - 1)).toBeLessThanOrEqual(localMs)
      }),
    )
  })

  it('runs no slower for having its drift said again and again', () => {
    fc.assert(
      fc.property(ppm, fc.array(fc.nat({ max: 20 }), { maxLength: 50 }), (driftPpm, gapsMs) => {
        const [often, once] = [new NodeClock(0), new NodeClock(0)]
        let atMs = 0
        for (const clock of [often, once]) clock.drift(0, driftPpm)
        for (const gap of gapsMs) {
          atMs += gap
          often.drift(atMs, driftPpm)
          expect(often.read(atMs)).toBe(once.read(atMs))
        }
      }),
    )
  })

  it('jumps by just as much as it is told, whatever its drift', () => {
    fc.assert(
      fc.property(ppm, gapMs, fc.integer({ min: -9_000, max: 9_000 }), gapMs, (drift, atMs, byMs, laterMs) => {
        const [clock, other] = [new NodeClock(0), new NodeClock(0)]
        for (const each of [clock, other]) {
          each.drift(0, drift)
          each.drift(atMs, drift)
        }
        clock.jump(byMs)
        expect(clock.read(atMs + laterMs) - other.read(atMs + laterMs)).toBe(byMs)
      }),
    )
  })

  it('has beside it a monotonic one, from 0, which only drifts: no skew and no jump ever moves it', () => {
    const clock = new NodeClock(50)
    expect(clock.readMonotonic(0)).toBe(0)
    clock.jump(-200)
    expect([clock.read(100), clock.readMonotonic(100)]).toEqual([-50, 100])
    clock.drift(100, 1_000_000)
    clock.jump(1_000)
    expect([clock.read(110), clock.readMonotonic(110)]).toEqual([970, 120])
  })

  it('counts on one monotonic clock, however often it is set and drifts: the wall clock is off by what it was set', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -5_000, max: 5_000 }),
        fc.array(fc.record({ gapMs, ppm: fc.option(ppm), byMs: fc.option(fc.integer({ min: -9_000, max: 9_000 })) }), {
          maxLength: 30,
        }),
        (skewMs, steps) => {
          const [set, left] = [new NodeClock(skewMs), new NodeClock(0)]
          let atMs = 0
          let offsetMs = skewMs
          let last = 0
          for (const step of steps) {
            atMs += step.gapMs
            const before = set.readMonotonic(atMs)
            expect(before).toBeGreaterThanOrEqual(last)
            if (step.byMs !== null) {
              set.jump(step.byMs)
              offsetMs += step.byMs
            }
            if (step.ppm !== null) for (const clock of [set, left]) clock.drift(atMs, step.ppm)
            last = set.readMonotonic(atMs)
            expect(last).toBe(before)
            expect(last).toBe(left.readMonotonic(atMs))
            expect(set.read(atMs) - last).toBe(offsetMs)
          }
        },
      ),
    )
  })
})

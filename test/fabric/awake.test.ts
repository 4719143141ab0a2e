import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

describe('time awake', () => {
  beforeEach(() => {
    vi.resetModules()
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('goes on while the process can run, and hardly while the machine sleeps', async () => {
    const { awakeTimeMs } = await import('../../src/fabric/awake.js')
    const beganMs = awakeTimeMs()
    vi.advanceTimersByTime(10_000)
    expect(awakeTimeMs() - beganMs).toBe(10_000)
    vi.setSystemTime(Date.now() + 3_600_000)
    vi.advanceTimersByTime(1_000)
    expect(awakeTimeMs() - beganMs).toBeLessThanOrEqual(11_500)
    vi.setSystemTime(Date.now() - 3_600_000)
    vi.advanceTimersByTime(1_000)
    expect(awakeTimeMs() - beganMs).toBeGreaterThanOrEqual(11_000)
  })

  it('is what patience is measured by: one that a sleep has used up is given again', async () => {
    const { awakeTimeMs, awakeTimeout } = await import('../../src/fabric/awake.js')
    const late = vi.fn()
    awakeTimeMs()
    awakeTimeout(30_000, late)
    vi.advanceTimersByTime(10_000)
    vi.setSystemTime(Date.now() + 3_600_000)
    vi.advanceTimersByTime(15_000)
    expect(late).not.toHaveBeenCalled()
    vi.advanceTimersByTime(6_000)
    expect(late).toHaveBeenCalledOnce()
    const never = vi.fn()
    awakeTimeout(1_000, never).clear()
    vi.advanceTimersByTime(2_000)
    expect(never).not.toHaveBeenCalled()
  })
})

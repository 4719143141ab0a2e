/** Often enough for patience of seconds, and too seldom to be felt. */
const TICK_MS = 250

let awakeMs = 0
let isCounting = false

/**
 * Milliseconds in which this process could run, from an arbitrary beginning. A machine that sleeps, or is paused by what it
 * runs on, answers nobody meanwhile: by the time of day all patience would be at an end when it wakes.
 */
export function awakeTimeMs(): number {
  if (!isCounting) count()
  return awakeMs
}

function count(): void {
  isCounting = true
  let lastMs = Date.now()
  const tick = () => {
    const nowMs = Date.now()
    // A clock that is set back takes nothing away.
    awakeMs += Math.max(0, Math.min(nowMs - lastMs, 2 * TICK_MS))
    lastMs = nowMs
  }
  setInterval(tick, TICK_MS).unref()
}

/** Calls `late` after so much time awake, unless it is cleared before. */
export function awakeTimeout(afterMs: number, late: () => void): { clear(): void } {
  const untilMs = awakeTimeMs() + afterMs
  const look = () => {
    const leftMs = untilMs - awakeTimeMs()
    if (leftMs > 0) timer = setTimeout(look, Math.max(leftMs, TICK_MS))
    else late()
  }
  let timer = setTimeout(look, afterMs)
  return { clear: () => clearTimeout(timer) }
}

import { setImmediate } from 'node:timers/promises'

/** So long may timers and sockets of the process have to wait: nobody notices, and it costs less than can be measured. */
const TURN_EVERY_MS = 5

/** The event loop is the thread's, whoever asks. */
let lastTurnMs = 0

/**
 * `work`, whose answer now and then comes a turn of the event loop later. SQLite does everything at once: who did nothing but
 * await one answer after another would let nothing else have its turn, not even the timer that was to end it.
 *
 * While another process has the file it still blocks. A wait in slices, with a turn after each, was tried: in a race of four
 * processes some then found no gap to write in for ten seconds.
 */
export function amongOthers<A extends readonly unknown[], T>(work: (...asked: A) => T): (...asked: A) => Promise<T> {
  return async (...asked) => {
    const answer = work(...asked)
    // Where clocks stand in for those of the host, they may also show less than before.
    if (Math.abs(performance.now() - lastTurnMs) >= TURN_EVERY_MS) {
      await setImmediate()
      lastTurnMs = performance.now()
    }
    return answer
  }
}

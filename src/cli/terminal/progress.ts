import { Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { SingleBar } from 'cli-progress'
import type { Io, Sink } from './io.js'

export interface Work {
  readonly title: string
  readonly total: number
  readonly unit: string
}

/** Below this, a bar would only flicker. */
const SHOW_AFTER_MS = 1_000
export const DEFAULT_COLUMNS = 80

/** Runs `work` and shows how far it is on stderr, if a line can be drawn again there and it takes long enough to be wondered about. */
export async function withProgress<T>(
  io: Io,
  { title, total, unit }: Work,
  work: (onStep: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const startedMs = performance.now()
  let bar: Promise<SingleBar> | undefined
  let done = 0
  let over = false
  const onStep = async (): Promise<void> => {
    done += 1
    if (over || !io.stderr.redraws || performance.now() - startedMs < SHOW_AFTER_MS) return
    // Steps of several threads may come while the first one is still loading what draws it.
    const left = leftText(performance.now() - startedMs, done, total)
    bar ??= startBar(io, { title, total, unit }, done, left)
    ;(await bar).update(done, { left })
    // Runs leave no time for anything else: the bar, and Ctrl-C, get theirs here.
    await setImmediate()
  }
  try {
    return await work(onStep)
  } finally {
    over = true
    ;(await bar)?.stop()
  }
}

/** How long the rest takes, if it goes on as it did: the bar's own estimate begins with nothing. */
function leftText(tookMs: number, done: number, total: number): string {
  const seconds = Math.ceil((tookMs * (total - done)) / done / 1_000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}

async function startBar(io: Io, { title, total, unit }: Work, done: number, left: string): Promise<SingleBar> {
  const { default: progress } = await import('cli-progress')
  // Cursor and wrapping stay as they are: a run that is interrupted could not bring them back.
  const bar = new progress.SingleBar({
    format: `${title} {bar} {value}/{total} ${unit}, {left} left`,
    stream: terminalOf(io.stderr),
    hideCursor: false,
    linewrap: true,
    clearOnComplete: true,
    barsize: Math.max(5, Math.min(30, (io.stderr.columns ?? DEFAULT_COLUMNS) - 45)),
  })
  bar.start(total, done, { left })
  return bar
}

/** The terminal behind `sink`, which in a thread is not the thread's own stream. */
function terminalOf(sink: Sink): Writable {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      sink.write(String(chunk))
      done()
    },
  })
  return Object.assign(stream, { isTTY: true, columns: sink.columns ?? DEFAULT_COLUMNS })
}

import type { AuthorityOptions } from './options.js'

/** Waits for what `ask` promises, until `untilMs` by the monotonic clock. `whom` is for the error of one that does not answer. */
export type Patience = <T>(untilMs: number, whom: string, ask: () => T | Promise<T>) => Promise<T>

/** So late may who waits be told that time is up; so long does a timer stay when nobody waits any more. */
const LOOK_EVERY_MS = 50

interface Wait {
  readonly untilMs: number
  readonly whom: string
  readonly giveUp: (why: unknown) => void
}

/**
 * Patience that ends. All who wait share one timer, which outlives them by one look at most: to make and cancel one for each
 * answer took two thirds as long as an append on SQLite. An answer that comes later is nobody's: whoever asked has gone on.
 */
export function patienceOf({ sleep, monotonicMs }: Pick<AuthorityOptions, 'sleep' | 'monotonicMs'>): Patience {
  const waits = new Set<Wait>()
  let watching = false

  const endThose = (isOver: (wait: Wait) => boolean, why: (wait: Wait) => unknown): void => {
    for (const wait of [...waits].filter(isOver)) {
      waits.delete(wait)
      wait.giveUp(why(wait))
    }
  }
  const watch = async (): Promise<void> => {
    watching = true
    while (waits.size > 0) {
      let lookMs = monotonicMs() + LOOK_EVERY_MS
      for (const { untilMs } of waits) lookMs = Math.min(lookMs, untilMs)
      try {
        // Whole milliseconds: less may be too little for the clock to move on.
        await sleep(Math.max(1, Math.ceil(lookMs - monotonicMs())))
      } catch (error) {
        endThose(
          () => true,
          () => error,
        )
      }
      const now = monotonicMs()
      endThose(
        ({ untilMs }) => untilMs <= now,
        ({ whom }) => new Error(`${whom} did not answer in time`),
      )
    }
    watching = false
  }

  return async <T>(untilMs: number, whom: string, ask: () => T | Promise<T>): Promise<T> => {
    const answer = ask()
    if (!isThenable(answer)) return answer
    return new Promise<T>((resolve, reject) => {
      const wait = { untilMs, whom, giveUp: reject }
      waits.add(wait)
      const leave = () => waits.delete(wait)
      answer.then(resolve, reject)
      answer.then(leave, leave)
      if (!watching) void watch()
    })
  }
}

const isThenable = <T>(answer: T | Promise<T>): answer is Promise<T> =>
  typeof answer === 'object' && answer !== null && 'then' in answer

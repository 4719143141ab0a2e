import { InputError } from '../../input/index.js'

/** How often it is looked whether a thread still moves. */
export const LOOK_EVERY_MS = 250

/** How long a subject may take to answer one command, unless it was said. */
export const PATIENCE_MS = 5_000

/** Instead of the virtual time of a call that is given none. */
export const NO_TIME = -1

/** How a thread hangs: it waits for an answer that does not come, or is in a loop. */
export type Hang = 'silent' | 'endless'

/** How a subject hangs, in words: on `what`, which was asked at `atMs`, or at no time. */
export function hangText(hang: Hang, what: string, atMs: number): string {
  const does = hang === 'silent' ? 'never answers' : 'loops for ever on'
  return `${does} ${what}${atMs === NO_TIME ? '' : `, asked at ${atMs} ms of virtual time`}`
}

/** What is wrong when the code of `who` ended a thread: by an error that nobody handled, or by its own will. */
export function threadDied(who: string, happened: string, found: string): InputError {
  return new InputError({
    what: `${who} ${happened}`,
    found,
    expected: 'functions that answer, and nothing else that goes on',
  })
}

/** What is wrong with a scenario that loops without a `yield`. */
export function endlessScenario(what: string, found: string): InputError {
  return new InputError({
    what,
    found,
    expected: 'a `yield` in every loop that waits, and functions that return',
    todo: 'mend that, or have more --patience',
  })
}

/**
 * Waits for a thread that may hang. One that has not moved for as long as there is patience is asked for a sign of life: if it
 * gives one it waits for a promise, and if it does not it is in a loop.
 */
export class Vigil {
  readonly #patienceMs: number
  readonly #ask: () => void
  #count = 0
  #quietSinceMs = 0
  #asked = false

  /** @param ask asks the thread for a sign of life */
  constructor(patienceMs: number, ask: () => void) {
    this.#patienceMs = patienceMs
    this.#ask = ask
  }

  /** @param count grows whenever the thread moves */
  begin(count: number): void {
    this.#count = count
    this.#quietSinceMs = performance.now()
    this.#asked = false
  }

  /** To be called every `LOOK_EVERY_MS`, with the count as it is now. */
  look(count: number): Hang | undefined {
    if (count !== this.#count) {
      this.begin(count)
      return undefined
    }
    const quietMs = performance.now() - this.#quietSinceMs
    if (quietMs < this.#patienceMs) return undefined
    if (this.#asked) return quietMs >= this.#patienceMs + 2 * LOOK_EVERY_MS ? 'endless' : undefined
    this.#asked = true
    this.#ask()
    return undefined
  }

  /** The thread has given a sign of life. It hangs unless it has moved since it was asked for one. */
  heard(count: number): Hang | undefined {
    return this.#asked && count === this.#count ? 'silent' : undefined
  }
}

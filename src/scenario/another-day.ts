import type { Subject } from '../subject/index.js'

/** Calls what it is given, at once, at some time. */
export type When = <T>(call: () => T) => T

export const today: When = (call) => call()

/** No whole number of years, days, hours, minutes or seconds: whatever part of a date is read, it is another one. */
const AHEAD_MS = 34_822_861_001

/**
 * Calls `call` as if it were on another day. A clock that is read in whole seconds, or for its year, would else show the same
 * in both runs, and what depends on it would pass for deterministic. Only what `call` does at once sees it.
 */
const onAnotherDay: When = (call) => {
  const Today = globalThis.Date
  const nowMs = (): number => Today.now() + AHEAD_MS
  globalThis.Date = new Proxy(Today, {
    apply: () => new Today(nowMs()).toString(),
    construct: (target, given, called) => Reflect.construct(target, given.length === 0 ? [nowMs()] : given, called),
    get: (target, name) => (name === 'now' ? nowMs : Reflect.get(target, name)),
  })
  try {
    return call()
  } finally {
    globalThis.Date = Today
  }
}

/** When the second of two runs is to be: a store on this machine has to do with its real time. */
export const whenAgain = (subject: Subject | undefined): When => (subject?.store === undefined ? onAnotherDay : today)

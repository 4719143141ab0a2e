import type { Subject } from '../subject/index.js'

/** Calls what it is given, at once, at some time. */
export type When = <T>(call: () => T) => T

export const today: When = (call) => call()

/** No whole number of years, days, hours, minutes or seconds: whatever part of a date is read, it is another one. */
const AHEAD_MS = 34_822_861_001
/**
 * Of which so much is for clocks that count from a start, as if it were longer ago: the rest is when they were started. A minute
 * and some seconds show in whatever is read of them, and are less than a watchdog waits for.
 */
const UP_MS = 61_007

/**
 * Calls `call` as if it were on another day. A clock that is read in whole seconds, or for its year, would else show the same
 * in both runs, and what depends on it would pass for deterministic. Only what `call` does at once sees it.
 */
const onAnotherDay =
  (isAsync: boolean): When =>
  (call) => {
    const restore = [...replacedDate(), ...(isAsync ? [] : replacedMonotonic())]
    try {
      return call()
    } finally {
      for (const each of restore) each()
    }
  }

type Restore = () => void

function replacedDate(): readonly Restore[] {
  const Today = globalThis.Date
  const nowMs = (): number => Today.now() + AHEAD_MS
  const value = new Proxy(Today, {
    apply: () => new Today(nowMs()).toString(),
    construct: (target, given, called) => Reflect.construct(target, given.length === 0 ? [nowMs()] : given, called),
    get: (target, name) => (name === 'now' ? nowMs : Reflect.get(target, name)),
  })
  return [replaced(globalThis, 'Date', { value, writable: true })]
}

function replacedMonotonic(): readonly Restore[] {
  const { performance: clock, process: host } = globalThis
  const { hrtime, uptime } = host
  const { timeOrigin } = clock
  const nowMs = clock.now.bind(clock)
  const nowNs = (): bigint => hrtime.bigint() + BigInt(UP_MS) * 1_000_000n
  const since = ([seconds, ns]: readonly [number, number]): [number, number] => {
    const passedNs = nowNs() - BigInt(seconds) * 1_000_000_000n - BigInt(ns)
    return [Number(passedNs / 1_000_000_000n), Number(passedNs % 1_000_000_000n)]
  }
  const value = Object.assign((start: readonly [number, number] = [0, 0]) => since(start), { bigint: nowNs })
  return [
    replaced(host, 'hrtime', { value, writable: true, enumerable: true }),
    replaced(host, 'uptime', { value: () => uptime() + UP_MS / 1_000, writable: true, enumerable: true }),
    replaced(clock, 'now', { value: () => nowMs() + UP_MS, writable: true }),
    replaced(clock, 'timeOrigin', { value: timeOrigin + AHEAD_MS - UP_MS }),
  ]
}

/** Puts another property in the place of one, which may be inherited, if that can be. Returns what takes it back. */
function replaced(target: object, name: string, property: PropertyDescriptor): Restore {
  const before = Object.getOwnPropertyDescriptor(target, name)
  if (!Reflect.defineProperty(target, name, { ...property, configurable: true })) return () => undefined
  return () => {
    if (before === undefined) Reflect.deleteProperty(target, name)
    else Object.defineProperty(target, name, before)
  }
}

/** When the second of two runs is to be: a store on this machine has to do with its real time. */
export function whenAgain(subject: Subject | undefined): When {
  if (subject?.store !== undefined) return today
  return onAnotherDay(subject !== undefined && late.has(subject))
}

/**
 * Subjects that were seen to answer later. What they do then is no longer on another day, and a clock that must never go back
 * would have gone back.
 */
const late = new WeakSet<Subject>()

export function answersLate(subject: Subject): void {
  late.add(subject)
}

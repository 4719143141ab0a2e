import type { Subject } from '../subject/index.js'
import { atOnceAhead, laterAhead, underStandIns } from './host-clocks.js'

/** Calls what it is given, at once, at some time. */
export type When = <T>(call: () => T) => T

export const today: When = underStandIns

/** No whole number of years, days, hours, minutes or seconds: whatever part of a date is read, it is another one. */
const AHEAD_MS = 34_822_861_001
/**
 * Of which so much is for clocks that count from a start, as if it were longer ago: the rest is when they were started. A minute
 * and some seconds show in whatever is read of them, and are less than a watchdog waits for.
 */
const UP_MS = 61_007

/**
 * Calls `call` as if it were on another day. A clock that is read in whole seconds, or for its year, would else show the same
 * in both runs, and what depends on it would pass for deterministic.
 */
const onAnotherDay: When = (call) => atOnceAhead({ dateMs: AHEAD_MS, upMs: UP_MS }, call)

/** A clock that must never go back would have gone back for what answers later: a driver that keeps when it was last asked. */
const laterOnAnotherDay: When = (call) => laterAhead({ dateMs: AHEAD_MS, upMs: 0 }, call)

/** When the second of two runs is to be: a store on this machine has to do with its real time. */
export function whenAgain(subject: Subject | undefined): When {
  if (subject?.store !== undefined) return today
  return subject !== undefined && hasAnsweredLate(subject) ? laterOnAnotherDay : onAnotherDay
}

/** Subjects that were seen to answer later. */
const late = new WeakSet<Subject>()

export function answersLate(subject: Subject): void {
  late.add(subject)
}

/** Whether it was seen to answer later by itself. */
function hasAnsweredLate(subject: Subject): boolean {
  // On a store every subject is late.
  return subject.store === undefined && late.has(subject)
}

/** Subjects whose commands were seen to be carried out in steps. */
const stepping = new WeakSet<Subject>()

export function takesSteps(subject: Subject): void {
  stepping.add(subject)
}

export const hasTakenSteps = (subject: Subject): boolean => stepping.has(subject)

/**
 * Whether it might have taken steps, as it answered later or runs on nodes, and each of its commands ran as one, in which nothing
 * else happened.
 */
export const ranAsOneStep = (subject: Subject): boolean =>
  (hasAnsweredLate(subject) || subject.runsOn === 'nodes') && !hasTakenSteps(subject)

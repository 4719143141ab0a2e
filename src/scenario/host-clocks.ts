import { AsyncLocalStorage } from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'

/** How much the host's clocks are ahead for somebody who reads them. */
export interface Ahead {
  readonly dateMs: number
  /** Of clocks that count from a start. */
  readonly upMs: number
}

const NOT_AHEAD: Ahead = { dateMs: 0, upMs: 0 }

/** For what is under way at this very moment. */
let atOnce: Ahead | undefined
/** For what was begun so, and for all that it begins, until it has ended. */
const later = new AsyncLocalStorage<Ahead>()
/** How many have not ended yet. */
let waiting = 0

const ahead = (): Ahead => atOnce ?? later.getStore() ?? NOT_AHEAD

/** Calls `call` with clocks that are ahead. Only what it does at once sees it. */
export function atOnceAhead<T>(by: Ahead, call: () => T): T {
  const before = atOnce
  atOnce = by
  try {
    return underStandIns(call)
  } finally {
    atOnce = before
  }
}

/** Calls `call` with clocks that are ahead for it, and for what it does later, and for nobody else. */
export function laterAhead<T>(by: Ahead, call: () => T): T {
  waiting += 1
  return afterwards(
    () => underStandIns(() => later.run(by, call)),
    () => {
      waiting -= 1
      // As long as it is on, every promise of the process costs more.
      if (waiting === 0) later.disable()
    },
  )
}

/** Calls `call` with the clocks that it is to have in any case: who compares `Date` with one that was kept sees the same each time. */
export function underStandIns<T>(call: () => T): T {
  return afterwards(call, standIn())
}

/** Before a module is loaded that may keep a clock, as in `const { now } = Date`: what it keeps is a stand-in, for good. */
export function standInForGood(): void {
  standIn()
  syncBuiltinESMExports()
}

type Restore = () => void

/** How many need the stand-ins: the last puts the clocks back. */
let users = 0
let restore: readonly Restore[] = []

function standIn(): Restore {
  users += 1
  if (users === 1) restore = [...replacedDate(), ...replacedMonotonic()]
  return () => {
    users -= 1
    if (users === 0) for (const each of restore) each()
  }
}

function replacedDate(): readonly Restore[] {
  const Today = globalThis.Date
  const nowMs = (): number => Today.now() + ahead().dateMs
  const value = new Proxy(Today, {
    apply: () => new Today(nowMs()).toString(),
    construct: (target, given, called) => Reflect.construct(target, given.length === 0 ? [nowMs()] : given, called),
    get: (target, name) => (name === 'now' ? nowMs : Reflect.get(target, name)),
  })
  return [
    replaced(globalThis, 'Date', { value, writable: true }),
    // Where two values are compared, their constructors are.
    replaced(Today.prototype, 'constructor', { value, writable: true }),
  ]
}

function replacedMonotonic(): readonly Restore[] {
  const { performance: clock, process: host } = globalThis
  const { hrtime, uptime } = host
  const { timeOrigin } = clock
  const nowMs = clock.now.bind(clock)
  const nowNs = (): bigint => hrtime.bigint() + BigInt(ahead().upMs) * 1_000_000n
  const since = ([seconds, ns]: readonly [number, number]): [number, number] => {
    const passedNs = nowNs() - BigInt(seconds) * 1_000_000_000n - BigInt(ns)
    return [Number(passedNs / 1_000_000_000n), Number(passedNs % 1_000_000_000n)]
  }
  const value = Object.assign((start: readonly [number, number] = [0, 0]) => since(start), { bigint: nowNs })
  const origin = (): number => timeOrigin + ahead().dateMs - ahead().upMs
  return [
    replaced(host, 'hrtime', { value, writable: true, enumerable: true }),
    replaced(host, 'uptime', { value: () => uptime() + ahead().upMs / 1_000, writable: true, enumerable: true }),
    replaced(clock, 'now', { value: () => nowMs() + ahead().upMs, writable: true }),
    replaced(clock, 'timeOrigin', { get: origin }),
  ]
}

/** Puts another property in the place of one, which may be inherited, if that can be. Returns what takes it back. */
function replaced(target: object, name: string, property: PropertyDescriptor): Restore {
  const before = Object.getOwnPropertyDescriptor(target, name)
  if (!Reflect.defineProperty(target, name, { ...property, configurable: true })) return () => undefined
  return () => {
    const now = Object.getOwnPropertyDescriptor(target, name)
    // Somebody has put another one on top, and will take that back.
    if (now?.value !== property.value || now?.get !== property.get) return
    if (before === undefined) Reflect.deleteProperty(target, name)
    else Object.defineProperty(target, name, before)
  }
}

/** Calls `end` when `call` has ended, and what it promises has. */
function afterwards<T>(call: () => T, end: () => void): T {
  let result: T
  try {
    result = call()
  } catch (error) {
    end()
    throw error
  }
  if (result instanceof Promise) return result.finally(end) as T
  end()
  return result
}

import { nearest } from '../input/index.js'
import type { Invariant } from '../invariants/index.js'
import type { Fault } from '../kernel/index.js'
import { type CommandKind, commandKinds } from '../protocol/index.js'
import type { ScenarioNetwork } from './scenario.js'

/**
 * What types would tell whoever writes a scenario in JavaScript: looked at once for a run, before it begins. What the world is
 * to do, and does not because of a slip, would pass for something that has been withstood.
 */

const window = ['node', 'atMs', 'durationMs'] as const

const faultFields: { readonly [kind in Fault['kind']]: readonly string[] } = {
  pause: window,
  crash: ['node', 'atMs', 'restartAfterMs'],
  restart: ['node', 'atMs'],
  skew: ['node', 'atMs', 'byMs'],
  drift: ['node', 'atMs', 'ppm'],
  partition: ['nodes', 'atMs', 'durationMs'],
  drop: [...window, 'leg'],
  duplicate: [...window, 'leg'],
  delay: [...window, 'leg', 'delayMs'],
  'store-restart': ['atMs', 'durationMs', 'unsynced'],
  'slow-store': ['atMs', 'durationMs', 'delayMs'],
}

/** The one field of a fault that may be left out: what crashes may stay down. */
const optional = 'restartAfterMs'

/** @throws TypeError for a field that such a fault does not have, or lacks; a kind that there is not is told by the kernel */
export function checkFaultFields(fault: Fault): Fault {
  const { kind } = fault
  if (!Object.hasOwn(faultFields, kind)) return fault
  const known = faultFields[kind]
  refuseUnknown(`a ${kind}`, fault, ['kind', ...known])
  const missing = known.find((name) => name !== optional && Reflect.get(fault, name) === undefined)
  if (missing !== undefined) throw new TypeError(`a ${kind} without ${missing}`)
  return fault
}

const networkFields: readonly string[] = Object.keys({
  requestDelayMs: true,
  replyDelayMs: true,
  requestLossPerMille: true,
  replyLossPerMille: true,
  requestDuplicatePerMille: true,
  replyDuplicatePerMille: true,
  timeoutMs: true,
  maxStepMs: true,
} satisfies { readonly [field in keyof Required<ScenarioNetwork>]: true })

/**
 * @throws TypeError for what is no network, and for a field that a network does not have
 * @throws RangeError for a time to wait for a reply that is none
 */
export function checkNetworkFields(network: ScenarioNetwork): ScenarioNetwork {
  if (typeof network !== 'object' || network === null) {
    throw new TypeError(`a network that is ${shown(network)}: expected { requestDelayMs, replyDelayMs, timeoutMs, … }`)
  }
  refuseUnknown('a network', network, networkFields)
  const { timeoutMs, maxStepMs } = network
  if (maxStepMs !== undefined && !(Number.isSafeInteger(maxStepMs) && maxStepMs >= 0)) {
    throw new RangeError(`a network with maxStepMs ${JSON.stringify(maxStepMs)}: expected a whole number, 0 or more`)
  }
  if (Number.isSafeInteger(timeoutMs) && timeoutMs > 0) return network
  const what = timeoutMs === undefined ? 'without timeoutMs' : `with timeoutMs ${JSON.stringify(timeoutMs)}`
  throw new RangeError(`a network ${what}: expected a whole number above 0, of virtual milliseconds`)
}

function refuseUnknown(what: string, value: object, known: readonly string[]): void {
  // A label, or what a common builder has made, is none of our business.
  for (const [name, given] of Object.entries(value)) {
    if (given === undefined || known.includes(name)) continue
    const [meant] = nearest(name, known)
    if (meant !== undefined) throw new TypeError(`${what} has no field ${JSON.stringify(name)}: expected ${meant}?`)
  }
}

/** @throws RangeError for what is no time; Infinity is never */
export function checkCalm(calmFromMs: number): number {
  if (typeof calmFromMs === 'number' && !Number.isNaN(calmFromMs)) return calmFromMs
  throw new RangeError(`calm from ${shown(calmFromMs)} ms on: expected a number`)
}

/** @throws TypeError for what is no list, what in it is nothing at all, and names that repeat; the rest is told by whoever judges */
export function checkInvariants(invariants: readonly Invariant[]): readonly Invariant[] {
  if (!Array.isArray(invariants)) throw new TypeError(`invariants that are ${shown(invariants)}: expected a list`)
  const at = invariants.findIndex((each) => typeof each !== 'object' || each === null)
  if (at < 0) {
    const names = invariants.map(({ name }) => name)
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice === undefined) return invariants
    throw new TypeError(`two invariants are called ${JSON.stringify(twice)}: expected a name of its own for each`)
  }
  throw new TypeError(
    `invariant ${at + 1} of ${invariants.length} is ${shown(invariants[at])}: expected { name, rule, kinds, begin(cast) { … } }`,
  )
}

const isFunction = (value: unknown): boolean => typeof value === 'function'
const isCommands = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => commandKinds.includes(each as CommandKind))

/** What a scenario may leave out, and how to tell it. */
const optionalParts = {
  clockSkewMs: isFunction,
  needs: isCommands,
  explore: isFunction,
  calmFromMs: isFunction,
  faults: isFunction,
}

/**
 * A field of a scenario that is a slip of one that it does not have. A scenario may have fields of its own, and be the instance
 * of a class: only what is nearly the same and would do in that place is a slip.
 */
export function slipOf(scenario: object): { readonly field: string; readonly meant: string } | undefined {
  if (Object.getPrototypeOf(scenario) !== Object.prototype) return undefined
  const missing = Object.entries(optionalParts).filter(([part]) => !(part in scenario))
  const names = missing.map(([part]) => part)
  for (const [field, value] of Object.entries(scenario)) {
    const meant = names.find((part) => isSlip(field.toLowerCase(), part.toLowerCase()))
    if (meant !== undefined && missing.some(([part, isOne]) => part === meant && isOne(value))) return { field, meant }
  }
  return undefined
}

/** The same but for capitals, or for what is left out or added at its end: nothing that somebody means otherwise. */
const isSlip = (field: string, part: string): boolean =>
  Math.abs(field.length - part.length) <= 2 && (field.startsWith(part) || part.startsWith(field))

const shown = (value: unknown): string => (typeof value === 'function' ? 'a function' : String(value))

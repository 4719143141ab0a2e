import type { Json } from './event.js'

/** More than anybody writes by hand, and less than what readers of JSON refuse, or do not survive. */
const DEEPEST = 1_000
/** Of a longer path nobody would read more. */
const SHOWN_OF_PATH = 80

/**
 * `value` as every store gives it back, and nobody else's to change. A field that is undefined is left out, as JSON does;
 * whatever else JSON would change, or lose, is refused.
 *
 * @param name what the value is called in errors
 * @throws TypeError with the path of what is no JSON
 */
export function jsonCopy(value: unknown, name: string): Json {
  return copied(value, name, 0)
}

function copied(value: unknown, path: string, depth: number): Json {
  if (depth > DEEPEST) throw noJson(path, `nested more than ${DEEPEST} deep, or contains itself`)
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  // JSON knows one zero.
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0
  if (Array.isArray(value)) return Array.from(value, (each, at) => copied(each, `${path}[${at}]`, depth + 1))
  if (typeof value !== 'object' || !isPlain(value)) throw noJson(path, kindOf(value))
  const copy: Record<string, Json> = {}
  for (const [key, field] of Object.entries(value)) {
    if (field !== undefined) put(copy, key, copied(field, `${path}.${key}`, depth + 1))
  }
  return copy
}

/** A field that is called as prototypes are is a field. To make all of them at once, by `fromEntries`, took three times as long. */
function put(copy: Record<string, Json>, key: string, value: Json): void {
  if (key !== '__proto__') copy[key] = value
  else Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true })
}

/** As it is written down. By its prototype's prototype, as one that comes from another realm is as plain. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function kindOf(value: unknown): string {
  if (typeof value === 'number' || value === undefined) return String(value)
  if (typeof value === 'object') return `a ${value?.constructor?.name ?? 'thing of its own'}`
  return `a ${typeof value}`
}

const noJson = (path: string, found: string): TypeError => {
  const shown = path.length > SHOWN_OF_PATH ? `${path.slice(0, SHOWN_OF_PATH)}…` : path
  return new TypeError(`${shown} is ${found}: expected what JSON can hold`)
}

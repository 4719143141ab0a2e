/** What `record` has under `name` itself: every object has `constructor` and `valueOf` from elsewhere. */
export function own<T>(record: { readonly [name: string]: T }, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}

/** Whether `value` is an object whose fields are what it holds: no list, map or instance of a class. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** What was given where an object was to be, in words. */
export function insteadOfObject(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return value === null ? 'null' : `of type ${typeof value}`
}

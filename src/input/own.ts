/** What `record` has under `name` itself: every object has `constructor` and `valueOf` from elsewhere. */
export function own<T>(record: { readonly [name: string]: T }, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}

import { distance } from 'fastest-levenshtein'

/** Up to three of `names` that `given` may be a slip of, nearest first: a part of the name counts as near, or most of it. */
export function nearest(given: string, names: readonly string[]): readonly string[] {
  const wanted = given.toLowerCase()
  const scored = names.map((name) => {
    const lower = name.toLowerCase()
    const part = wanted.length > 2 && (lower.includes(wanted) || isMostOf(wanted, lower))
    return { name, score: part ? 0 : distance(wanted, lower) }
  })
  return scored
    .filter(({ name, score }) => score <= Math.max(2, Math.floor(name.length / 3)))
    .sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name)
}

/** Whether `wanted` is `name` with letters left out between the first and the last: `restartMs` for `restartAfterMs`. */
function isMostOf(wanted: string, name: string): boolean {
  if (wanted[0] !== name[0] || wanted.at(-1) !== name.at(-1) || wanted.length < name.length / 2) return false
  let at = 0
  for (const letter of name) if (letter === wanted[at]) at += 1
  return at === wanted.length
}

/** What to expect in the place of `given`: the names it may be a slip of, or else all there are. */
export function oneOf(names: readonly string[], given: string): string {
  const near = nearest(given, names)
  return near.length > 0 ? `${near.join(' or ')}?` : `one of ${names.join(', ')}`
}

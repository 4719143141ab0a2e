/** Names that a file system, a collation, an index or a pattern may take for one: each a pair of its own. */
export const alike: readonly (readonly [one: string, other: string])[] = [
  ['a/b', 'a_b'],
  ['S', 's'],
  ['r', 'r '],
  ['é', 'é'.normalize('NFD')],
  ['n', 'node'],
  [`${'x'.repeat(79)}1`, `${'x'.repeat(79)}2`],
]

/** A name as it can be told from one that looks the same. */
export const shown = (name: string): string => encodeURIComponent(name)

import { createHash } from 'node:crypto'

const PLAIN = /^[a-z0-9][a-z0-9_-]{0,63}$/
const LONGEST_HINT = 24

/**
 * What a store calls something named `name`. Plain names are their own keys; any other gets a hint of itself and a digest,
 * set apart by a character that no plain name has. Different names have different keys, as surely as SHA-256 has no collisions.
 */
export function keyOf(name: string): string {
  if (PLAIN.test(name)) return name
  const hint = name
    .slice(0, LONGEST_HINT)
    .toLowerCase()
    // Some letters become two.
    .slice(0, LONGEST_HINT)
    .replace(/[^a-z0-9_-]/g, '_')
  // As JSON, for what is no well-formed text: in UTF-8 all lone surrogates are the same.
  return `${hint}=${createHash('sha256').update(JSON.stringify(name)).digest('hex')}`
}

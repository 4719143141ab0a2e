/** Seeds are 32 bits, so that every way of writing one down can hold it. */
export const MAX_SEED = 4_294_967_295

const seedText = (seed: unknown): string => (typeof seed === 'string' ? JSON.stringify(seed) : String(seed))

/** @throws TypeError for what is no number, RangeError for one that is no seed */
export function checkSeed(seed: number): void {
  const expected = `expected a whole number from 0 to ${MAX_SEED}`
  if (typeof seed !== 'number') throw new TypeError(`seed is ${seedText(seed)}: ${expected}`)
  if (!Number.isInteger(seed) || seed < 0 || seed > MAX_SEED) throw new RangeError(`seed is ${seed}: ${expected}`)
}

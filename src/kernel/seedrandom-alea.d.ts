// @types/seedrandom describes the whole package only; one generator of it is loaded here.
declare module 'seedrandom/lib/alea.js' {
  import type { Callback, PRNG, seedRandomOptions } from 'seedrandom'
  export default function alea(seed?: string, options?: seedRandomOptions, callback?: Callback): PRNG
}

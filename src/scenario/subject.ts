import { tokenMint } from '../lease/index.js'
import { type Core, memoryCore } from '../stores/index.js'

/** What a subject may draw on. It has no clock and no randomness of its own. */
export interface SubjectContext {
  /** What tokens are derived from: as many bits as the seed has, and nothing else knows it. */
  readonly secret: string
}

/** What is under test. `core` is called once per run and begins with nothing. */
export interface Subject {
  readonly name: string
  core(context: SubjectContext): Core
}

/** The built-in lease core, in memory. */
export const builtInSubject: Subject = {
  name: 'built-in',
  core: ({ secret }) => memoryCore(tokenMint(secret)),
}

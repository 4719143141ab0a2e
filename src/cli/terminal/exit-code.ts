import type { Verdict } from '../../report/index.js'

/** All that was checked held. */
export const HELD = 0
/** Something that was checked did not hold. */
export const NOT_HELD = 1
/** It could not be checked. */
export const NOT_CHECKED = 2

export type ExitCode = typeof HELD | typeof NOT_HELD | typeof NOT_CHECKED

/** An exit code as JSON says it. */
export const verdicts = {
  [HELD]: 'held',
  [NOT_HELD]: 'not-held',
  [NOT_CHECKED]: 'not-checked',
} as const satisfies Record<ExitCode, Verdict>

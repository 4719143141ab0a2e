import { StoreError } from '../stores/index.js'

/** What went wrong, in a line: of a store all that its keeper needs to mend it. */
export function whyOf(error: unknown): string {
  if (!(error instanceof StoreError)) return error instanceof Error ? error.message : String(error)
  const { what, found, todo } = error.problem
  return [what, found, todo].filter((part) => part !== undefined).join('; ')
}

/** Whether to ask again is of no use: the store has lost what it had, or has been closed. */
export const isOver = (error: unknown): boolean =>
  error instanceof StoreError && (error.problem.lost === true || error.problem.closed === true)

import { StoreError, type StoreProblem } from '../stores/store-error.js'

/** An error of a store in words; of another one its message. */
export function explainStore(error: unknown): string {
  if (error instanceof StoreError) return storeProblemText(error.problem)
  return error instanceof Error ? error.message : String(error)
}

export function storeProblemText({ what, store, found, expected, todo }: StoreProblem): string {
  return [
    what,
    `  store:    ${store}`,
    ...(found === undefined ? [] : [`  found:    ${found}`]),
    ...(expected === undefined ? [] : [`  expected: ${expected}`]),
    ...(todo === undefined ? [] : [`  to do:    ${todo}`]),
  ].join('\n')
}

import type { StoreProblem } from '../../stores/store-error.js'

/** What is wrong with a store, in words. */
export function storeProblemText({ what, file, at, store, found, expected, todo }: StoreProblem): string {
  return [
    what,
    ...(file === undefined ? [] : [`  file:     ${file}`]),
    ...(at === undefined ? [] : [`  at:       ${at}`]),
    `  store:    ${store}`,
    ...(found === undefined ? [] : [`  found:    ${found}`]),
    ...(expected === undefined ? [] : [`  expected: ${expected}`]),
    ...(todo === undefined ? [] : [`  to do:    ${todo}`]),
  ].join('\n')
}

/** What is wrong with something that was given to us, for the person who gave it. */
export interface InputProblem {
  /** What is wrong, in one sentence. */
  readonly what: string
  /** The file it is in. */
  readonly file?: string
  /** The place within the file: a path to a field, or a line. */
  readonly at?: string
  readonly found?: string
  readonly expected?: string
  /** What to do about it. */
  readonly todo?: string
}

/** Input that cannot be used: a usage, configuration or file error, never a bug. Ends a command with exit code 2. */
export class InputError extends Error {
  override readonly name = 'InputError'
  readonly problem: InputProblem

  constructor(problem: InputProblem, options?: { readonly cause?: unknown }) {
    super(describeProblem(problem), options)
    this.problem = problem
  }
}

function describeProblem({ what, file, at, found, expected, todo }: InputProblem): string {
  const lines = [
    file === undefined ? undefined : `  file:     ${file}`,
    at === undefined ? undefined : `  at:       ${at}`,
    found === undefined ? undefined : `  found:    ${found}`,
    expected === undefined ? undefined : `  expected: ${expected}`,
    todo === undefined ? undefined : `  to do:    ${todo}`,
  ]
  return [what, ...lines.filter((line) => line !== undefined)].join('\n')
}

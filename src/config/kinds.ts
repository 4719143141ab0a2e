/** What a file of the user's holds, by its fields alone: enough to say where it belongs, not that it can be used. */

const has = (value: unknown, names: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && names.some((name) => name in value)

export const looksLikeScenario = (value: unknown): boolean => has(value, ['parameters'])

export const looksLikeSubject = (value: unknown): boolean =>
  !looksLikeScenario(value) && has(value, ['core', 'log', 'jobs', 'client'])

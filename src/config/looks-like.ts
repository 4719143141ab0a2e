import { parts } from '../protocol/index.js'

/** What a file of the user's holds, by its fields alone: enough to say where it belongs, not that it can be used. */

const has = (value: unknown, names: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && names.some((name) => name in value)

const subjectFields = [...parts, 'client']

/** Either may have fields of its own. */
export const looksLikeScenario = (value: unknown): boolean =>
  has(value, ['parameters']) && (has(value, ['network', 'node']) || !has(value, subjectFields))

export const looksLikeSubject = (value: unknown): boolean => !looksLikeScenario(value) && has(value, subjectFields)

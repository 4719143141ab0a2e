import { basename } from 'node:path'
import { InputError, nearest, parseJson, validate } from '../input/index.js'
import { type Budgets, budgetVersionLabel } from './budget.js'
import { budgetsSchema } from './schema.js'

/** The version in a file name `v3.json`, or undefined when it is no budget file's name. */
export function versionOfFileName(name: string): number | undefined {
  const match = /^v([1-9]\d*)\.json$/.exec(name)
  return match === null ? undefined : Number(match[1])
}

/**
 * Reads the text of a budget file.
 * @param scenarios every scenario there is: a budget for another one is an error, because nothing would ever keep to it
 * @throws InputError with file, path, found and expected
 */
export function parseBudgets(text: string, file: string, scenarios: readonly string[]): Budgets {
  const budgets = validate(budgetsSchema, parseJson(text, file), file, 'a budget file')
  const named = versionOfFileName(basename(file))
  if (named !== undefined && named !== budgets.version) {
    throw new InputError({
      what: `${file} holds another version than its name says`,
      file,
      at: 'version',
      found: String(budgets.version),
      expected: String(named),
    })
  }
  for (const name of Object.keys(budgets.scenarios)) {
    if (scenarios.includes(name)) continue
    const [suggestion] = nearest(name, scenarios)
    throw new InputError({
      what: `${file} has a budget for a scenario that does not exist`,
      file,
      at: `scenarios.${JSON.stringify(name)}`,
      found: name,
      expected: suggestion === undefined ? `one of ${scenarios.join(', ')}` : `${suggestion}?`,
      todo: 'mend the name, or remove the entry',
    })
  }
  return budgets
}

/** A budget file's text: fixed order and indentation, so that versions diff well. */
export function printBudgets(budgets: Budgets, schema: string): string {
  // Budgets that were read from a file still name the schema, as seen from there.
  const content = Object.assign({ $schema: schema }, budgets, { $schema: schema })
  return `${JSON.stringify(content, null, 2)}\n`
}

/** Names both file and version, for messages. */
export function budgetFileName(version: number): string {
  return `${budgetVersionLabel(version)}.json`
}

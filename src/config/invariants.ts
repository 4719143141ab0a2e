import { InputError, oneOf } from '../input/index.js'
import { checkInvariants, resolveParameters, type Scenario } from '../scenario/index.js'

/**
 * The invariants `names`, each of which is one of some scenario of `scenarios`.
 * @throws InputError for others: a rule that nobody has would hold whatever happens
 */
export function invariantsNamed(
  names: readonly string[],
  scenarios: readonly Scenario[],
  file?: string,
): readonly string[] {
  const known = new Set(scenarios.flatMap(invariantsOf))
  for (const name of names) {
    if (known.has(name)) continue
    throw new InputError({
      what: `there is no invariant "${name}" in ${scenarios.map((scenario) => scenario.name).join(', ')}`,
      ...(file === undefined ? {} : { file, at: 'invariants' }),
      expected: oneOf([...known], name),
    })
  }
  return names
}

/** The names of the invariants that `scenario` has. */
export function invariantsOf(scenario: Scenario): readonly string[] {
  try {
    return checkInvariants(scenario.invariants(resolveParameters(scenario.parameters))).map(({ name }) => name)
  } catch (error) {
    throw new InputError(
      {
        what: `the invariants of ${scenario.name} cannot be used`,
        found: error instanceof Error ? error.message : String(error),
        expected: 'a list of invariants',
      },
      { cause: error },
    )
  }
}

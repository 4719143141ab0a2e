import { type Project, scenarioNamed } from '../../config/index.js'
import { InputError, oneOf, own } from '../../input/index.js'
import { ParameterError, resolveParameters, type Scenario } from '../../scenario/index.js'

type Values = { readonly [name: string]: number }

/** What is to be run, and with which parameters. */
export interface Selection {
  readonly scenarios: readonly Scenario[]
  /** By scenario, the parameters that are not to be the default. */
  readonly parameters: { readonly [scenario: string]: Values }
}

/**
 * The scenarios that were named, or all of them. A parameter counts for every selected scenario that has it.
 * @throws InputError for unknown names, values out of range, and when nothing is selected: a gate that measured nothing has not passed
 */
export function select(project: Project, names: readonly string[], params: Values): Selection {
  const named = [...new Set(names)].map((name) => scenarioNamed(name, project.scenarios))
  const scenarios = named.length > 0 ? named : project.scenarios
  if (scenarios.length === 0) {
    throw new InputError({
      what: 'there is nothing to run: no scenario is selected',
      ...(project.configFile === undefined ? {} : { file: project.configFile }),
      expected: 'at least one scenario',
      todo: 'add a scenario file under `scenarios`, or set `builtIn` to true',
    })
  }
  refuseUnknownParameters(scenarios, params)
  const parameters = scenarios.map((scenario) => {
    const given = Object.entries(params).filter(([name]) => Object.hasOwn(scenario.parameters, name))
    const values = { ...own(project.parameters, scenario.name), ...Object.fromEntries(given) }
    checkParameters(scenario, values)
    return [scenario.name, values] as const
  })
  return { scenarios, parameters: Object.fromEntries(parameters) }
}

function refuseUnknownParameters(scenarios: readonly Scenario[], params: Values): void {
  const known = [...new Set(scenarios.flatMap(({ parameters }) => Object.keys(parameters)))]
  for (const name of Object.keys(params)) {
    if (known.includes(name)) continue
    throw new InputError({
      what: `there is no parameter "${name}" in ${scenarios.map((scenario) => scenario.name).join(', ')}`,
      expected: oneOf(known, name),
      todo: '`npx contention list --params` shows them all',
    })
  }
}

function checkParameters(scenario: Scenario, values: Values): void {
  try {
    resolveParameters(scenario.parameters, values)
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error
    const { min, max } = scenario.parameters[error.parameter] ?? { min: 0, max: 0 }
    throw new InputError({
      what: `parameter ${error.parameter} of ${scenario.name} is out of its range`,
      found: String(values[error.parameter]),
      expected: `a whole number from ${min} to ${max}`,
    })
  }
}

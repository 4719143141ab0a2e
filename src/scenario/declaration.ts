import { HYPHENATED_NAME, insteadOfObject, nearest } from '../input/index.js'
import { slipOf } from './fields.js'
import { type ParameterDefinition, type ParameterDefinitions, resolveParameters } from './parameters.js'
import { needKinds, type Scenario } from './scenario.js'

/** What a parameter may be called: it stands before an = in commands, and in a list with commas in snapshots. */
export const PARAMETER_NAME = /^[\p{L}_$][\p{L}\p{N}_$.-]*$/u

/**
 * Declares a scenario, which may be the instance of a class.
 * @throws TypeError for what is no scenario, ParameterError for a default that is out of its bounds
 */
export function defineScenario<const D extends ParameterDefinitions>(scenario: Scenario<D>): Scenario<D> {
  checkScenario(scenario)
  return scenario
}

const required = ['network', 'node', 'invariants'] as const
const optional = ['clockSkewMs', 'explore', 'calmFromMs', 'faults'] as const
const workloadParameters = ['nodes', 'spaces', 'durationMs'] as const

/** Those that were found to be scenarios: each is run many times. */
const checked = new WeakSet<Scenario>()

/**
 * What types would tell whoever declares a scenario in JavaScript.
 * @throws TypeError for what is no scenario, ParameterError for a default that is out of its bounds
 */
export function checkScenario(scenario: Scenario): void {
  if (typeof scenario !== 'object' || scenario === null) {
    throw new TypeError(`a scenario that is ${insteadOfObject(scenario)}: expected what defineScenario returns`)
  }
  if (checked.has(scenario)) return
  const { name } = scenario
  if (typeof name !== 'string' || !HYPHENATED_NAME.test(name)) {
    throw new TypeError(`scenario name ${JSON.stringify(name)}: expected lower case words joined by hyphens`)
  }
  const wrong = (what: string) => new TypeError(`scenario ${name} ${what}`)
  const missing = required.find((part) => typeof scenario[part] !== 'function')
  if (missing !== undefined) throw wrong(`without a function ${missing}`)
  const odd = optional.find((part) => scenario[part] !== undefined && typeof scenario[part] !== 'function')
  if (odd !== undefined) throw wrong(`has a field ${odd} of type ${typeof scenario[odd]}: expected a function`)
  checkNeeds(scenario, wrong)
  checkDefinitions(scenario.parameters, wrong)
  resolveParameters(scenario.parameters)
  const slip = slipOf(scenario)
  if (slip !== undefined) throw wrong(`has a field ${JSON.stringify(slip.field)}: expected ${slip.meant}?`)
  checked.add(scenario)
}

type Wrong = (what: string) => TypeError

function checkNeeds({ needs = [] }: Scenario, wrong: Wrong): void {
  if (!Array.isArray(needs)) throw wrong(`has needs of type ${typeof needs}: expected a list of commands`)
  const unknown: unknown = needs.find((kind) => !needKinds.includes(kind))
  if (unknown === undefined) return
  const near = nearest(String(unknown), needKinds)
  throw wrong(
    `needs ${JSON.stringify(unknown)}: expected ${near.length > 0 ? `${near.join(' or ')}?` : `some of ${needKinds.join(', ')}`}`,
  )
}

function checkDefinitions(definitions: ParameterDefinitions, wrong: Wrong): void {
  if (typeof definitions !== 'object' || definitions === null) {
    throw wrong('without parameters: expected at least nodes, spaces and durationMs, as workload makes them')
  }
  const lacking = workloadParameters.find((name) => !Object.hasOwn(definitions, name))
  if (lacking !== undefined) throw wrong(`without a parameter ${lacking}: workload makes nodes, spaces and durationMs`)
  for (const [name, definition] of Object.entries<ParameterDefinition>(definitions)) {
    if (!PARAMETER_NAME.test(name)) {
      throw wrong(`has a parameter ${JSON.stringify(name)}: expected a name of letters, digits, _, $, . and -`)
    }
    const bounds = ['default', 'min', 'max'] as const
    const notWhole = bounds.find((bound) => !Number.isSafeInteger(definition?.[bound]))
    if (notWhole === undefined) continue
    const found =
      definition === undefined || definition === null ? 'no definition' : `${notWhole} ${String(definition[notWhole])}`
    throw wrong(`has a parameter ${name} with ${found}: expected { default, min, max, description } in whole numbers`)
  }
}

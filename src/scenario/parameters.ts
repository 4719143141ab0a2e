import { isPlainObject, own } from '../input/index.js'

/** One number that a scenario can be tuned by. Always a whole number, so that a run is the same on every host. */
export interface ParameterDefinition {
  readonly default: number
  readonly min: number
  readonly max: number
  readonly description: string
}

/** Every scenario has at least these. */
export type WorkloadDefinitions = {
  readonly nodes: ParameterDefinition
  readonly spaces: ParameterDefinition
  readonly durationMs: ParameterDefinition
}

/** The parameters of a scenario, by name: those that all have, and its own. */
export type ParameterDefinitions = WorkloadDefinitions & { readonly [name: string]: ParameterDefinition }

/** A value for each parameter of a scenario. */
export type Parameters<D extends ParameterDefinitions = ParameterDefinitions> = { readonly [Name in keyof D]: number }

/** Values for some of the parameters of a scenario: by any name, where it is not known which there are. */
export type SomeParameters<D extends ParameterDefinitions = ParameterDefinitions> = string extends keyof D
  ? { readonly [name: string]: number }
  : { readonly [Name in keyof D]?: number }

/** A parameter that the scenario does not have, or a value that it may not take. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError'
  readonly parameter: string

  constructor(parameter: string, message: string) {
    super(message)
    this.parameter = parameter
  }
}

/**
 * Fills in defaults.
 * @throws ParameterError for unknown names, and for values that are not whole or out of range
 * @throws TypeError for values that are not in a plain object, which would be passed over
 */
export function resolveParameters<D extends ParameterDefinitions>(
  definitions: D,
  given: { readonly [name: string]: number } = {},
): Parameters<D> {
  if (!isPlainObject(given)) throw new TypeError('parameters that are no plain object: expected { name: value, … }')
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(definitions, name)) {
      throw new ParameterError(
        name,
        `there is no parameter "${name}": expected one of ${Object.keys(definitions).join(', ')}`,
      )
    }
  }
  const entries = Object.entries(definitions).map(([name, definition]) => {
    const value = own(given, name) ?? definition.default
    const { min, max } = definition
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      throw new ParameterError(name, `parameter ${name} is ${value}: expected a whole number from ${min} to ${max}`)
    }
    return [name, value] as const
  })
  return Object.fromEntries(entries) as Parameters<D>
}

/**
 * The parameters every scenario has, with the defaults that suit it. Six hours at the most keep a mistyped duration from
 * running for a day.
 */
export function workload(defaults: {
  readonly nodes: number
  readonly spaces: number
  readonly durationMs: number
}): WorkloadDefinitions {
  return {
    nodes: { default: defaults.nodes, min: 1, max: 100_000, description: 'contending nodes' },
    spaces: { default: defaults.spaces, min: 1, max: 10_000, description: 'spaces they contend for' },
    durationMs: { default: defaults.durationMs, min: 1, max: 21_600_000, description: 'virtual length of the run' },
  }
}

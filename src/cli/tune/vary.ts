import { InputError, nearest } from '../../input/index.js'
import { resolveParameters, type Scenario } from '../../scenario/index.js'
import { responses, valuesBetween } from '../../tune/index.js'
import { HELD } from '../terminal/exit-code.js'
import { sweepAll, type TuneEnd, type TunePlan } from './plan.js'
import { type Varied, variedTerminal } from './vary-terminal.js'

const DEFAULT_STEPS = 5
/** More rows than that nobody reads; a mistyped number of steps should not take an hour. */
const MAX_STEPS = 100

/** `--vary`, resolved. */
interface Range {
  readonly name: string
  readonly values: readonly number[]
}

/** Shows how each metric answers to one parameter. */
export async function varyParameter(plan: TunePlan, text: string): Promise<TuneEnd> {
  const { io, selection, leftOut, seeds, json, chalk } = plan
  const { name, values } = rangeOf(text)
  const scenarios = selection.scenarios.filter(({ parameters }) => Object.hasOwn(parameters, name))
  refuseUnknown(name, selection.scenarios, scenarios)
  for (const scenario of scenarios) refuseOutOfRange(scenario, name, values)

  const jobs = scenarios.flatMap((scenario) => values.map((value) => ({ scenario, changed: { [name]: value } })))
  const swept = await sweepAll(plan, jobs)
  if (swept.kind === 'failed') return swept
  const varied = scenarios.map((scenario, index): Varied => {
    const own = swept.sweeps.slice(index * values.length, (index + 1) * values.length)
    const present = resolveParameters(scenario.parameters, selection.parameters[scenario.name])[name] as number
    const samples = own.map((sweep) => sweep.samples)
    return { scenario: scenario.name, present, responses: responses(values, samples) }
  })

  const without = selection.scenarios.filter((scenario) => !scenarios.includes(scenario)).map((each) => each.name)
  const result = { parameter: name, values, seeds, scenarios: varied, without }
  if (json) io.stdout.write(`${JSON.stringify({ verdict: 'held', leftOut, ...result }, null, 2)}\n`)
  else io.stdout.write(variedTerminal(result, chalk))
  return { kind: 'done', code: HELD }
}

/** `name=from..to[:steps]`. */
function rangeOf(text: string): Range {
  const match = /^(.+)=(-?\d+)\.\.(-?\d+)(?::(\d+))?$/.exec(text)
  const refused = (expected: string): InputError =>
    new InputError({ what: '--vary cannot be used', found: text, expected })
  if (match === null) throw refused('name=from..to[:steps] in whole numbers, as in --vary ttlMs=200..2000:7')
  const [from, to, steps] = [Number(match[2]), Number(match[3]), Number(match[4] ?? DEFAULT_STEPS)]
  if (from > to) throw refused(`a value to end with that is not below ${from}`)
  if (steps < 2 || steps > MAX_STEPS) throw refused(`2 to ${MAX_STEPS} steps, both ends included`)
  return { name: match[1] as string, values: valuesBetween(from, to, steps) }
}

function refuseUnknown(name: string, selected: readonly Scenario[], having: readonly Scenario[]): void {
  if (having.length > 0) return
  const known = [...new Set(selected.flatMap(({ parameters }) => Object.keys(parameters)))]
  const near = nearest(name, known)
  throw new InputError({
    what: `there is no parameter "${name}" in ${selected.map((scenario) => scenario.name).join(', ')}`,
    expected: near.length > 0 ? `${near.join(' or ')}?` : `one of ${known.join(', ')}`,
    todo: '`npx contention list --params` shows them all',
  })
}

function refuseOutOfRange(scenario: Scenario, name: string, values: readonly number[]): void {
  const { min, max } = scenario.parameters[name] ?? { min: 0, max: 0 }
  const wrong = values.find((value) => value < min || value > max)
  if (wrong === undefined) return
  throw new InputError({
    what: `parameter ${name} of ${scenario.name} is out of its range`,
    found: String(wrong),
    expected: `a whole number from ${min} to ${max}`,
  })
}

import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { builtInScenarios, explorationScenarios, workerFailureScenarios } from '../../scenarios/index.js'
import { InputError, type InputProblem, oneOf, validate } from '../input/index.js'
import { DEFAULT_SEED } from '../run/index.js'
import { ParameterError, resolveParameters, type Scenario, slipOf } from '../scenario/index.js'
import type { Config } from './config.js'
import { importModule } from './import.js'
import { loadConfig } from './load.js'
import { looksLikeScenario, looksLikeSubject } from './looks-like.js'
import { cameFrom } from './scenario-files.js'
import { scenarioSchema } from './schema.js'
import { slashTodo } from './slash.js'

/** A configuration resolved: every default filled in, every path absolute, every scenario loaded. */
export interface Project {
  readonly configFile: string | undefined
  readonly root: string
  readonly scenarios: readonly Scenario[]
  /** Those that run, the ones that are made for exploration alone, and the ones that are only run by name. */
  readonly explorable: readonly Scenario[]
  /** Of those that can be explored, the ones that are when none is named. */
  readonly explored: readonly Scenario[]
  readonly subjectFiles: readonly string[]
  /** By name, what `--store` takes. */
  readonly stores: { readonly [name: string]: string }
  /** Names of all scenarios that a file may speak of: those above, and the built-in ones that do not run here. */
  readonly knownScenarios: readonly string[]
  readonly seed: number
  /** Undefined when nothing is said: commands have limits of their own. */
  readonly maxEvents: number | undefined
  readonly parameters: { readonly [scenario: string]: { readonly [name: string]: number } }
  readonly budgetFolder: string
  /** Whether the configuration names that folder. */
  readonly budgetFolderNamed: boolean
  readonly snapshotFolder: string
}

/** Loads the project that `directory` is in. Throws InputError for whatever cannot be used. */
export async function loadProject(directory: string, configFile?: string): Promise<Project> {
  const { config, file } = await loadConfig(
    directory,
    configFile === undefined ? undefined : resolve(directory, configFile),
  )
  const root = file === undefined ? directory : dirname(file)
  const scenarios = [...pickBuiltIn(config.builtIn, file), ...(await ownScenarios(config, root, file))]
  const exploration = [...explorationScenarios, ...scenarios]
  const explorable = [...exploration, ...workerFailureScenarios]
  refuseDoubles(explorable, file)
  refuseWrongParameters(config, scenarios, file)
  return {
    configFile: file,
    root,
    scenarios,
    explorable,
    explored: exploration.filter((scenario) => scenario.explore !== undefined),
    subjectFiles: (config.subjects ?? []).map((path, index) => existing(resolve(root, path), file, index)),
    stores: config.stores ?? {},
    knownScenarios: [...new Set([...scenarios, ...builtInScenarios].map(({ name }) => name))],
    seed: config.seed ?? DEFAULT_SEED,
    maxEvents: config.maxEvents,
    parameters: config.parameters ?? {},
    budgetFolder: resolve(root, config.budgets ?? 'budgets'),
    budgetFolderNamed: config.budgets !== undefined,
    snapshotFolder: resolve(root, config.snapshots ?? 'snapshots'),
  }
}

/** Where in a file a scenario was named. */
type ConfigPlace = Pick<InputProblem, 'file' | 'at'>

/** The scenario called `name`. Throws InputError that names the nearest ones, and, when it was in a file, the place. */
export function scenarioNamed(
  name: string,
  scenarios: readonly Scenario[],
  place?: ConfigPlace,
  kind = 'scenario',
): Scenario {
  const scenario = scenarios.find((other) => other.name === name)
  if (scenario !== undefined) return scenario
  const names = scenarios.map((other) => other.name)
  if (forExploration.some((other) => other.name === name)) {
    throw new InputError({
      what: `scenario "${name}" is made for exploration: it is not measured`,
      ...place,
      expected: names.length > 0 ? `one of ${names.join(', ')}` : 'a scenario that is measured',
      todo: `explore it: \`npx contention explore ${name}\``,
    })
  }
  throw new InputError({
    what: `there is no ${kind} "${name}"`,
    ...(place === undefined ? { todo: '`npx contention list` shows them all' } : { ...place, found: name }),
    expected: oneOf(names, name),
  })
}

/** What `explore` and `replay` take beside the scenarios that are measured. */
const forExploration: readonly Scenario[] = [...explorationScenarios, ...workerFailureScenarios]

const inFile = (file: string | undefined): ConfigPlace => (file === undefined ? {} : { file })

function pickBuiltIn(builtIn: Config['builtIn'], file: string | undefined): readonly Scenario[] {
  if (builtIn === undefined || builtIn === true) return builtInScenarios
  if (builtIn === false) return []
  return builtIn.map((name, index) =>
    scenarioNamed(name, builtInScenarios, { ...inFile(file), at: `builtIn[${index}]` }, 'built-in scenario'),
  )
}

async function ownScenarios(config: Config, root: string, file: string | undefined): Promise<readonly Scenario[]> {
  const found: Scenario[] = []
  for (const [index, entry] of (config.scenarios ?? []).entries()) {
    if (typeof entry !== 'string') found.push(checkedScenario(entry, `${file}, scenarios[${index}]`))
    else found.push(...(await scenariosOf(resolve(root, entry), file, index)))
  }
  return found
}

/** A subject is loaded by what runs it alone: one that is not there would be missed by nobody else. */
function existing(path: string, file: string | undefined, index: number): string {
  if (existsSync(path)) return path
  const todo = slashTodo(path)
  throw new InputError({
    what: 'a subject of the configuration does not exist',
    ...inFile(file),
    at: `subjects[${index}]`,
    found: path,
    expected: 'a file whose default export is a subject',
    ...(todo === undefined ? {} : { todo }),
  })
}

/** Every scenario that a file exports, as its default or by name. */
async function scenariosOf(path: string, file: string | undefined, index: number): Promise<readonly Scenario[]> {
  if (!existsSync(path)) {
    const todo = slashTodo(path)
    throw new InputError({
      what: `a scenario file does not exist`,
      ...inFile(file),
      at: `scenarios[${index}]`,
      found: path,
      expected: 'a file whose exports are scenarios',
      ...(todo === undefined ? {} : { todo }),
    })
  }
  const module = await importModule(path)
  const values = new Set(Object.values(module).flatMap((value) => (Array.isArray(value) ? value : [value])))
  const scenarios = [...values].filter(looksLikeScenario)
  if (scenarios.length === 0) {
    const isSubject = [...values].some(looksLikeSubject)
    throw new InputError({
      what: `${path} exports no scenario`,
      file: path,
      found: isSubject ? 'a subject' : `exports ${Object.keys(module).join(', ') || 'nothing'}`,
      expected: 'export default defineScenario({ … })',
      ...(isSubject && { todo: 'name it under `subjects` of the configuration' }),
    })
  }
  return scenarios.map((each) => {
    const scenario = checkedScenario(each, path)
    cameFrom(scenario.name, path)
    return scenario
  })
}

function checkedScenario(value: unknown, where: string): Scenario {
  validate(scenarioSchema, value, where, 'a scenario')
  const scenario = value as Scenario
  const slip = slipOf(scenario)
  if (slip !== undefined) {
    throw new InputError({
      what: `${where} is not a scenario`,
      file: where,
      at: slip.field,
      found: 'a field that does not exist',
      expected: `${slip.meant}?`,
    })
  }
  try {
    resolveParameters(scenario.parameters)
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error
    throw new InputError({
      what: `${where}: the defaults of ${scenario.name} contradict their bounds`,
      found: error.message,
    })
  }
  return scenario
}

function refuseDoubles(scenarios: readonly Scenario[], file: string | undefined): void {
  const names = scenarios.map(({ name }) => name)
  const double = names.find((name, index) => names.indexOf(name) !== index)
  if (double === undefined) return
  throw new InputError({
    what: `two scenarios are called "${double}"`,
    ...inFile(file),
    expected: 'a name of its own for each, different from the built-in ones',
  })
}

function refuseWrongParameters(config: Config, scenarios: readonly Scenario[], file: string | undefined): void {
  for (const [name, parameters] of Object.entries(config.parameters ?? {})) {
    const at = `parameters.${JSON.stringify(name)}`
    const scenario = scenarioNamed(name, scenarios, { ...inFile(file), at })
    try {
      resolveParameters(scenario.parameters, parameters)
    } catch (error) {
      if (!(error instanceof ParameterError)) throw error
      throw new InputError({
        what: `the parameters of ${name} cannot be used`,
        ...inFile(file),
        at: `${at}.${error.parameter}`,
        found: error.message,
      })
    }
  }
}

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type Counterexample, counterexampleVersion, type Plan, planOf, TokenError } from '../explore/index.js'
import { counterexampleSchema } from '../explore/schema.js'
import { fileError } from '../gate/index.js'
import { InputError, nearest, parseJson, validate } from '../input/index.js'
import { ParameterError, resolveParameters, type Scenario } from '../scenario/index.js'
import { builtInSubject, type Subject } from '../subject/index.js'
import { invariantsNamed } from './invariants.js'
import type { Project } from './project.js'
import { loadSubject } from './subjects.js'
import { foldersUpward } from './upward.js'

/** A counterexample that can be run: its scenario and subject are there, and its parameters within bounds. */
export interface LoadedCounterexample {
  readonly scenario: Scenario
  readonly plan: Plan
  readonly subject: Subject
  /** Names of the invariants to judge, where the file says so. */
  readonly invariants?: readonly string[]
  /** Most events that a run may take, where the file says so. */
  readonly maxEvents?: number
  /** What went wrong when it was found; a token does not say. */
  readonly found?: Counterexample['found']
}

/** The files of the counterexamples that are kept as regression tests, by name. */
export function keptCounterexamples(project: Project): readonly string[] {
  const folder = join(project.snapshotFolder, 'counterexamples')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(folder, name))
}

/**
 * Reads a counterexample.
 * @param subjectFile run it on this subject instead of its own
 * @throws InputError for a file that is damaged, of another version, or of a scenario or subject that is not there
 */
export async function loadCounterexample(
  project: Project,
  file: string,
  subjectFile?: string,
): Promise<LoadedCounterexample> {
  const value = parseJson(textOf(file), file)
  const { version } = (value ?? {}) as { readonly version?: unknown }
  if (typeof version === 'number' && version !== counterexampleVersion) {
    throw new InputError({
      what: `${file} is a counterexample of another version`,
      file,
      at: 'version',
      found: String(version),
      expected: String(counterexampleVersion),
      todo: 'explore again: its seed finds it anew, or has become another run',
    })
  }
  const example = validate(counterexampleSchema, value, file, 'a counterexample')
  const scenario = scenarioOf(project, example.scenario, file)
  const parameters = parametersOf(scenario, example.parameters, file)
  refuseUnknownNodes(example, parameters['nodes'] ?? 0, file)
  const subject = subjectFile ?? (example.subject && foundFrom(file, example.subject, project))
  const { seed, strategy, faults, found, invariants, maxEvents } = example
  return {
    scenario,
    plan: { scenario: scenario.name, seed, strategy, parameters, faults },
    subject: subject === undefined ? builtInSubject : await loadSubject(subject),
    ...(invariants === undefined ? {} : { invariants: invariantsNamed(invariants, [scenario], file) }),
    ...(maxEvents === undefined ? {} : { maxEvents }),
    found,
  }
}

/**
 * The file of its subject: relative to the project that one is in, or to the one that the counterexample was found in, which
 * is a folder above its own.
 */
function foundFrom(file: string, subject: string, { root }: Project): string {
  const places = [root, ...foldersUpward(dirname(file))].map((folder) => resolve(folder, subject))
  const there = places.find((place) => existsSync(place))
  if (there !== undefined) return there
  throw new InputError({
    what: 'the subject of a counterexample does not exist',
    file,
    at: 'subject',
    found: subject,
    expected: `a file, relative to ${root} or to a folder above the counterexample`,
    todo: 'put it back, or have `subject` in the counterexample say where it is now, as --subject of `npx contention replay` may; where it is gone for good, remove the counterexample',
  })
}

/** The counterexample that a pasted token stands for, on the built-in subject or the one of `subjectFile`. */
export async function loadToken(project: Project, token: string, subjectFile?: string): Promise<LoadedCounterexample> {
  try {
    const plan = planOf(token, project.explorable)
    const scenario = scenarioOf(project, plan.scenario, token)
    const parameters = parametersOf(scenario, plan.parameters, token)
    const subject = subjectFile === undefined ? builtInSubject : await loadSubject(subjectFile)
    return { scenario, plan: { ...plan, parameters }, subject }
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    throw new InputError({
      what: error.message,
      found: token,
      expected: 'a token as `contention explore` prints it, of the same version and scenarios',
    })
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw fileError(error, file, 'read')
  }
}

function scenarioOf(project: Project, name: string, file: string): Scenario {
  const scenario = project.explorable.find((other) => other.name === name)
  if (scenario !== undefined) return scenario
  const names = project.explorable.map((other) => other.name)
  const near = nearest(name, names)
  throw new InputError({
    what: `a counterexample is of a scenario that does not exist: "${name}"`,
    file,
    at: 'scenario',
    found: name,
    expected: near.length > 0 ? `${near.join(' or ')}?` : `one of ${names.join(', ')}`,
  })
}

function parametersOf(scenario: Scenario, given: Plan['parameters'], file: string): Plan['parameters'] {
  try {
    return resolveParameters(scenario.parameters, given)
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error
    throw new InputError({
      what: `the parameters of a counterexample do not fit ${scenario.name}`,
      file,
      at: `parameters.${error.parameter}`,
      found: error.message,
    })
  }
}

function refuseUnknownNodes({ faults }: Counterexample, nodes: number, file: string): void {
  for (const [index, fault] of faults.entries()) {
    const struck = 'node' in fault ? [fault.node] : 'nodes' in fault ? fault.nodes : []
    const unknown = struck.find((node) => node >= nodes)
    if (unknown === undefined) continue
    throw new InputError({
      what: 'a fault of a counterexample strikes a node that does not exist',
      file,
      at: `faults[${index}]`,
      found: `node ${unknown}`,
      expected: `0 to ${nodes - 1}`,
    })
  }
}

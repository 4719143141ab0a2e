import { InputError } from '../../input/index.js'
import { type CommandKind, commandKinds } from '../../protocol/index.js'
import type { Scenario } from '../../scenario/index.js'
import { assemble, commandsOf, type Subject } from '../../subject/index.js'
import type { Io } from '../terminal/io.js'

const lackedBy = ({ needs = [] }: Scenario, commands: ReadonlySet<CommandKind>): readonly CommandKind[] =>
  needs.filter((kind) => !commands.has(kind))

/**
 * What a subject does not have cannot be measured.
 * @param again the command for the other scenarios
 * @throws InputError for the first scenario that `subject` lacks commands for
 */
export function refuseLacking(
  scenarios: readonly Scenario[],
  subject: Subject,
  again?: (others: string) => string,
): void {
  const commands = commandsOf(subject)
  const missing = (scenario: Scenario) => lackedBy(scenario, commands)
  const lacking = scenarios.find((scenario) => missing(scenario).length > 0)
  if (lacking === undefined) return
  const others = scenarios.filter((scenario) => missing(scenario).length === 0).map(({ name }) => name)
  throw new InputError({
    what: `${lacking.name} needs commands that subject "${subject.name}" does not have`,
    found: `without ${missing(lacking).join(', ')}`,
    ...(others.length > 0 && again !== undefined && { todo: `name the others: ${again(others.join(' '))}` }),
  })
}

/** A scenario that was not run, and the commands that the subject would need for it. */
export interface LeftOut {
  readonly scenario: string
  readonly commands: readonly CommandKind[]
}

/** What was left out, a line each, for somebody at a terminal: reports hold what was run. */
export function tellLeftOut(
  io: Io,
  leftOut: readonly LeftOut[],
  { quiet, json }: { readonly quiet?: boolean; readonly json?: boolean },
): void {
  if (quiet || json) return
  for (const each of leftOut) io.stderr.write(`${leftOutText(each)}\n`)
}

export const leftOutText = ({ scenario, commands }: LeftOut): string =>
  `left out: ${scenario} needs ${commands.join(', ')}, which the subject does not have`

/**
 * The scenarios that `subject` has the commands for, and those that it has not.
 * @param named where scenarios were named, none is left out: gives the command for the others
 * @throws InputError when it has them for none, or not for one that was named
 */
export function withoutLacking(
  scenarios: readonly Scenario[],
  subject: Subject,
  named: ((others: string) => string) | undefined,
): { readonly scenarios: readonly Scenario[]; readonly leftOut: readonly LeftOut[] } {
  if (named !== undefined) refuseLacking(scenarios, subject, named)
  const commands = commandsOf(subject)
  const lacking = (scenario: Scenario) => lackedBy(scenario, commands)
  const left = scenarios.filter((scenario) => lacking(scenario).length === 0)
  const leftOut = scenarios
    .map((scenario) => ({ scenario: scenario.name, commands: lacking(scenario) }))
    .filter(({ commands }) => commands.length > 0)
  if (left.length === 0) throw noneToAsk(subject, leftOut)
  return { scenarios: left, leftOut }
}

function noneToAsk({ name }: Subject, leftOut: readonly LeftOut[]): InputError {
  const lacking = commandKinds.filter((kind) => leftOut.some(({ commands }) => commands.includes(kind)))
  return new InputError({
    what: `subject "${name}" has the commands for none of these scenarios`,
    ...(lacking.length > 0 && { found: `without ${lacking.join(', ')}` }),
  })
}

/** The scenarios that a subject can be asked. */
export interface Askable {
  readonly scenarios: readonly Scenario[]
  /** What it cannot be asked, or need not be, in words. */
  readonly skipped: readonly string[]
}

/**
 * What can be explored on a subject that has `commands`. Scenarios that were `named` are, whatever they would test.
 * @throws InputError when nothing can
 */
export function askable(
  scenarios: readonly Scenario[],
  subject: Subject,
  commands: ReadonlySet<CommandKind>,
  { named }: { readonly named: boolean },
): Askable {
  const missing = commandKinds.filter((kind) => !commands.has(kind))
  const lacking = scenarios.filter((scenario) => lackedBy(scenario, commands).length > 0)
  // Of a subject that leaves the jobs to the built-in part, a scenario of jobs would test that part again.
  const foreign = scenarios.filter(({ needs = [] }) => !named && needs.includes('take') && !ownsJobs(subject))
  const left = scenarios.filter((scenario) => !lacking.includes(scenario) && !foreign.includes(scenario))
  if (left.length === 0) {
    throw noneToAsk(
      subject,
      lacking.map((each) => ({ scenario: each.name, commands: lackedBy(each, commands) })),
    )
  }
  return {
    scenarios: left,
    skipped: [
      ...missing.map((kind) => `${kind}: the subject does not have it`),
      ...lacking.map(({ name }) => `${name}: needs commands that are missing`),
      ...foreign.map(({ name }) => `${name}: the subject leaves jobs to the built-in part`),
    ],
  }
}

const ownsJobs = (subject: Subject): boolean => assemble(subject, 0).own.has('jobs')

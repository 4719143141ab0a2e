import { InputError } from '../../input/index.js'
import { type CommandKind, commandKinds } from '../../protocol/index.js'
import { type Need, needKinds, type Scenario } from '../../scenario/index.js'
import { commandsOf, hasQueue, type Subject } from '../../subject/index.js'
import type { Io } from '../terminal/io.js'
import type { Made } from '../threads/work.js'

const lackedBy = ({ needs = [] }: Scenario, has: ReadonlySet<Need>): readonly Need[] =>
  needs.filter((need) => !has.has(need))

/** What was measured is to be seen again, and what is searched is searched without a queue too: there the commands count alone. */
const besideQueue = (commands: Iterable<CommandKind>): ReadonlySet<Need> => new Set<Need>([...commands, 'queue'])

/** What `subject` has; whether that is a queue, it is asked only where a scenario needs one. */
async function abilitiesOf(subject: Subject, scenarios: readonly Scenario[]): Promise<ReadonlySet<Need>> {
  const commands = commandsOf(subject)
  const asked = scenarios.some(({ needs = [] }) => needs.includes('queue'))
  return asked && !(await hasQueue(subject)) ? commands : besideQueue(commands)
}

export const needText = (need: Need): string => (need === 'queue' ? 'a queue' : need)

const needTexts = (needs: readonly Need[]): string => needs.map(needText).join(', ')

/** How it is seen that a subject has no queue: one that has, and does not say so, has to. */
const noQueueText = (needs: readonly Need[]): string =>
  needs.includes('queue') ? ': its refusals have no position' : ''

/**
 * What a subject does not have the commands for cannot be run.
 * @throws InputError for the first scenario that `subject` lacks commands for
 */
export function refuseLackingCommands(scenarios: readonly Scenario[], subject: Subject): void {
  refuseLacking(scenarios, subject, besideQueue(commandsOf(subject)))
}

/** @param again the command for the other scenarios */
function refuseLacking(
  scenarios: readonly Scenario[],
  subject: Subject,
  has: ReadonlySet<Need>,
  again?: (others: string) => string,
): void {
  const missing = (scenario: Scenario) => lackedBy(scenario, has)
  const lacking = scenarios.find((scenario) => missing(scenario).length > 0)
  if (lacking === undefined) return
  const others = scenarios.filter((scenario) => missing(scenario).length === 0).map(({ name }) => name)
  throw new InputError({
    what: `${lacking.name} needs what subject "${subject.name}" does not have`,
    found: `without ${needTexts(missing(lacking))}${noQueueText(missing(lacking))}`,
    ...(others.length > 0 && again !== undefined && { todo: `name the others: ${again(others.join(' '))}` }),
  })
}

/** A scenario that was not run, and what the subject would need for it. */
export interface LeftOut {
  readonly scenario: string
  readonly lacks: readonly Need[]
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

export const leftOutText = ({ scenario, lacks }: LeftOut): string =>
  `left out: ${scenario} needs ${needTexts(lacks)}, which the subject does not have${noQueueText(lacks)}`

/**
 * The scenarios that `subject` has all for, and those that it has not.
 * @param named where scenarios were named, none is left out: gives the command for the others
 * @throws InputError when it has it for none, or not for one that was named
 */
export async function withoutLacking(
  scenarios: readonly Scenario[],
  subject: Subject,
  named: ((others: string) => string) | undefined,
): Promise<{ readonly scenarios: readonly Scenario[]; readonly leftOut: readonly LeftOut[] }> {
  const has = await abilitiesOf(subject, scenarios)
  if (named !== undefined) refuseLacking(scenarios, subject, has, named)
  const lacking = (scenario: Scenario) => lackedBy(scenario, has)
  const left = scenarios.filter((scenario) => lacking(scenario).length === 0)
  const leftOut = scenarios
    .map((scenario) => ({ scenario: scenario.name, lacks: lacking(scenario) }))
    .filter(({ lacks }) => lacks.length > 0)
  if (left.length === 0) throw noneToAsk(subject, leftOut)
  return { scenarios: left, leftOut }
}

function noneToAsk({ name }: Subject, leftOut: readonly LeftOut[]): InputError {
  const lacking = needKinds.filter((need) => leftOut.some(({ lacks }) => lacks.includes(need)))
  return new InputError({
    what: `subject "${name}" has what it takes for none of these scenarios`,
    ...(lacking.length > 0 && { found: `without ${needTexts(lacking)}${noQueueText(lacking)}` }),
  })
}

/** The scenarios that a subject can be asked. */
export interface Askable {
  readonly scenarios: readonly Scenario[]
  /** What it cannot be asked, or need not be, in words. */
  readonly skipped: readonly string[]
}

/**
 * What can be explored on a subject that has all this. Scenarios that were `named` are, whatever they would test.
 * @throws InputError when nothing can
 */
export function askable(
  scenarios: readonly Scenario[],
  subject: Subject,
  { commands, own }: Made,
  { named }: { readonly named: boolean },
): Askable {
  const missing = commandKinds.filter((kind) => !commands.includes(kind))
  const has = besideQueue(commands)
  const lacking = scenarios.filter((scenario) => lackedBy(scenario, has).length > 0)
  // Of a subject that leaves the jobs to the built-in part, a scenario of jobs would test that part again.
  const foreign = scenarios.filter(({ needs = [] }) => !named && needs.includes('take') && !own.includes('jobs'))
  const left = scenarios.filter((scenario) => !lacking.includes(scenario) && !foreign.includes(scenario))
  if (left.length === 0) {
    throw noneToAsk(
      subject,
      lacking.map((each) => ({ scenario: each.name, lacks: lackedBy(each, has) })),
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

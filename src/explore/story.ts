import { type Scenario, today, type When, whenAgain } from '../scenario/index.js'
import {
  ByContender,
  type Cast,
  castOf,
  contenderOf,
  describeEvent,
  isQuestion,
  isSameRequest,
  NOBODY,
  numbered,
  type TraceEvent,
} from '../trace/index.js'
import { attempt, type ExploreOptions, type Failure } from './chunk.js'
import { describeClocks } from './describe-clocks.js'
import { type OwnFaults, ownFaults } from './own-faults.js'
import { record } from './record.js'
import { remarksOn } from './remarks.js'
import { standstillOf } from './standstill.js'
import { overtaken, withoutPromptSteps } from './steps-told.js'
import { storyLines } from './story-lines.js'
import { undecided } from './undecided.js'

/** A story that does not fit on a screen is not read. */
const MAX_LINES = 22

/** What there is to tell of a failure. */
export interface Story {
  readonly lines: readonly string[]
  /** What the scenario itself has had the world do. */
  readonly ownFaults: readonly OwnFaults[]
}

/**
 * What happened until it went wrong, in virtual time: who held what, what the world did, and the event that broke the rule.
 * Of runs that differ, where they part.
 */
export async function storyOf(scenario: Scenario, failure: Failure, options: ExploreOptions): Promise<Story> {
  return failure.kind === 'nondeterministic'
    ? { lines: await partingOf(scenario, failure, options), ownFaults: [] }
    : pastOf(scenario, failure, options)
}

async function pastOf(scenario: Scenario, failure: Failure, options: ExploreOptions): Promise<Story> {
  const { plan } = failure
  const cast = castOf(numbered('node', plan.parameters.nodes ?? 1), numbered('space', plan.parameters.spaces ?? 1))
  const recorded = await record(scenario, plan, options)
  const { events } = recorded
  // The kernel ends the step it is in: what comes after the breach is not part of the story.
  const past = failure.kind === 'breach' ? events.slice(0, failure.breach.index + 1) : events
  const last = failure.kind === 'breach' ? events[failure.breach.index] : events.at(-1)
  const isOfWaits = last === undefined || isRefusedWait(last) || isOfOrder(failure)
  const waits = isOfWaits ? waitsIn(past, cast, last?.space) : () => false
  const remarks = remarksOn({ ...recorded, events: past }, { plan, last, cast })
  const isTold = (event: TraceEvent) =>
    event === last || tells(event, last) || waits(event) || remarks.causes.has(event)
  const inVain = isOfLostLease(failure) ? inVainSinceGrant(past, isTold, last, cast) : () => false
  const late = overtaken(past, isTold, last?.space, cast)
  const told = past.filter((event) => isTold(event) || inVain(event) || late.has(event))
  const lines = storyLines(withoutPromptSend(withoutPromptSteps(told, past)), last, cast, remarks)
  const left = lines.length - MAX_LINES
  const clocks = describeClocks(scenario, plan)
  const note = failure.kind === 'breach' ? undecided(past, failure.breach.invariant, cast) : undefined
  const standstill = failure.kind === 'endless' ? standstillOf(recorded, cast) : undefined
  return {
    lines: [
      ...(standstill === undefined ? [] : [standstill]),
      // No event tells of them.
      ...(clocks === '' ? [] : [`clocks     ${clocks}`]),
      ...(left > 0 ? [`… ${left} ${left === 1 ? 'line' : 'lines'} before (--trace shows all)`] : []),
      ...lines.slice(-MAX_LINES),
      ...(note === undefined ? [] : [note]),
    ],
    ownFaults: ownFaults(past, plan),
  }
}

/** Whether an event belongs to the story of `last`: what the world did, and what became of the same space and request. */
function tells(event: TraceEvent, last: TraceEvent | undefined): boolean {
  const { kind, space, command, node, task } = event
  if (command === 'none') return kind !== 'acts' && kind !== 'served'
  if (last !== undefined && last.space >= 0 && space !== last.space) return false
  switch (kind) {
    case 'sent':
    case 'lease-held':
    case 'queued':
      return isSameRequest(event, last)
    case 'timed-out':
      // Nobody is held up by what others ask for in vain.
      return command !== 'acquire' || (node === last?.node && task === last.task)
    case 'delivered':
    case 'idle':
    case 'events':
      return false
    default:
      return true
  }
}

/** Who was granted too early is granted before somebody who waits. */
const isOfOrder = (failure: Failure): boolean =>
  failure.kind === 'breach' && failure.breach.invariant === 'service-order'

/** Somebody has lost a lease that was live. */
const isOfLostLease = (failure: Failure): boolean =>
  failure.kind === 'breach' && ['mutual-exclusion', 'writes-accepted'].includes(failure.breach.invariant)

/**
 * Tells who was refused since the grant of the lease that is lost, where nobody else is told of since, nor a restart: for a
 * request that it refuses a core may change what it should not.
 */
function inVainSinceGrant(
  past: readonly TraceEvent[],
  isTold: (event: TraceEvent) => boolean,
  last: TraceEvent | undefined,
  cast: Cast,
): (event: TraceEvent) => boolean {
  const granted = past.findLast((event) => event.kind === 'granted' && event !== last && event.space === last?.space)
  if (granted === undefined) return () => false
  const isOfOthers = (event: TraceEvent) =>
    event !== last && !isQuestion(event.command) && contenderOf(event, cast) !== contenderOf(granted, cast)
  const since = past.slice(granted.index + 1).filter(isTold)
  const explains = (event: TraceEvent) =>
    event.kind === 'store-restarted' || (event.command !== 'none' && event.kind !== 'sent' && isOfOthers(event))
  if (since.some(explains)) return () => false
  return ({ kind, space, index }) =>
    (kind === 'lease-held' || kind === 'queued') && space === granted.space && index > granted.index
}

/** Who is refused once too often waits, and so do others. */
function isRefusedWait({ kind, command }: TraceEvent): boolean {
  return (kind === 'lease-held' || kind === 'queued') && command !== 'take'
}

/** Tells what contenders were told while they waited, for any space or for one: what came after the last grant of each. */
function waitsIn(events: readonly TraceEvent[], cast: Cast, space?: number): (event: TraceEvent) => boolean {
  const granted = new ByContender<number>(cast)
  for (const event of events) if (event.kind === 'granted') granted.set(contenderOf(event, cast), event.index)
  return (event) =>
    (event.kind === 'lease-held' || event.kind === 'queued' || event.kind === 'timed-out') &&
    (space === undefined || event.space === space) &&
    event.index > (granted.get(contenderOf(event, cast)) ?? NOBODY)
}

/** That a request was sent goes without saying where it shows no token and was answered before anything else happened. */
function withoutPromptSend(told: readonly TraceEvent[]): readonly TraceEvent[] {
  const place = told.findIndex((event) => event.kind === 'sent' && isSameRequest(event, told.at(-1)))
  return place >= 0 && place === told.length - 2 && told[place]?.token === 0 ? told.toSpliced(place, 1) : told
}

/** How often two runs that went different ways may agree when they are looked at, before that is given up. */
const TRIES = 5

/** The first event at which two runs of the same plan part, in words. */
async function partingOf(scenario: Scenario, { plan }: Failure, options: ExploreOptions): Promise<readonly string[]> {
  const cast = castOf(
    numbered('node', plan.parameters['nodes'] ?? 1),
    numbered('space', plan.parameters['spaces'] ?? 1),
  )
  const linesOf = async (when: When): Promise<readonly string[]> => {
    const lines: string[] = []
    const observe = (event: TraceEvent) => void lines.push(`${event.atMs} ms  ${describeEvent(event, cast)}`)
    await attempt(scenario, plan, options, { listeners: [{ observe }], when })
    return lines
  }
  for (let tried = 0; tried < TRIES; tried++) {
    const [one, other] = [await linesOf(today), await linesOf(whenAgain(options.subject))]
    const index = one.findIndex((line, at) => line !== other[at])
    if (index < 0 && one.length === other.length) continue
    const at = index < 0 ? one.length : index
    return [`from event ${at} on`, `one run:   ${one[at] ?? 'the end'}`, `the other: ${other[at] ?? 'the end'}`]
  }
  return ['when they were looked at once more, both went the same way']
}

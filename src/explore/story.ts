import { type Scenario, today, type When, whenAgain } from '../scenario/index.js'
import { type Cast, castOf, describeEvent, numbered, recorder, type TraceEvent } from '../trace/index.js'
import { attempt, type ExploreOptions, type Failure } from './chunk.js'

/** A story that does not fit on a screen is not read. */
const MAX_LINES = 22

/**
 * What happened until it went wrong, in virtual time: who held what, what the world did, and the event that broke the rule.
 * Of runs that differ, where they part.
 */
export function storyOf(scenario: Scenario, failure: Failure, options: ExploreOptions): Promise<readonly string[]> {
  return failure.kind === 'nondeterministic'
    ? partingOf(scenario, failure, options)
    : pastOf(scenario, failure, options)
}

async function pastOf(scenario: Scenario, failure: Failure, options: ExploreOptions): Promise<readonly string[]> {
  const { plan } = failure
  const cast = castOf(numbered('node', plan.parameters.nodes ?? 1), numbered('space', plan.parameters.spaces ?? 1))
  const recording = recorder()
  await attempt(scenario, plan, options, { listeners: [recording] })
  const { events } = recording
  // The kernel ends the step it is in: what comes after the breach is not part of the story.
  const past = failure.kind === 'breach' ? events.slice(0, failure.breach.index + 1) : events
  const last = failure.kind === 'breach' ? events[failure.breach.index] : events.at(-1)
  const told = past.filter((event) => event === last || tells(event, last))
  const lines = merged(told, cast)
  if (lines.length <= MAX_LINES) return lines
  const left = lines.length - MAX_LINES
  return [`… ${left} ${left === 1 ? 'line' : 'lines'} before (--trace shows all)`, ...lines.slice(-MAX_LINES)]
}

/** Whether an event belongs to the story of `last`: what the world did, and what became of the same space. */
function tells({ kind, space, command }: TraceEvent, last: TraceEvent | undefined): boolean {
  if (command === 'none') return kind !== 'acts' && kind !== 'served'
  if (last !== undefined && last.space >= 0 && space !== last.space) return false
  switch (kind) {
    case 'sent':
    case 'delivered':
      return false
    case 'timed-out':
      return command !== 'acquire'
    case 'lease-held':
    case 'queued':
    case 'idle':
    case 'events':
      return false
    default:
      return true
  }
}

/** One line an event; the same happening several times in a row is told once. */
function merged(events: readonly TraceEvent[], cast: Cast): readonly string[] {
  const lines: { text: string; key: string; atMs: number; count: number }[] = []
  for (const event of events) {
    const key = `${event.kind} ${event.command} ${event.node} ${event.task}`
    const before = lines.at(-1)
    const text = describeEvent(event, cast)
    if (before?.key === key && event.command !== 'none') {
      before.count += 1
      before.text = text
      before.atMs = event.atMs
    } else lines.push({ text, key, atMs: event.atMs, count: 1 })
  }
  return lines.map(({ text, atMs, count }) => {
    const times = count > 1 ? `  (${count} times, this the last)` : ''
    return `${String(atMs).padStart(6)} ms  ${text}${times}`
  })
}

/** How often two runs that went different ways may agree when they are looked at, before that is given up. */
const TRIES = 5

/** The first event at which two runs of the same plan part, in words. */
async function partingOf(scenario: Scenario, { plan }: Failure, options: ExploreOptions): Promise<readonly string[]> {
  const cast = castOf(
    numbered('node', plan.parameters['nodes'] ?? 1),
    numbered('space', plan.parameters['spaces'] ?? 1),
  )
  const record = async (when: When): Promise<readonly string[]> => {
    const lines: string[] = []
    const observe = (event: TraceEvent) => void lines.push(`${event.atMs} ms  ${describeEvent(event, cast)}`)
    await attempt(scenario, plan, options, { listeners: [{ observe }], when })
    return lines
  }
  for (let tried = 0; tried < TRIES; tried++) {
    const [one, other] = [await record(today), await record(whenAgain(options.subject))]
    const index = one.findIndex((line, at) => line !== other[at])
    if (index < 0 && one.length === other.length) continue
    const at = index < 0 ? one.length : index
    return [`from event ${at} on`, `one run:   ${one[at] ?? 'the end'}`, `the other: ${other[at] ?? 'the end'}`]
  }
  return ['when they were looked at once more, both went the same way']
}

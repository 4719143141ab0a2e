import type { Divergence } from '../report/index.js'
import { type Run, type Scenario, type SimulateOptions, simulate, type When } from '../scenario/index.js'
import { castOf, describeEvent, numbered, recorder, type TraceEvent } from '../trace/index.js'

/** What is not deterministic may now and then agree with itself: a clock that has not ticked, one bit drawn twice alike. */
const TRIES = 5

/** Runs twice more with recording on, until the two part, and says where; the second time at the time at which the second run was. */
export async function findDivergence(
  scenario: Scenario,
  options: SimulateOptions,
  [first, second]: readonly [Run, Run],
  when: When,
): Promise<Divergence> {
  const digests = [first.digest, second.digest] as const
  const cast = castOf(numbered('node', options.parameters.nodes), numbered('space', options.parameters.spaces))
  for (let tried = 0; tried < TRIES; tried++) {
    const one = await record(scenario, options)
    const other = await when(() => record(scenario, options))
    const index = firstDifference(one, other)
    if (index === undefined) continue
    const events = [one[index], other[index]] as const
    const text = (event: TraceEvent | undefined) =>
      event === undefined ? undefined : `${event.atMs} ms ${describeEvent(event, cast)}`
    return {
      first: {
        index,
        atMs: Math.min(...events.map((event) => event?.atMs ?? Number.POSITIVE_INFINITY)),
        events: [text(events[0]), text(events[1])],
      },
      digests,
    }
  }
  return { digests }
}

/** Rules that judged one trace twice, and not alike. */
export function verdictsDiffer(first: Run, second: Run): Divergence | undefined {
  const length = Math.max(first.invariants.length, second.invariants.length)
  const pairs = Array.from({ length }, (_, index) => [first.invariants[index], second.invariants[index]] as const)
  const differing = pairs.filter(([one, other]) => !sameVerdict(one, other))
  if (differing.length === 0) return undefined
  const invariants = differing.map(([one, other]) => (one ?? other)?.name ?? '')
  return { digests: [first.digest, second.digest], invariants }
}

type Verdict = Run['invariants'][number] | undefined

function sameVerdict(one: Verdict, other: Verdict): boolean {
  return (
    one?.name === other?.name &&
    one?.violations === other?.violations &&
    one?.first?.index === other?.first?.index &&
    one?.first?.message === other?.first?.message
  )
}

async function record(scenario: Scenario, options: SimulateOptions): Promise<readonly TraceEvent[]> {
  const recording = recorder()
  await simulate(scenario, { ...options, listeners: [recording] })
  return recording.events
}

function firstDifference(one: readonly TraceEvent[], other: readonly TraceEvent[]): number | undefined {
  const length = Math.max(one.length, other.length)
  for (let index = 0; index < length; index++) if (!sameEvent(one[index], other[index])) return index
  return undefined
}

function sameEvent(one: TraceEvent | undefined, other: TraceEvent | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return (Object.keys(one) as (keyof TraceEvent)[]).every((field) => one[field] === other[field])
}

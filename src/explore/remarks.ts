import { isRefusal } from '../protocol/index.js'
import { type Cast, contenderName, contenderOf, hex, isAnswer, requestOf, type TraceEvent } from '../trace/index.js'
import { isOwnFault } from './own-faults.js'
import type { Plan } from './plan.js'
import { type Recorded, requestKey } from './record.js'

/** What is to be said of events that they do not show by themselves. */
export interface Remarks {
  of(event: TraceEvent): string
  /** Events of which another speaks. */
  readonly causes: ReadonlySet<TraceEvent>
}

/** Looks through a run that ends with `last` for what cannot be seen in one line alone. */
export function remarksOn(
  { events, askedMs }: Pick<Recorded, 'events' | 'askedMs'>,
  { plan, last, cast }: { readonly plan: Plan; readonly last: TraceEvent | undefined; readonly cast: Cast },
): Remarks {
  const remarks = new Map<TraceEvent, string>()
  const causes = new Set<TraceEvent>()
  const written: TraceEvent[] = []
  const lateness = latenessOf(events)
  const askedBy = (event: TraceEvent) =>
    askedMs.get(requestKey(contenderName(contenderOf(event, cast), cast), event.request))
  const isTold = ({ space }: TraceEvent) => last === undefined || last.space < 0 || space === last.space
  for (const event of events) {
    const { kind, command, repeated } = event
    if (command === 'checkpoint' && !repeated && (kind === 'checkpointed' || isRefusal(event))) {
      written.push(event)
    } else if (kind === 'loaded' && !repeated && isTold(event)) {
      const { text, cause } = onLoaded(event, written, cast)
      remarks.set(event, text)
      if (cause !== undefined) causes.add(cause)
    } else {
      const late = event === last ? '' : lateness(event)
      const texts = isOwnFault(event, plan) ? ['(by the scenario)'] : [onLength(event, askedBy(event)), late]
      remarks.set(event, texts.filter((text) => text !== '').join(' '))
    }
  }
  return { of: (event) => remarks.get(event) ?? '', causes }
}

/**
 * When a request was sent that came when its node had given up waiting for it: what it does then, its node no longer thinks of.
 */
function latenessOf(events: readonly TraceEvent[]): (event: TraceEvent) => string {
  const sentMs = new Map<string, number>()
  const givenUpMs = new Map<string, number>()
  const sentAgain = new Set<string>()
  for (const event of events) {
    const times = event.kind === 'sent' ? sentMs : event.kind === 'timed-out' ? givenUpMs : undefined
    const key = requestOf(event)
    if (event.kind === 'sent' && sentMs.has(key)) sentAgain.add(key)
    if (times !== undefined && !times.has(key)) times.set(key, event.atMs)
  }
  return (event) => {
    const key = requestOf(event)
    if (!isAnswer(event) || !(event.atMs > (givenUpMs.get(key) ?? Number.POSITIVE_INFINITY))) return ''
    return `(${sentAgain.has(key) ? 'first ' : ''}sent at ${sentMs.get(key)} ms)`
  }
}

/** Who is granted less than it asked for believes in what it asked for. */
function onLength({ kind, repeated, atMs, sinceMs, untilMs }: TraceEvent, askedMs: number | undefined): string {
  if (kind !== 'granted' && kind !== 'renewed' && kind !== 'taken') return ''
  // A copy is told what the first was told, which began sooner.
  if (repeated || askedMs === undefined) return ''
  // By what time of those that it took it counts is for the core to say.
  if (untilMs - atMs <= askedMs && askedMs <= untilMs - sinceMs) return ''
  return `(${untilMs - sinceMs} ms, not the ${askedMs} asked for)`
}

/** Whether the checkpoint that was loaded is the one that was made last; if it is not, what it is. */
function onLoaded(
  { space, untilMs: seq, content }: TraceEvent,
  written: readonly TraceEvent[],
  cast: Cast,
): { readonly text: string; readonly cause?: TraceEvent } {
  const made = written.filter((event) => event.space === space && event.kind === 'checkpointed')
  const last = made.at(-1)
  const same = made.findLast((event) => event.seq === seq)
  const by = (event: TraceEvent) => `by ${contenderName(contenderOf(event, cast), cast)} at ${event.atMs} ms`
  // Of one that was answered with another number than was asked for, nobody has said what is in it.
  if (seq === 0 || same?.content === content || same?.content === 0) {
    const isLast = last === undefined || last.seq <= seq
    return { text: isLast ? '' : `the last one, made ${by(last)}, is at ${last.seq}` }
  }
  const expected =
    same === undefined ? `none was made at ${seq}` : `it was made ${by(same)} with state ${hex(same.content)}`
  const cause = written.findLast((event) => event.content === content)
  if (cause === undefined) return { text: `${expected}; nobody wrote state ${hex(content)}` }
  const what =
    cause.kind !== 'checkpointed'
      ? `that was refused (${cause.kind})`
      : cause.space === space
        ? `at ${cause.seq}`
        : `of ${cast.spaces[cause.space]}`
  return { text: `${expected}; state ${hex(content)} is the one ${what}, ${by(cause)}`, cause }
}

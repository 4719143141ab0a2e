import { type Cast, contenderOf, isAnswer, isSameRequest, requestOf, type TraceEvent } from '../trace/index.js'

/** A refusal may have written what it had read before: more of them than this explain nothing. */
const MOST_OVERTAKEN = 2

/**
 * The last answers in `past` that nobody tells of, of commands in whose course something was told of others: who is refused in the
 * end may have done harm before, by what it had read when that was not so yet.
 */
export function overtaken(
  past: readonly TraceEvent[],
  isTold: (event: TraceEvent) => boolean,
  space: number | undefined,
  cast: Cast,
): ReadonlySet<TraceEvent> {
  const begun = new Map<string, number>()
  const found: TraceEvent[] = []
  for (const event of past) {
    if (event.space !== space) continue
    if (event.kind === 'stepped' && event.seq === 1) begun.set(requestOf(event), event.index)
    const from = begun.get(requestOf(event))
    if (!isAnswer(event) || from === undefined) continue
    begun.delete(requestOf(event))
    if (isTold(event)) continue
    const meanwhile = past.slice(from + 1, event.index).filter((other) => isAnswer(other) && isTold(other))
    if (meanwhile.some((other) => contenderOf(other, cast) !== contenderOf(event, cast))) found.push(event)
  }
  return new Set(found.slice(-MOST_OVERTAKEN))
}

/**
 * Of a command that takes steps, those are told after which something else happened before it went on. Of one whose answer is
 * not told, none are.
 */
export function withoutPromptSteps(told: readonly TraceEvent[], past: readonly TraceEvent[]): readonly TraceEvent[] {
  const answered = new Set(past.filter(isAnswer).map(requestOf))
  const toldAnswers = new Set(told.filter(isAnswer).map(requestOf))
  const isOpen = (request: string) => toldAnswers.has(request) || !answered.has(request)
  const kept = told.filter((event) => event.kind !== 'stepped' || isOpen(requestOf(event)))
  return kept.filter((event, at) => event.kind !== 'stepped' || !isSameRequest(event, kept[at + 1]))
}

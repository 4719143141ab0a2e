import type { StateFold } from '../src/invariants/index.js'
import type { Suspended } from '../src/kernel/index.js'
import type { Contender, Outcome } from '../src/scenario/index.js'
import { digestContent } from '../src/trace/index.js'

/** How a successor replays a log. */
export interface Replaying {
  readonly state: StateFold
  readonly eventsPerPage: number
  /** What it takes to apply one page; no time at all when undefined. */
  readonly msPerPage?: number
  /** Sends a request, and again while it is not answered. */
  ask(request: Suspended): Suspended
}

/** Loads the latest checkpoint and applies what came after it, page by page. Undefined when it does not get that. */
export function* replay(
  node: Contender,
  space: string,
  { state, eventsPerPage, msPerPage, ask }: Replaying,
): Generator<Suspended, { value: number; nextSeq: number } | undefined, Outcome> {
  const loaded = yield ask(node.load(space))
  if (loaded.kind !== 'loaded') return undefined
  let value = loaded.checkpoint === undefined ? state.initial : Number(loaded.checkpoint.state)
  let nextSeq = loaded.checkpoint?.nextSeq ?? 0
  while (nextSeq < loaded.nextSeq) {
    const page = yield ask(node.read(space, nextSeq, eventsPerPage))
    if (page.kind !== 'events' || page.events.length === 0) return undefined
    if (msPerPage !== undefined) yield node.sleep(msPerPage)
    for (const { type, payload } of page.events) value = state.next(value, digestContent(type, payload))
    nextSeq += page.events.length
  }
  return { value, nextSeq }
}

import type { Events, LogEvent } from '../log/index.js'
import type { Core } from './core.js'

/** Large enough that the way to the store does not count, small enough that a page is no burden. */
const PAGE = 1_000

interface ReadOptions {
  readonly fromSeq?: number
  readonly nowMs?: number
}

/**
 * The events of a space's log from `fromSeq` on, up to the head, page by page: memory does not grow with the log. Events
 * that are appended meanwhile are read as well.
 *
 * @throws RangeError when the events have been truncated: a checkpoint covers them; or when one is missing that was appended
 */
export async function* readLog(core: Core, space: string, options: ReadOptions = {}): AsyncGenerator<LogEvent, number> {
  let seq = options.fromSeq ?? 0
  let head = seq
  for await (const { events, nextSeq } of readPages(core, space, options)) {
    for (const event of events) {
      if (event.seq !== seq) throw new RangeError(`${space}: seq ${event.seq} where ${seq} was expected`)
      seq += 1
      yield event
    }
    head = nextSeq
  }
  if (seq < head) throw new RangeError(`${space}: the log ends before seq ${seq}, its head is at seq ${head}`)
  return head
}

/** The pages themselves, each with where the head is: as the store gives them, for who is to judge that. */
export async function* readPages(
  core: Core,
  space: string,
  { fromSeq = 0, nowMs = 0 }: ReadOptions = {},
): AsyncGenerator<Events> {
  for (let seq = fromSeq, request = 1; ; request++) {
    const read = { kind: 'read', space, fromSeq: seq, limit: PAGE, session: 'replay', request } as const
    const page = await core.execute(read, nowMs)
    if (page.kind === 'compacted') {
      throw new RangeError(
        `${space}: the events before seq ${page.firstSeq} are truncated; load the checkpoint and read from there`,
      )
    }
    if (page.kind !== 'events') throw new TypeError(`reading the log of ${space}: ${page.kind}`)
    yield page
    seq += page.events.length
    if (seq >= page.nextSeq || page.events.length === 0) return
  }
}

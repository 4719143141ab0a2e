import type { LogEvent } from '../log/index.js'
import type { Core } from './core.js'

/** Large enough that the way to the store does not count, small enough that a page is no burden. */
const PAGE = 1_000

/**
 * The events of a space's log from `fromSeq` on, up to the head, page by page: memory does not grow with the log. Events
 * that are appended meanwhile are read as well.
 *
 * @throws RangeError when the events have been truncated: a checkpoint covers them
 */
export async function* readLog(
  core: Core,
  space: string,
  { fromSeq = 0, nowMs = 0 }: { readonly fromSeq?: number; readonly nowMs?: number } = {},
): AsyncGenerator<LogEvent, number> {
  let seq = fromSeq
  for (let request = 1; ; request++) {
    const reply = await core.execute(
      { kind: 'read', space, fromSeq: seq, limit: PAGE, session: 'replay', request },
      nowMs,
    )
    if (reply.kind === 'compacted') {
      throw new RangeError(
        `${space}: the events before seq ${reply.firstSeq} are truncated; load the checkpoint and read from there`,
      )
    }
    if (reply.kind !== 'events') throw new TypeError(`reading the log of ${space}: ${reply.kind}`)
    for (const event of reply.events) {
      if (event.seq !== seq) throw new RangeError(`${space}: seq ${event.seq} where ${seq} was expected`)
      seq += 1
      yield event
    }
    if (seq >= reply.nextSeq || reply.events.length === 0) return reply.nextSeq
  }
}

import { isRefusal } from '../protocol/index.js'
import { type Cast, describeEvent, isSameRequest, type TraceEvent } from '../trace/index.js'
import type { Remarks } from './remarks.js'

interface Line {
  readonly event: TraceEvent
  readonly count: number
}

/** How many lines back the same is looked for: as many may wait in turn, and a run that does not end is still told at once. */
const REACH = 16

/** Wider than most terminals: what is longer breaks where nobody wants it. */
const WIDTH = 130

/** One line an event; what happens again, and brings nothing new, is told once: by its last time. `last` stands alone. */
export function storyLines(
  events: readonly TraceEvent[],
  last: TraceEvent | undefined,
  cast: Cast,
  remarks: Remarks,
): readonly string[] {
  const lines: Line[] = []
  const isSame = (before: TraceEvent, next: TraceEvent) =>
    remarks.of(before) === remarks.of(next) && isSameAgain(before, next, cast)
  for (const event of events) {
    const place = event === last ? -1 : placeOfSame(lines, event, last, isSame)
    const [before] = place < 0 ? [] : lines.splice(place, 1)
    lines.push({ event, count: (before?.count ?? 0) + 1 })
  }
  return lines.flatMap(({ event, count }) => {
    const times = count > 1 ? `  (${count} times, this the last)` : ''
    const line = `${String(event.atMs).padStart(6)} ms  ${describeEvent(event, cast)}${times}`
    const remark = remarks.of(event)
    if (remark === '') return [line]
    return line.length + remark.length < WIDTH ? [`${line}  ${remark}`] : [line, `${' '.repeat(11)}${remark}`]
  })
}

/** Where the same was told before; -1 where it was not, or where something has changed since. */
function placeOfSame(
  lines: readonly Line[],
  event: TraceEvent,
  last: TraceEvent | undefined,
  isSame: (before: TraceEvent, next: TraceEvent) => boolean,
): number {
  for (let place = lines.length - 1; place >= Math.max(0, lines.length - REACH); place--) {
    const { event: before } = lines[place] as Line
    if (isSameRequest(before, last) === isSameRequest(event, last) && isSame(before, event)) return place
    // Of several who wait in turn, each has a line.
    if (!changesNothing(before) || !changesNothing(event)) return -1
  }
  return -1
}

const changesNothing = ({ kind }: TraceEvent): boolean =>
  kind === 'timed-out' || kind === 'threw' || isRefusal({ kind })

/**
 * Whether nothing is lost when `next` is told instead of `before`: a copy that was answered as the request was, or one
 * more of what comes in rows. A grant at another epoch is another grant, and a log that does not grow by one is a fork or
 * a gap.
 */
function isSameAgain(before: TraceEvent, next: TraceEvent, cast: Cast): boolean {
  if (next.command === 'none' || next.kind !== before.kind || next.command !== before.command) return false
  if (textWithoutRepeat(before, cast) === textWithoutRepeat(next, cast)) return true
  if (next.node !== before.node || next.task !== before.task || next.space !== before.space) return false
  if (next.epoch !== before.epoch || next.peer !== before.peer || next.repeated !== before.repeated) return false
  switch (next.kind) {
    case 'sent':
    case 'timed-out':
    case 'threw':
    case 'renewed':
    case 'valid':
      return true
    case 'appended':
      return next.seq === before.seq + 1
    default:
      return isRefusal(next)
  }
}

const textWithoutRepeat = (event: TraceEvent, cast: Cast): string => describeEvent({ ...event, repeated: false }, cast)

import { ByContender, type Cast, contenderName, contenderOf, type TraceEvent } from '../trace/index.js'
import type { Recorded } from './record.js'

/** No run has so many requests of one contender at one instant that is not caught in it. */
const MANY = 100

/** Who asks again and again while no time passes, in words; undefined where time goes on. */
export function standstillOf({ events, retries }: Recorded, cast: Cast): string | undefined {
  const last = events.at(-1)
  if (last === undefined) return undefined
  const sent = new ByContender<TraceEvent[]>(cast)
  for (let at = events.length - 1; at >= 0 && events[at]?.atMs === last.atMs; at--) {
    const event = events[at] as TraceEvent
    if (event.kind !== 'sent') continue
    const contender = contenderOf(event, cast)
    const before = sent.get(contender)
    if (before === undefined) sent.set(contender, [event])
    else before.push(event)
  }
  const [busiest] = [...sent.entries()].sort(([, one], [, other]) => other.length - one.length)
  if (busiest === undefined || busiest[1].length < MANY) return undefined
  const [contender, requests] = busiest
  const commands = [...new Set(requests.map(({ command }) => command))].sort().join(' and ')
  const policy = retries < requests.length / 2 ? '' : '; client.retryAfterMs has it wait for 0 ms each time'
  return `time stands still at ${last.atMs} ms: ${contenderName(contender, cast)} sends ${commands} ${requests.length} times${policy}`
}

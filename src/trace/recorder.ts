import type { TraceEvent } from './event.js'
import type { Listener } from './observer.js'

export interface Recorder extends Listener {
  readonly events: readonly TraceEvent[]
}

/** Keeps every event of a run. For replaying and for finding where two runs part; nothing else needs it. */
export function recorder(): Recorder {
  const events: TraceEvent[] = []
  return { events, observe: (event) => void events.push({ ...event }) }
}

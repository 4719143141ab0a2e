import { copyEvent, type TraceEvent } from './event.js'

/** Keeps every event of a run. For replaying and for finding where two runs part; nothing else needs it. */
export class Recorder {
  readonly events: TraceEvent[] = []
  readonly kinds = undefined

  observe(event: TraceEvent): void {
    this.events.push(copyEvent(event))
  }
}

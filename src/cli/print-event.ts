import { type Cast, describeEvent, type TraceEvent } from '../trace/index.js'
import type { Io } from './io.js'

/** Prints one event of a trace: a line in words, or as JSON. */
export function printEvent({ stdout }: Io, event: TraceEvent, cast: Cast, json: boolean | undefined): void {
  const text = describeEvent(event, cast)
  if (json) stdout.write(`${JSON.stringify({ ...event, text })}\n`)
  else stdout.write(`${String(event.index).padStart(8)} ${String(event.atMs).padStart(8)} ms  ${text}\n`)
}

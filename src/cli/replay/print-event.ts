import { InputError } from '../../input/index.js'
import { type Cast, describeEvent, type Listener, type TraceEvent } from '../../trace/index.js'
import { type ReplayOptions, wholeNumber } from '../options/options.js'
import type { Io } from '../terminal/io.js'

/** The run whose events are printed. */
export interface Printed {
  readonly cast: Cast
  readonly durationMs: number
  /** Which clocks are off when it begins, asked at its first event: what the scenario does wrong there ends the run before. */
  readonly clocks: () => string
}

/** Prints the events of a trace that are wanted: each a line in words, or as JSON. In words, the clocks come first. */
export function printing({ stdout }: Io, { cast, durationMs, clocks }: Printed, options: ReplayOptions): Listener {
  const wanted = filterOf(options, cast.nodes, cast.spaces, durationMs)
  let begun = false
  const begin = () => {
    begun = true
    const off = options.json ? '' : clocks()
    if (off !== '') stdout.write(`${'clocks'.padStart(8)}${' '.repeat(14)}${off}\n`)
  }
  return {
    observe(event) {
      if (!begun) begin()
      if (!wanted(event)) return
      const text = describeEvent(event, cast)
      if (options.json) stdout.write(`${JSON.stringify({ ...event, text })}\n`)
      else stdout.write(`${String(event.index).padStart(8)} ${String(event.atMs).padStart(8)} ms  ${text}\n`)
    },
  }
}

/** Which events `--node`, `--space`, `--from` and `--to` let through. */
function filterOf(
  { node, space, from, to }: ReplayOptions,
  nodes: readonly string[],
  spaces: readonly string[],
  durationMs: number,
): (event: TraceEvent) => boolean {
  const nodeIndex = indexOf('--node', node, nodes)
  const spaceIndex = indexOf('--space', space, spaces)
  const fromMs = from === undefined ? 0 : wholeNumber('--from', from, 0, durationMs)
  const toMs = to === undefined ? durationMs : wholeNumber('--to', to, fromMs, durationMs)
  return (event) =>
    (nodeIndex === undefined || event.node === nodeIndex) &&
    (spaceIndex === undefined || event.space === spaceIndex) &&
    event.atMs >= fromMs &&
    event.atMs <= toMs
}

function indexOf(option: string, name: string | undefined, names: readonly string[]): number | undefined {
  if (name === undefined) return undefined
  const index = names.indexOf(name)
  if (index >= 0) return index
  throw new InputError({ what: `${option} cannot be used`, found: name, expected: `${names[0]} to ${names.at(-1)}` })
}

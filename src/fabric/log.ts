import { type Comparison, type Configuration, type Evidence, type Marker, patterns, type Verdict } from './evidence.js'
import type { ScenarioId } from './names.js'
import { comparisonSchema, configurationSchema, markerSchema, readAs, verdictSchema } from './schema.js'

interface Reading {
  configuration: Configuration | undefined
  comparison: readonly Comparison[] | undefined
  readonly verdicts: Verdict[]
  readonly markers: Marker[]
  readonly damage: string[]
}

/** What a CI puts before each line: a time. */
const STAMP = /^\d{4}-\d\d-\d\dT[\d:.]+Z /

/** Reads evidence back out of a log that may hold anything else as well. */
export function parseLog(text: string): Evidence {
  const reading: Reading = { configuration: undefined, comparison: undefined, verdicts: [], markers: [], damage: [] }
  let open: { readonly name: string; readonly lines: string[] } | undefined
  for (const stamped of text.split(/\r?\n/)) {
    const line = stamped.replace(STAMP, '')
    const begun = patterns.begin.exec(line)?.[1]
    const ended = patterns.end.exec(line)?.[1]
    if (begun !== undefined) {
      if (open !== undefined) reading.damage.push(`block ${open.name} does not end`)
      open = { name: begun, lines: [] }
    } else if (ended !== undefined) {
      if (open?.name === ended) readBlock(open.name, open.lines.join('\n'), reading)
      else reading.damage.push(`block ${ended} does not begin`)
      open = undefined
    } else if (open !== undefined) open.lines.push(line)
    else readMarker(line, reading)
  }
  if (open !== undefined) reading.damage.push(`block ${open.name} does not end`)
  return reading
}

function readBlock(name: string, text: string, reading: Reading): void {
  if (name === 'configuration') {
    if (reading.configuration !== undefined) reading.damage.push('there is more than one run configuration')
    reading.configuration = noted(name, reading, readAs(configurationSchema, text))
    return
  }
  if (name === 'comparison') {
    if (reading.comparison !== undefined) reading.damage.push('there is more than one comparison')
    reading.comparison = noted(name, reading, readAs(comparisonSchema, text))
    return
  }
  const verdict = noted(name, reading, readAs(verdictSchema, text))
  if (verdict === undefined) return
  if (verdict.scenario !== name) reading.damage.push(`block ${name} is of ${verdict.scenario}`)
  reading.verdicts.push(verdict)
}

function readMarker(line: string, reading: Reading): void {
  const [, scenario, event, text] = patterns.marker.exec(line) ?? []
  if (scenario === undefined || event === undefined || text === undefined) return
  const details = noted(`marker ${event}`, reading, readAs(markerSchema, text))
  if (details !== undefined) reading.markers.push({ scenario: scenario as ScenarioId, event, details })
}

/** What was read; undefined, and a damage noted, when it could not be. */
function noted<T>(
  name: string,
  { damage }: Reading,
  read: { readonly value: T } | { readonly problem: string },
): T | undefined {
  if ('value' in read) return read.value
  damage.push(`${name}: ${read.problem}`)
  return undefined
}

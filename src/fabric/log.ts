import { repeatedKey } from '../input/index.js'
import { type Evidence, type Marker, patterns, sortedJson, type Verdict } from './evidence.js'
import { type ScenarioId, scenarioIds } from './names.js'
import { markerSchema, type OnlyBlocks, onlyBlockNames, onlyBlocks, readAs, verdictSchema } from './schema.js'

interface Reading {
  readonly only: { [Name in keyof OnlyBlocks]: OnlyBlocks[Name] | undefined }
  readonly verdicts: Verdict[]
  readonly markers: Marker[]
  readonly damage: string[]
}

/** What a CI puts before each line: a time. */
const STAMP = /^\d{4}-\d\d-\d\dT[\d:.]+Z /

/** Reads evidence back: out of a log that may hold anything else as well, or out of what `--json` has printed. */
export function parseLog(text: string): Evidence {
  const json = objectOf(text)
  if (json === undefined) {
    const { only, ...rest } = parseLines(text)
    return { ...only, ...rest }
  }
  const { only, damage, ...rest } = parseJson(json)
  // Of two alike only the last was read.
  const again = repeatedKey(text)
  return { ...only, ...rest, damage: again === undefined ? damage : [...damage, `${again.key} stands there twice`] }
}

const empty = (): Reading => ({
  only: { configuration: undefined, fabric: undefined, comparison: undefined, seal: undefined },
  ...{ verdicts: [], markers: [], damage: [] },
})

/** The object that the whole text is; undefined when it is anything else, as a log is. */
function objectOf(text: string): { readonly [name: string]: unknown } | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Each part is read as its block in a log would be. What says how it was judged is not believed: it is judged again. */
function parseJson(json: { readonly [name: string]: unknown }): Reading {
  const reading = empty()
  for (const name of onlyBlockNames) {
    if (json[name] !== undefined) readBlock(name, JSON.stringify(json[name]), reading)
  }
  for (const verdict of listOf(json['verdicts'])) {
    const named = typeof verdict === 'object' && verdict !== null ? Reflect.get(verdict, 'scenario') : undefined
    readBlock(String(named), JSON.stringify(verdict), reading)
  }
  for (const marker of listOf(json['markers'])) {
    const { scenario, event, details } = Object(marker) as Record<string, unknown>
    const known = scenarioIds.find((id) => id === scenario)
    if (known === undefined || typeof event !== 'string')
      reading.damage.push('marker: it is of no scenario, or of no event')
    else keepMarker(known, event, JSON.stringify(details ?? null), reading)
  }
  const damage = listOf(json['damage']).filter((what) => typeof what === 'string')
  return { ...reading, damage: [...damage, ...reading.damage] }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function parseLines(text: string): Reading {
  const reading = empty()
  let open: { readonly name: string; readonly lines: string[] } | undefined
  for (const stamped of text.split(/\r?\n/)) {
    const line = stamped.replace(STAMP, '')
    const begun = patterns.begin.exec(line)?.[1]
    const ended = patterns.end.exec(line)?.[1]
    if (begun !== undefined) {
      if (open !== undefined) reading.damage.push(`block ${open.name} does not end`)
      open = { name: begun, lines: [] }
    } else if (ended !== undefined) {
      if (open?.name === ended) readPrinted(open.name, open.lines.join('\n'), reading)
      else reading.damage.push(`block ${ended} does not begin`)
      open = undefined
    } else if (open !== undefined) open.lines.push(line)
    else readMarker(line, reading)
  }
  if (open !== undefined) reading.damage.push(`block ${open.name} does not end`)
  return reading
}

/** A block stands there as it is printed: with its names in order, and each once. Of two alike only the last would be read. */
function readPrinted(name: string, text: string, reading: Reading): void {
  readBlock(name, text, reading)
  if (isWrittenAnew(text, 2)) reading.damage.push(`block ${name} was written anew`)
}

/** Whether it is JSON, but not as it is printed. */
function isWrittenAnew(text: string, indent?: number): boolean {
  try {
    return sortedJson(JSON.parse(text), indent) !== text
  } catch {
    return false
  }
}

function readBlock(name: string, text: string, reading: Reading): void {
  const only = onlyBlockNames.find((known) => known === name)
  if (only !== undefined) {
    readOnly(only, text, reading)
    return
  }
  const verdict = noted(name, reading, readAs(verdictSchema, text))
  if (verdict === undefined) return
  if (verdict.scenario !== name) reading.damage.push(`block ${name} is of ${verdict.scenario}`)
  reading.verdicts.push(verdict)
}

function readOnly<Name extends keyof OnlyBlocks>(name: Name, text: string, reading: Reading): void {
  const { schema, called } = onlyBlocks[name]
  if (reading.only[name] !== undefined) reading.damage.push(`there is more than one ${called}`)
  reading.only[name] = noted(name, reading, readAs(schema, text))
}

function readMarker(line: string, reading: Reading): void {
  const [, scenario, event, text] = patterns.marker.exec(line) ?? []
  if (scenario === undefined || event === undefined || text === undefined) return
  keepMarker(scenario as ScenarioId, event, text, reading)
  if (isWrittenAnew(text)) reading.damage.push(`marker ${event} was written anew`)
}

function keepMarker(scenario: ScenarioId, event: string, text: string, reading: Reading): void {
  const details = noted(`marker ${event}`, reading, readAs(markerSchema, text))
  if (details !== undefined) reading.markers.push({ scenario, event, details })
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

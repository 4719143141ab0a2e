import type { ScenarioId } from './names.js'
import type { Comparison, Configuration, Fabric, Seal, Verdict } from './schema.js'

export type { Comparison, Configuration, Fabric, Seal, Verdict } from './schema.js'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Something that has happened in a scenario. */
export interface Marker {
  readonly scenario: ScenarioId
  readonly event: string
  readonly details: { readonly [name: string]: Json }
}

/** All that a run has to show. */
export interface Evidence extends Unsealed {
  /** Over all of it, at its end: shows that it was cut off or changed since, unless somebody has sealed it anew. */
  readonly seal: Seal | undefined
}

export interface Unsealed {
  readonly configuration: Configuration | undefined
  readonly verdicts: readonly Verdict[]
  readonly fabric: Fabric | undefined
  readonly comparison: readonly Comparison[] | undefined
  readonly markers: readonly Marker[]
  /** What cannot be read of it: none in a run of our own. */
  readonly damage: readonly string[]
}

/** JSON with sorted keys: equal values are equal texts. */
export function sortedJson(value: unknown, indent?: number): string {
  const sort = (_key: string, at: unknown): unknown =>
    typeof at === 'object' && at !== null && !Array.isArray(at)
      ? Object.fromEntries(Object.entries(at).sort(([a], [b]) => (a < b ? -1 : 1)))
      : at
  return JSON.stringify(value, sort, indent)
}

const MARKER = '::contention::'
const edge = (which: 'BEGIN' | 'END', name: string): string => `-----${which} CONTENTION EVIDENCE ${name}-----`

export const markerLine = ({ scenario, event, details }: Marker): string =>
  `${MARKER} ${scenario} ${event} ${sortedJson(details)}`

/** A block of evidence between its begin and its end line. */
export const block = (name: string, value: unknown): string =>
  [edge('BEGIN', name), sortedJson(value, 2), edge('END', name)].join('\n')

/** All lines of a run's evidence, in an order in which a run may print them. */
export function printEvidence({
  configuration,
  verdicts,
  fabric,
  comparison,
  markers,
  seal,
}: Omit<Evidence, 'damage'>): string {
  return [
    ...(configuration === undefined ? [] : [block('configuration', configuration)]),
    ...markers.map(markerLine),
    ...verdicts.map((verdict) => block(verdict.scenario, verdict)),
    ...(fabric === undefined ? [] : [block('fabric', fabric)]),
    ...(comparison === undefined ? [] : [block('comparison', comparison)]),
    ...(seal === undefined ? [] : [block('seal', seal)]),
    '',
  ].join('\n')
}

export const patterns = {
  marker: /::contention:: (S[1-6]) ([a-z-]+) (\{.*\})\s*$/,
  begin: /-----BEGIN CONTENTION EVIDENCE (\w+)-----/,
  end: /-----END CONTENTION EVIDENCE (\w+)-----/,
}

/** How often each thing has happened in a scenario. */
export function markerCounts(markers: readonly Marker[], scenario: ScenarioId): { [event: string]: number } {
  const counts: { [event: string]: number } = {}
  for (const marker of markers) {
    if (marker.scenario === scenario) counts[marker.event] = (counts[marker.event] ?? 0) + 1
  }
  return counts
}

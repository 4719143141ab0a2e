import { type Evidence, sortedJson } from './evidence.js'
import { gatesOf } from './gates.js'

/** What two runs of the same thing may differ in: processes, times, and how a server of its own is reached. */
const VOLATILE = new Set([
  ...['pid', 'run_id', 'sha256', 'seen_by'],
  ...['longest_wait_ms', 'wait_ms', 'watched_ms', 'completed_beside_runaway'],
])

/** Evidence and gates without what belongs to one run alone: byte for byte the same for two runs of the same thing. */
export function canonical(evidence: Evidence): string {
  const { configuration, fabric, comparison } = evidence
  const verdicts = [...evidence.verdicts].sort((a, b) => (a.scenario < b.scenario ? -1 : 1))
  const whole = sortedJson(lasting({ configuration, fabric, comparison, verdicts, gates: gatesOf(evidence) }), 2)
  // Messages name roles and schemas.
  return `${configuration === undefined ? whole : whole.replaceAll(configuration.run_id, '<run>')}\n`
}

function lasting(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lasting)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !VOLATILE.has(name))
      .map(([name, inner]) => [name, lasting(inner)]),
  )
}

import { createHash } from 'node:crypto'
import type { InvariantResult } from '../invariants/index.js'
import { checkMetrics, type Metrics, metricNames } from '../metrics/index.js'

/** SHA-256 of a value's JSON. For values whose fields always come in one order. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}

/**
 * Digest of the eleven metrics, whatever the order of the fields in the object.
 * @throws TypeError for what lacks one of them
 */
export function metricsSignature(metrics: Metrics): string {
  checkMetrics(metrics)
  return digestOf(metricNames.map((name) => [name, metrics[name]]))
}

/** What a scenario's signature covers. */
export interface Behaviour {
  readonly scenario: string
  readonly seed: number
  readonly parameters: { readonly [name: string]: number }
  readonly trace: string
  readonly events: number
  readonly metrics: Metrics
  readonly invariants: readonly InvariantResult[]
}

/** Digest of all that a scenario did: the trace first of all, and what was made of it. */
export function behaviourSignature(behaviour: Behaviour): string {
  const { scenario, seed, parameters, trace, events, metrics, invariants } = behaviour
  return digestOf([
    scenario,
    seed,
    Object.keys(parameters)
      .sort()
      .map((name) => [name, parameters[name]]),
    trace,
    events,
    metricsSignature(metrics),
    invariants.map(({ name, violations }) => [name, violations]),
  ])
}

/**
 * Digest of the signatures of all scenarios of a report, by name: it does not depend on the order they ran in.
 * @throws TypeError for what is no report
 */
export function reportSignature(report: {
  readonly outcomes: readonly { readonly scenario: string; readonly signature: string }[]
}): string {
  checkOutcomes(report)
  const pairs = report.outcomes.map(({ scenario, signature }) => [scenario, signature] as const)
  return digestOf([...pairs].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** @throws TypeError for what has no list of outcomes */
export function checkOutcomes(report: { readonly outcomes: readonly unknown[] }): void {
  if (!Array.isArray(report?.outcomes)) throw new TypeError('what is no report: expected what runMatrix returns')
}

/** A signature as people compare it: 48 bits are plenty for the eye. */
export function shortSignature(signature: string): string {
  return signature.slice(0, 12)
}

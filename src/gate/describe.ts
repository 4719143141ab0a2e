import { shortSignature } from '../report/index.js'
import type { Change, Drift } from './compare.js'

/** A drift in words: what it is, and then what in particular. */
export interface DriftText {
  readonly scenario: string | undefined
  readonly headline: string
  readonly details: readonly string[]
}

export function describeDrift(drift: Drift): DriftText {
  switch (drift.kind) {
    case 'seed':
      return {
        scenario: undefined,
        headline: `the snapshot is of seed ${drift.before}, this run of seed ${drift.now}`,
        details: [],
      }
    case 'missing':
      return { scenario: drift.scenario, headline: 'not in the snapshot', details: [] }
    case 'obsolete':
      return {
        scenario: drift.scenario,
        headline: 'in the snapshot, but there is no such scenario any more',
        details: [],
      }
    case 'changed': {
      const { signatures, events, parameters, metrics, budgets } = drift
      const same = metrics.length === 0
      return {
        scenario: drift.scenario,
        headline: same
          ? `metrics are equal, but the traces differ: ${shortSignature(signatures[0])} → ${shortSignature(signatures[1])}, ${events[0]} → ${events[1]} events`
          : `changed: ${shortSignature(signatures[0])} → ${shortSignature(signatures[1])}, ${events[0]} → ${events[1]} events`,
        details: [
          ...parameters.map((change) => `parameter ${described(change)}`),
          ...metrics.map(described),
          ...budgets.map(({ metric, max, headroomBefore, headroom, broken }) =>
            broken
              ? `budget broken: ${metric} is ${-headroom} above its limit ${max}`
              : `budget nearer: ${metric} has ${headroom} left of its limit ${max}, it had ${headroomBefore}`,
          ),
        ],
      }
    }
  }
}

function described({ name, from, to }: Change): string {
  const difference = from === undefined || to === undefined ? '' : ` (${to > from ? '+' : ''}${to - from})`
  return `${name} ${from ?? 'absent'} → ${to ?? 'absent'}${difference}`
}

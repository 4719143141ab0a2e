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
    case 'budgets':
      return {
        scenario: undefined,
        headline: `the snapshot is of budgets v${drift.before}, this run of budgets v${drift.now}`,
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
    case 'lacking':
      return {
        scenario: drift.scenario,
        headline: `in the snapshot, but the subject no longer has ${drift.lacks.join(', ')}`,
        details: [],
      }
    case 'changed': {
      const { parameters, metrics, limits, invariants, budgets } = drift
      return {
        scenario: drift.scenario,
        headline: headlineOf(drift),
        details: [
          ...parameters.map((change) => `parameter ${described(change)}`),
          ...metrics.map(described),
          ...limits.map((change) => `limit ${described(change)}`),
          ...invariantChanges(invariants),
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

type Changed = Extract<Drift, { readonly kind: 'changed' }>

function headlineOf(changed: Changed): string {
  const { signatures, events } = changed
  if (signatures[0] === signatures[1]) return 'behaves as in the snapshot, but its limits are others'
  const what = onlyTracesDiffer(changed) ? 'metrics are equal, but the traces differ' : 'changed'
  return `${what}: ${shortSignature(signatures[0])} → ${shortSignature(signatures[1])}, ${events[0]} → ${events[1]} events`
}

/** A signature covers parameters and verdicts as well: where these differ, equal metrics may be those of one trace. */
function onlyTracesDiffer({ parameters, metrics, invariants, events }: Changed): boolean {
  const { before, now, broken } = invariants
  const judgedAlike = broken.length === 0 && before.join() === now.join()
  return metrics.length === 0 && (events[0] !== events[1] || (parameters.length === 0 && judgedAlike))
}

function invariantChanges({ before, now }: Changed['invariants']): readonly string[] {
  const gone = before.filter((name) => !now.includes(name))
  const added = now.filter((name) => !before.includes(name))
  if (gone.length + added.length === 0) return before.join() === now.join() ? [] : ['invariants in another order']
  return [
    ...(gone.length === 0 ? [] : [`invariants gone: ${gone.join(', ')}`]),
    ...(added.length === 0 ? [] : [`invariants new: ${added.join(', ')}`]),
  ]
}

function described({ name, from, to }: Change): string {
  const difference = from === undefined || to === undefined ? '' : ` (${to > from ? '+' : ''}${to - from})`
  return `${name} ${from ?? 'absent'} → ${to ?? 'absent'}${difference}`
}

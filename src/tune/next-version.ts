import { type Budget, type Budgets, type Derivation, limitNames, type Raise } from '../budget/index.js'
import { budgetOf, type LimitProposal } from './propose.js'

export interface TunedScenario {
  readonly scenario: string
  readonly proposals: readonly LimitProposal[]
}

/** What became of a wish for new budgets. */
export type NextVersion =
  | { readonly kind: 'next'; readonly budgets: Budgets }
  /** The proposals are the limits there are already. */
  | { readonly kind: 'unchanged' }
  /** These limits would be raised, and nobody said why. */
  | { readonly kind: 'reason-needed'; readonly raised: readonly Omit<Raise, 'reason'>[] }

/**
 * The budgets that follow `current`: the proposals for what was tuned, the rest as it was. A limit is lowered freely; it
 * is raised only for a reason, which goes into the file.
 * @param version the number of the new version
 */
export function nextVersion(
  current: Budgets | undefined,
  version: number,
  tuned: readonly TunedScenario[],
  evidence: Omit<Derivation, 'evidence' | 'percentile'>,
  reason: string | undefined,
): NextVersion {
  const proposed = Object.fromEntries(tuned.map(({ scenario, proposals }) => [scenario, budgetOf(proposals)]))
  const scenarios: Record<string, Budget> = { ...current?.scenarios, ...proposed }
  const raised = tuned.flatMap(({ scenario }) => raises(scenario, current?.scenarios[scenario], scenarios[scenario]))
  if (raised.length > 0 && reason === undefined) return { kind: 'reason-needed', raised }
  if (current !== undefined && tuned.every(({ scenario }) => same(current.scenarios[scenario], scenarios[scenario]))) {
    return { kind: 'unchanged' }
  }
  const measured = tuned.map(({ scenario, proposals }) => [
    scenario,
    Object.fromEntries(proposals.map(({ limit, spread }) => [limit, spread])),
  ])
  return {
    kind: 'next',
    budgets: {
      version,
      derivedFrom: {
        ...evidence,
        percentile: 'max',
        evidence: Object.fromEntries(measured) as Derivation['evidence'],
      },
      ...(raised.length === 0 || reason === undefined ? {} : { raised: raised.map((each) => ({ ...each, reason })) }),
      scenarios,
    },
  }
}

function raises(scenario: string, from: Budget | undefined, to: Budget | undefined): readonly Omit<Raise, 'reason'>[] {
  if (from === undefined || to === undefined) return []
  return limitNames
    .filter((limit) => to[limit] > from[limit])
    .map((limit) => ({ scenario, limit, from: from[limit], to: to[limit] }))
}

function same(one: Budget | undefined, other: Budget | undefined): boolean {
  return limitNames.every((limit) => one?.[limit] === other?.[limit])
}

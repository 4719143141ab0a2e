import {
  type Budget,
  type Budgets,
  budgetFor,
  type Derivation,
  type LimitName,
  limitNames,
  type Raise,
  type Spread,
} from '../budget/index.js'
import { budgetOf, type TunedScenario } from './propose.js'

/** A limit that the next version has otherwise than the one before. */
export type LimitChange = Omit<Raise, 'reason'>

/** What became of a wish for new budgets. */
export type NextVersion =
  | {
      readonly kind: 'next'
      readonly budgets: Budgets
      readonly changes: readonly LimitChange[]
      /** How many limits there are of scenarios that had none. */
      readonly added: number
    }
  /** The proposals are the limits there are already. */
  | { readonly kind: 'unchanged' }
  /** These limits would be raised, and nobody said why. */
  | { readonly kind: 'reason-needed'; readonly raised: readonly LimitChange[] }

/** The version that a new one follows. */
export interface Predecessor {
  /** 0 when there is no file yet: `scenarios` then counts from elsewhere, or is empty. */
  readonly version: number
  readonly scenarios: Budgets['scenarios']
  readonly derivedFrom?: Budgets['derivedFrom']
}

/** How all that was tuned was measured. */
type How = Pick<Derivation, 'subject' | 'seeds' | 'headroomPercent'>

/**
 * The budgets that follow `before`: the proposals and their evidence for what was tuned, the rest as it was. A limit is
 * lowered freely; it is raised only for a reason, which goes into the file.
 */
export function nextVersion(
  before: Predecessor,
  tuned: readonly TunedScenario[],
  how: How,
  reason: string | undefined,
): NextVersion {
  const changes = tuned.flatMap((each) => changesOf(each.scenario, budgetFor(before, each.scenario), budgetOf(each)))
  const raised = changes.filter(({ from, to }) => to > from)
  if (raised.length > 0 && reason === undefined) return { kind: 'reason-needed', raised }
  const added = tuned.filter(({ scenario }) => budgetFor(before, scenario) === undefined).length * limitNames.length
  if (before.version > 0 && added === 0 && changes.length === 0) return { kind: 'unchanged' }
  return {
    kind: 'next',
    changes,
    added,
    budgets: {
      version: before.version + 1,
      derivedFrom: {
        ...before.derivedFrom,
        ...Object.fromEntries(tuned.map((each) => [each.scenario, derivationOf(each, how)])),
      },
      ...(raised.length === 0 || reason === undefined ? {} : { raised: raised.map((each) => ({ ...each, reason })) }),
      scenarios: {
        ...before.scenarios,
        ...Object.fromEntries(tuned.map((each) => [each.scenario, budgetOf(each)])),
      },
    },
  }
}

function changesOf(scenario: string, from: Budget | undefined, to: Budget): readonly LimitChange[] {
  if (from === undefined) return []
  return limitNames
    .filter((limit) => to[limit] !== from[limit])
    .map((limit) => ({ scenario, limit, from: from[limit], to: to[limit] }))
}

function derivationOf({ overrides, proposals }: TunedScenario, { subject, seeds, headroomPercent }: How): Derivation {
  const evidence = Object.fromEntries(proposals.map(({ limit, spread }) => [limit, spread]))
  return {
    seeds,
    ...(subject === undefined ? {} : { subject }),
    ...(Object.keys(overrides).length === 0 ? {} : { parameters: overrides }),
    percentile: 'max',
    headroomPercent,
    evidence: evidence as { [limit in LimitName]: Spread },
  }
}

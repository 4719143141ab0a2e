import { type Fault, pctOrder, randomOrder, type TieBreak } from '../kernel/index.js'

/** How the order of what happens at one instant is chosen. */
export type Strategy = 'insertion' | 'random' | 'pct'

export const strategies: readonly Strategy[] = ['insertion', 'random', 'pct']

/** One run in full: all that chance has decided, but for what nodes and links draw from the seed. Running it again gives the same trace. */
export interface Plan {
  readonly scenario: string
  readonly seed: number
  readonly strategy: Strategy
  /** Every parameter of the scenario. */
  readonly parameters: { readonly [name: string]: number }
  readonly faults: readonly Fault[]
}

/** Change points of PCT: enough for bugs that take four ordered events. */
const PCT_CHANGES = 3
/** Events among which they are drawn: about as many as an explored run has. */
const PCT_STEPS = 600

export function tieBreakOf({ strategy, seed }: Pick<Plan, 'strategy' | 'seed'>): TieBreak | undefined {
  switch (strategy) {
    case 'insertion':
      return undefined
    case 'random':
      return randomOrder(seed)
    case 'pct':
      return pctOrder(seed, PCT_CHANGES, PCT_STEPS)
  }
}

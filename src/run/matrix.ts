import type { Budgets } from '../budget/index.js'
import { type Report, reportOf, type ScenarioOutcome } from '../report/index.js'
import type { Scenario } from '../scenario/index.js'
import { DEFAULT_SEED, type RunOptions, runScenario } from './scenario.js'

export interface MatrixOptions extends Omit<RunOptions, 'budget' | 'parameters'> {
  readonly budgets?: Budgets
  /** By scenario, the parameters that are not to be the default. */
  readonly parameters?: { readonly [scenario: string]: { readonly [name: string]: number } }
}

/** Runs scenarios one after another and sums them up. */
export async function runMatrix(scenarios: readonly Scenario[], options: MatrixOptions = {}): Promise<Report> {
  const { budgets, parameters, ...common } = options
  const outcomes: ScenarioOutcome[] = []
  for (const scenario of scenarios) {
    const limits = budgets?.scenarios[scenario.name]
    const given = parameters?.[scenario.name]
    outcomes.push(
      await runScenario(scenario, {
        ...common,
        ...(given === undefined ? {} : { parameters: given }),
        ...(limits === undefined || budgets === undefined ? {} : { budget: { limits, version: budgets.version } }),
      }),
    )
  }
  return reportOf(common.seed ?? DEFAULT_SEED, budgets?.version, outcomes)
}

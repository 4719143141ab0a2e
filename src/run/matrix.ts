import { type Budgets, budgetFor } from '../budget/index.js'
import { checkOptions, checkSeed, isPlainObject } from '../input/index.js'
import { type Report, reportOf } from '../report/index.js'
import { checkScenario, type Scenario } from '../scenario/index.js'
import { type Job, runJobs } from './jobs.js'
import type { RunOptions } from './scenario.js'
import { DEFAULT_SEED } from './seed.js'

/** How scenarios are run one after another; what is absent is as in `RunOptions`. */
export interface MatrixOptions extends Omit<RunOptions, 'budget' | 'parameters'> {
  /** The limits that each scenario is judged by; none when absent. */
  readonly budgets?: Budgets
  /** By scenario, the parameters that are not to be the default. Those of a scenario that does not run here do nothing. */
  readonly parameters?: { readonly [scenario: string]: { readonly [name: string]: number } }
  /** Given what the scenarios before came to when one does not come to its end. */
  readonly onAborted?: (report: Report) => void
}

const optionNames = {
  seed: true,
  parameters: true,
  subject: true,
  budgets: true,
  maxEvents: true,
  onRun: true,
  onAborted: true,
} as const

/** Runs scenarios one after another and sums them up. Throws all that `runScenario` throws. */
export async function runMatrix(scenarios: readonly Scenario[], options: MatrixOptions = {}): Promise<Report> {
  if (!Array.isArray(scenarios)) throw new TypeError('what runMatrix was given is no list: expected [scenario, …]')
  checkOptions<MatrixOptions>('runMatrix', options, optionNames)
  checkSeed(options.seed ?? DEFAULT_SEED)
  const { budgets, parameters } = options
  if (budgets !== undefined && !isPlainObject(budgets.scenarios)) {
    throw new TypeError('budgets without scenarios: expected one version of them, as { version, scenarios: { … } }')
  }
  if (parameters !== undefined && !isPlainObject(parameters)) {
    throw new TypeError('parameters that are no plain object: expected { scenario: { name: value, … }, … }')
  }
  const { outcomes, aborted } = await runJobs(matrixJobs(scenarios, options), options)
  if (aborted !== undefined) {
    options.onAborted?.(reportOf(options.seed ?? DEFAULT_SEED, outcomes))
    throw aborted.error
  }
  return reportOf(options.seed ?? DEFAULT_SEED, outcomes)
}

/** What there is to run: each scenario, with its own parameters and limits. */
function matrixJobs(
  scenarios: readonly Scenario[],
  { seed = DEFAULT_SEED, budgets, parameters }: MatrixOptions,
): readonly Job[] {
  const givenTo = new Map(Object.entries(parameters ?? {}))
  return scenarios.map((scenario) => {
    checkScenario(scenario)
    const limits = budgets && budgetFor(budgets, scenario.name)
    const given = givenTo.get(scenario.name)
    return {
      scenario,
      seed,
      ...(given === undefined ? {} : { parameters: given }),
      ...(limits === undefined || budgets === undefined ? {} : { budget: { limits, version: budgets.version } }),
    }
  })
}

import type { WorkCounts, WorkerFailure } from '../metrics/index.js'
import { type Comparison, sortedJson, type Verdict } from './evidence.js'
import type { ScenarioId } from './names.js'
import { countNames } from './schema.js'

/** The scenarios that a model can predict. */
const failures: Partial<Readonly<Record<ScenarioId, WorkerFailure>>> = {
  S1: 'poison',
  S2: 'crash-before-acknowledging',
  S4: 'runaway',
  S6: 'zombie',
}

/** What a model says that will be counted. */
export type Predict = (failure: WorkerFailure, jobs: number) => Promise<WorkCounts>

/** What a model says of each scenario, beside what was counted. */
export function compare(verdicts: readonly Verdict[], predict: Predict): Promise<readonly Comparison[]> {
  const modelled = verdicts.flatMap((verdict) => {
    const failure = failures[verdict.scenario]
    return failure === undefined ? [] : [{ verdict, failure }]
  })
  return Promise.all(
    modelled.map(async ({ verdict, failure }) => {
      const { attemptsPerJob, ...rest } = await predict(failure, verdict.n)
      const predicted = { ...rest, attemptsPerJob: { ...attemptsPerJob } }
      return { scenario: verdict.scenario, failure, predicted, observed: countsOf(verdict) }
    }),
  )
}

/** What a verdict counts, in the words that it shares with the model. */
export function countsOf({ db_truth: truth }: Verdict): Comparison['observed'] {
  if (truth === null) return null
  return {
    jobs: truth.jobs,
    attempts: truth.attempts,
    attemptsPerJob: truth.attempts_per_job,
    deadLetters: truth.dead_letter_rows,
    sideEffects: truth.side_effect_rows,
    duplicates: truth.duplicates,
    redeliveries: truth.redeliveries,
    refusedWrites: truth.refused_writes,
  }
}

/** In which counts the two differ; all of them when one is missing. */
export function disagreements({ predicted, observed }: Comparison): readonly string[] {
  return countNames.filter((name) => sortedJson(observed?.[name]) !== sortedJson(predicted[name]))
}

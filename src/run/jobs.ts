import type { ScenarioOutcome } from '../report/index.js'
import { type Scenario, ScenarioAborted } from '../scenario/index.js'
import { NothingMeasured } from './nothing-measured.js'
import { type RunOptions, runScenario } from './scenario.js'

/** A scenario to be run at one seed, with one choice of parameters. */
export interface Job extends Pick<RunOptions, 'parameters' | 'budget'> {
  readonly scenario: Scenario
  readonly seed: number
}

/** What jobs have in common. */
export interface JobOptions extends Pick<RunOptions, 'subject' | 'maxEvents' | 'onRun'> {
  /** Leaves the rest once a job has not passed. Default: false. */
  readonly stopAtFailure?: boolean
}

export type JobEnd =
  | { readonly kind: 'ran'; readonly outcome: ScenarioOutcome }
  | { readonly kind: 'aborted'; readonly error: ScenarioAborted | NothingMeasured }

/** What jobs came to. */
export interface Ran {
  /** In the order of the jobs, up to the one at which it stopped. */
  readonly outcomes: readonly ScenarioOutcome[]
  /** The job that did not come to its end: there it stopped. */
  readonly aborted?: { readonly job: Job; readonly error: ScenarioAborted | NothingMeasured }
}

export async function runJob({ scenario, ...own }: Job, { subject, maxEvents, onRun }: JobOptions): Promise<JobEnd> {
  try {
    const outcome = await runScenario(scenario, {
      ...own,
      ...(subject === undefined ? {} : { subject }),
      ...(maxEvents === undefined ? {} : { maxEvents }),
      ...(onRun === undefined ? {} : { onRun }),
    })
    return { kind: 'ran', outcome }
  } catch (error) {
    if (error instanceof ScenarioAborted || error instanceof NothingMeasured) return { kind: 'aborted', error }
    throw error
  }
}

/** Whether the jobs that come after are left. */
export function isLast(end: JobEnd, { stopAtFailure = false }: JobOptions): boolean {
  return end.kind === 'aborted' || (stopAtFailure && !end.outcome.passed)
}

/** Takes jobs in their order to what each came to, until one is the last. */
export async function runJobs(
  jobs: readonly Job[],
  options: JobOptions,
  endOf: (job: Job, index: number) => Promise<JobEnd> = (job) => runJob(job, options),
): Promise<Ran> {
  const outcomes: ScenarioOutcome[] = []
  for (const [index, job] of jobs.entries()) {
    const end = await endOf(job, index)
    if (end.kind === 'aborted') return { outcomes, aborted: { job, error: end.error } }
    outcomes.push(end.outcome)
    if (isLast(end, options)) break
  }
  return { outcomes }
}

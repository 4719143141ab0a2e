import type { EventLimitReached, StepFailed } from '../kernel/index.js'

export type AbortedWhere = 'a run' | 'the second run alone'

/** A scenario that could not be run to its end, so that nothing is known of it. */
export class ScenarioAborted extends Error {
  override readonly name = 'ScenarioAborted'
  readonly scenario: string
  override readonly cause: StepFailed | EventLimitReached
  /** The second run alone: the same had come to its end before, so that it is not deterministic, whatever else is wrong. */
  readonly where: AbortedWhere

  constructor(scenario: string, cause: StepFailed | EventLimitReached, where: AbortedWhere = 'a run') {
    super(`${scenario}: ${cause.message}`, { cause })
    this.scenario = scenario
    this.cause = cause
    this.where = where
  }
}

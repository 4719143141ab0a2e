import type { StepFailed, StepLimitReached } from '../kernel/index.js'

/** A scenario that could not be run to its end, so that nothing is known of it. */
export class ScenarioAborted extends Error {
  override readonly name = 'ScenarioAborted'
  readonly scenario: string
  override readonly cause: StepFailed | StepLimitReached

  constructor(scenario: string, cause: StepFailed | StepLimitReached) {
    super(`${scenario}: ${cause.message}`, { cause })
    this.scenario = scenario
    this.cause = cause
  }
}

import type { EventLimitReached, StepFailed } from '../kernel/index.js'

export type AbortedWhere = 'a run' | 'the second run alone'

/** What exploration had drawn for a run. */
export interface Drawn {
  readonly seed: number
  readonly parameters: { readonly [name: string]: number }
}

/** A scenario that could not be run to its end, so that nothing is known of it. */
export class ScenarioAborted extends Error {
  override readonly name = 'ScenarioAborted'
  readonly scenario: string
  override readonly cause: StepFailed | EventLimitReached
  /** The second run alone: the same had come to its end before, so that it is not deterministic, whatever else is wrong. */
  readonly where: AbortedWhere
  /** Undefined where nothing was drawn. */
  readonly drawn: Drawn | undefined

  constructor(
    scenario: string,
    cause: StepFailed | EventLimitReached,
    { where = 'a run', drawn }: { readonly where?: AbortedWhere; readonly drawn?: Drawn } = {},
  ) {
    super(`${scenario}: ${cause.message}`, { cause })
    this.scenario = scenario
    this.cause = cause
    this.where = where
    this.drawn = drawn
  }
}

/** A scenario in which no command ever reached the subject: what was to be judged has not happened. */
export class NothingMeasured extends Error {
  override readonly name = 'NothingMeasured'
  readonly scenario: string
  readonly durationMs: number

  constructor(scenario: string, durationMs: number) {
    super(`${scenario} measured nothing: no command reached the subject in ${durationMs} ms of virtual time`)
    this.scenario = scenario
    this.durationMs = durationMs
  }
}

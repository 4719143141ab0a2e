/** A scenario in which what was to be judged has not happened: no command reached the subject, or nobody ever held a lease. */
export class NothingMeasured extends Error {
  override readonly name = 'NothingMeasured'
  readonly scenario: string
  readonly durationMs: number

  constructor(scenario: string, durationMs: number, why: string) {
    super(`${scenario} measured nothing: ${why} in ${durationMs} ms of virtual time`)
    this.scenario = scenario
    this.durationMs = durationMs
  }
}

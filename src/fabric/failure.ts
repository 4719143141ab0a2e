/** A scenario could not be carried through: it has failed, for this reason. */
export class ScenarioFailed extends Error {
  override readonly name = 'ScenarioFailed'
}

/** The run was interrupted: nothing is judged. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'

  constructor() {
    super('stopped before its end')
  }
}

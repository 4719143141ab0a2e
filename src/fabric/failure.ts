import { StoreError } from '../stores/store-error.js'

/** A scenario could not be carried through: it has failed, for this reason. */
export class ScenarioFailed extends Error {
  override readonly name = 'ScenarioFailed'
}

/** A worker cannot start: nothing can be judged without it. */
export class NoWorker extends StoreError {}

/** The run was interrupted: nothing is judged. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'

  constructor() {
    super('stopped before its end')
  }
}

import { StoreError } from '../../stores/index.js'
import { type Go, type RacerMessage, type RacerSpec, race } from '../../stress/index.js'
import { explain } from '../terminal/explain.js'

/** One process of a race. It ends with its parent: nobody would judge what it does alone. */
process.once('disconnect', () => process.exit(0))
process.once('message', (spec: RacerSpec) => {
  const go = new Promise<Go>((resolve) => process.once('message', resolve))
  race(spec, process.env, (told) => process.send?.(told), go).then(
    () => process.disconnect(),
    (error: unknown) => {
      const lost = error instanceof StoreError && error.problem.lost === true
      const told: RacerMessage = { kind: 'failed', message: explain(error), lost }
      process.send?.(told, () => process.exit(1))
    },
  )
})

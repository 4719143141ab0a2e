import { type RacerSpec, race } from '../stress/index.js'
import { explain } from './explain.js'

/** One process of a race. It ends with its parent: nobody would judge what it does alone. */
process.once('disconnect', () => process.exit(0))
process.once('message', (spec: RacerSpec) => {
  race(spec, process.env, (told) => process.send?.(told)).then(
    () => process.disconnect(),
    (error: unknown) => process.send?.({ kind: 'failed', message: explain(error) }, () => process.exit(1)),
  )
})

import { defineSubject } from './machine.js'

/** The log does not know, after a restart of its store, whose the leases are, and takes nobody for an owner any more. */
export default defineSubject({
  name: 'X11 a log takes nothing more after a restart',
  log({ builtIn, durable }) {
    const starts = durable('starts', () => ({ count: 0 }))
    starts.count += 1
    if (starts.count === 1) return builtIn.log
    return {
      ...builtIn.log,
      append: ({ fence }) => ({ kind: 'unknown-epoch', currentEpoch: 0, requestedEpoch: fence.epoch }),
    }
  },
})

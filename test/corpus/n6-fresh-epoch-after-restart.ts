import { defineSubject } from './machine.js'

/** After every restart of the store all epochs are new: who held a lease has to ask again, and nobody else gets it before it would have ended: cockroach #23105. */
export default defineSubject({
  name: 'N6 a fresh epoch after every restart',
  core({ builtIn, durable }) {
    const restarts = durable('restarts', () => ({ count: -1 }))
    restarts.count += 1
    if (restarts.count > 0) {
      for (const space of builtIn.spaces.values()) {
        const { record } = space
        space.record = { ...record, lease: { ...record.lease, epoch: record.lease.epoch + 1, token: '' } }
      }
    }
    return builtIn.core
  },
  log: ({ builtIn }) => builtIn.log,
})

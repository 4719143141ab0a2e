import { type Core, memoryCore, storedCore } from '../../src/stores/index.js'
import { everyStore, openTwice } from '../stores/every-store.js'
import { describeAuthority } from './behaviour.js'

describeAuthority(
  'memory',
  async () => ({
    cores: (mint) => {
      const core: Core = memoryCore(mint)
      return [core, core]
    },
    close: async () => undefined,
  }),
  300,
)

let clusters = 0
for (const { kind, describe } of everyStore) {
  describe(kind, () => {
    describeAuthority(kind, async () => {
      const [one, other] = await openTwice(kind)
      return {
        cores: (mint) => {
          const namespace = `authority-${process.pid}-${++clusters}`
          return [one, other].map((open) => storedCore(open.namespace(namespace), mint))
        },
        close: async () => {
          await other.close()
          await one.close()
        },
      }
    })
  })
}

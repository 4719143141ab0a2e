import { storedCore } from '../../src/stores/index.js'
import { everyStore, openTwice } from '../stores/every-store.js'
import { describeAuthority } from './behaviour.js'

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

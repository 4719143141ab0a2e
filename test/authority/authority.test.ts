import { type Core, memoryCore, openStore, storedCore } from '../../src/stores/index.js'
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
for (const spec of ['sqlite']) {
  describeAuthority(spec, async () => {
    const one = await openStore(spec, { durable: false })
    if (one === undefined) throw new Error(`${spec} is no store`)
    const other = await openStore(one.spec, { durable: false })
    if (other === undefined) throw new Error(`${spec} is no store`)
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
}

import { type Core, memoryCore } from '../../src/stores/index.js'
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

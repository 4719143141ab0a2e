export type { Core, DirectCore } from './core.js'
export {
  builtInMachine,
  type Machine,
  type MemoryOptions,
  memoryCore,
  type StoredSpace,
  storedSpace,
} from './memory.js'

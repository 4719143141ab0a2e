export type { Core, DirectCore } from './core.js'
export { memoryCore } from './memory.js'

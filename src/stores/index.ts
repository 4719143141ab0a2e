export type { Core } from './core.js'
export { memoryCore } from './memory.js'

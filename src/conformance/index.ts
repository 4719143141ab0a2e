export type { ContractCheck } from './checks.js'
export { contract } from './checks.js'
export { type ContractResult, conformanceOf } from './conformance.js'

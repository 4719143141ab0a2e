export { type ContractResult, conformanceOf } from './conformance.js'

export { InputError, type InputProblem } from './input-error.js'
export { nearest } from './nearest.js'
export { parseJson, validate } from './validate.js'

export { InputError, type InputProblem } from './input-error.js'
export { nearest, oneOf } from './nearest.js'
export { own } from './own.js'
export { parseJson, repeatedKey, validate } from './validate.js'

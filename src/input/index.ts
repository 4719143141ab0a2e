export { InputError, type InputProblem } from './input-error.js'
export { nearest, oneOf } from './nearest.js'
export { insteadOfObject, isPlainObject, own } from './objects.js'
export { parseJson, repeatedKey, validate } from './validate.js'

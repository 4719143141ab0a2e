import { oneOf } from './nearest.js'
import { insteadOfObject } from './plain-object.js'

/**
 * Looks at the names in an object of options: under a name that there is not, the default would count in silence.
 * @param what whose options they are
 * @param names all that there are, as keys
 * @throws TypeError for what is no object, and for an option that there is not
 */
export function checkOptions<O extends object>(
  what: string,
  options: O,
  names: { readonly [name in keyof Required<O>]: true },
): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`options of ${what} that are ${insteadOfObject(options)}: expected { name: value, … }`)
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(names, name)) continue
    throw new TypeError(`${what} has no option ${JSON.stringify(name)}: expected ${oneOf(Object.keys(names), name)}`)
  }
}

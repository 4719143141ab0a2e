/** By what it is known that a text which was given may hold a password: parts of a URL, whole or not, or of libpq's words. */
const signs = [/:\/\//, /:[\s\S]*@/, /\?[\s\S]*=/, /\bpass(word|wd)?\s*=/i]

export const mayHoldPassword = (given: string): boolean => signs.some((sign) => sign.test(given))

/**
 * What may be shown of a text that was given: where it may hold a password, no more than the name that it begins with. Who
 * could tell where in it the password is? What stands before an @ may be one.
 */
export const shownOf = (given: string): string => (mayHoldPassword(given) ? nameOf(given) : given)

/** The name that `given` begins with, and whether there is more. */
export function nameOf(given: string): string {
  const name = /^(?![\w-]*@)[\w-]*=?/.exec(given)?.[0] ?? ''
  return name === given ? given : `${name}…`
}

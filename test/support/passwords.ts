import fc from 'fast-check'

/** A part of a password, with more around it that a URL may take for something else. */
export const SECRET = 'hunter2'

const password = fc
  .tuple(...[0, 1].map(() => fc.string({ unit: fc.constantFrom(...'#?/@:%=&[] \\\'"aZ1'), maxLength: 3 })))
  .map((around) => around.join(SECRET))

/** What somebody may give who means a store: a URL, one that lacks slashes or its scheme, or the half of one. Nobody is there. */
export const credentials = fc
  .tuple(
    fc.constantFrom('postgres', 'postgresql', 'redis', 'rediss', 'mysql', 'libsql', 'file', 'ssh', ''),
    fc.constantFrom('://', ':', ':/', ':///', '//', '/', './', ''),
    fc.constantFrom('', 'me', 'me%40there', 'me@there'),
    password,
    fc.constantFrom('127.0.0.1:1', '127.0.0.1:1/0', '127.0.0.1:1/d?schema=x', '[::1]:1/0'),
  )
  .map(([scheme, slashes, user, secret, place]) => `${scheme}${slashes}${user}:${secret}@${place}`)

/** The same as a store is given: with its kind, a wrong one, or none. */
export const credentialsOfStore = fc
  .tuple(fc.constantFrom('', 'sqlite=', 'git=', 'postgres=', 'redis=', 'memory=', 'mysql='), credentials)
  .map((parts) => parts.join(''))

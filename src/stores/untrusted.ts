import type { StoreProblem } from './store-error.js'

/** What Node says of a certificate that it does not take. Not what a server says of ours. */
const CODES =
  /DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|ERR_TLS_CERT_ALTNAME_INVALID/

export const isUntrusted = (found: string): boolean => CODES.test(found)

export const untrusted = (server: string): Pick<StoreProblem, 'what' | 'expected' | 'todo'> => ({
  what: `the certificate of the ${server} server is not one that this machine trusts for this host`,
  expected: 'one of a known authority, in date, for the host that was named',
  todo: 'name the host as the certificate does; say which authority to trust: NODE_EXTRA_CA_CERTS=<file>',
})

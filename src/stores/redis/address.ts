import { StoreError } from '../store-error.js'

/** Where a Redis server is, and how to be let in. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly database: number
  readonly username: string | undefined
  readonly password: string | undefined
  /** For people: without user and password. */
  readonly place: string
}

const USUAL_PORT = 6379

/**
 * What `url` says. A URL that cannot be read is not shown, and is no error's cause: who could tell where its password is?
 * @throws StoreError
 */
export function parseAddress(url: string): Address {
  try {
    const { protocol, hostname, port, pathname, username, password, search, hash } = new URL(url)
    // What stands after a bare # or ? would be the rest of a password, and what is before it be taken for a port.
    if (
      search === '' &&
      hash === '' &&
      (protocol === 'redis:' || protocol === 'rediss:') &&
      /^\/?\d*$/.test(pathname)
    ) {
      const host = hostname === '' ? 'localhost' : hostname
      const address = {
        host: host.replace(/^\[(.*)\]$/, '$1'),
        port: port === '' ? USUAL_PORT : Number(port),
        tls: protocol === 'rediss:',
        database: Number(pathname.slice(1)),
        username: username === '' ? undefined : decodeURIComponent(username),
        password: password === '' ? undefined : decodeURIComponent(password),
      }
      return { ...address, place: `${host}:${address.port}/${address.database}` }
    }
  } catch {
    // Told below, in words of ours.
  }
  throw new StoreError({
    what: 'the URL of the Redis server cannot be read',
    store: 'redis',
    expected: 'redis://host:port/db, or redis://user:password@host:port/db; rediss:// for TLS',
    todo: 'write characters like @ / : # ? % in a password percent-encoded: @ as %40',
  })
}

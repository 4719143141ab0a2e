import { createHash } from 'node:crypto'
import { InputError } from '../input/index.js'
import { placeOfUrl } from '../stores/postgres/index.js'

/** A database to run on. */
export interface FabricPlace {
  /** With its password: never to be shown. */
  readonly url: string
  /** As it was given: what is digested. */
  readonly given: string
  /** For people. */
  readonly shown: string
}

/**
 * The database that `url` names.
 * @throws InputError when it is not on this machine, unless that is allowed; StoreError when it cannot be read
 */
export function fabricPlace(url: string, allowRemote: boolean): FabricPlace {
  if (url === '') {
    throw new InputError({
      what: '--database-url is empty',
      expected: 'postgres://user:password@host:port/database',
      todo: 'set the variable that it is taken from, or leave it out: then a server is started',
    })
  }
  const { config, shown: withSchema } = placeOfUrl(url, '--database-url')
  const shown = withSchema.replace(/ schema \w+$/, '')
  const parsed = new URL(config.connectionString)
  // What the URL leaves open, pg would take from PGHOST: that may be anywhere.
  const host = parsed.hostname || 'localhost'
  // Of several, pg takes the last.
  const named = parsed.searchParams.has('host') ? parsed.searchParams.getAll('host') : [host]
  if (!allowRemote && !named.every(isLocal)) {
    throw new InputError({
      what: '--database-url names a server that is not on this machine',
      found: shown,
      expected: 'a host of the loopback interface, as in postgres://user:password@127.0.0.1/database',
      todo: 'name such a one, or say --allow-remote if what runs there may be disturbed: roles and schemas are made in it',
    })
  }
  if (!parsed.searchParams.has('host') && parsed.hostname === '') parsed.searchParams.set('host', host)
  return { url: parsed.href, given: url, shown }
}

/** Of the loopback interface, or a folder with a Unix socket, whose slashes a URL may have written as %2F. */
export function isLocal(host: string): boolean {
  return /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[?::1\]?|(\/|%2f).*)$/i.test(host)
}

/** The same place, with the database named: who names none gets one that is called as the user, and workers are others. */
export function inDatabase(place: FabricPlace, database: string): FabricPlace {
  const url = new URL(place.url)
  if (url.pathname.length <= 1) url.pathname = `/${encodeURIComponent(database)}`
  return { ...place, url: url.href }
}

/** The same place for another user, whose sessions are known by `name`. */
export function urlFor(place: FabricPlace, user: { name: string; password: string } | undefined, name: string): string {
  const url = new URL(place.url)
  if (user !== undefined) {
    for (const parameter of ['user', 'password']) url.searchParams.delete(parameter)
    // A URL without a host cannot hold a user; its parameters can.
    if (url.hostname === '') {
      url.searchParams.set('user', user.name)
      url.searchParams.set('password', user.password)
    } else {
      url.username = user.name
      url.password = user.password
    }
  }
  url.searchParams.set('application_name', name)
  return url.href
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The scheme and the digest of a DSN, of its very text: what may be shown of it. */
export function dsnEvidence(dsn: string): { readonly scheme: string; readonly sha256: string } {
  return { scheme: dsn.slice(0, dsn.indexOf(':')).toLowerCase(), sha256: sha256(dsn) }
}

/** The UUID that belongs to a name: version 8, made of its SHA-256. */
export function uuidOf(name: string): string {
  const hex = sha256(name)
  const variant = '89ab'[Number.parseInt(hex[16] as string, 16) % 4]
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** The two tenants of a commit. */
export const tenantsOf = (commit: string) => ({ a: uuidOf(`${commit} tenant a`), b: uuidOf(`${commit} tenant b`) })

/** A SHA of git's, whole or abbreviated. */
export const isCommit = (text: string): boolean => /^[0-9a-f]{4,64}$/i.test(text)

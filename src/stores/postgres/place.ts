import type { ClientConfig } from 'pg'
import type { Environment } from '../store.js'
import { StoreError } from '../store-error.js'

/** Where the store is. */
export interface Place {
  readonly schema: string
  /** How to connect; undefined for a server of our own. */
  readonly config: ClientConfig | undefined
  /** For people: never with a password. */
  readonly shown: string
}

const DEFAULT_SCHEMA = 'contention'
/** What needs no quotes in SQL, and is no longer than Postgres keeps of a name. */
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/
const EXPECTED = 'postgres://user:password@host:port/database?schema=name'

/**
 * The place that `url` names; without one, what the environment names: DATABASE_URL, or PGHOST and its kin; and without
 * these, or for `embedded`, a server of our own.
 */
export function placeOf(url: string | undefined, env: Environment): Place {
  if (url === 'embedded') return OURS
  if (url !== undefined) return placeOfUrl(url, 'the URL')
  const { DATABASE_URL, PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD } = env
  if (DATABASE_URL) return placeOfUrl(DATABASE_URL, 'DATABASE_URL')
  if (!PGHOST && !PGDATABASE) return OURS
  const [host, port] = [PGHOST || 'localhost', PGPORT || '5432']
  if (!/^\d{1,5}$/.test(port)) {
    throw new StoreError({
      what: 'PGPORT is no port',
      store: 'postgres',
      found: port,
      expected: 'a whole number, as 5432',
      todo: 'mend it, or name the server: postgres=postgres://…',
    })
  }
  return {
    schema: DEFAULT_SCHEMA,
    config: {
      host,
      port: Number(port),
      // What is absent is pg's to find: it knows .pgpass, and that a database is called as its user.
      ...(PGDATABASE && { database: PGDATABASE }),
      ...(PGUSER && { user: PGUSER }),
      ...(PGPASSWORD && { password: PGPASSWORD }),
    },
    shown: shownAs(host, port, PGDATABASE || PGUSER || '', DEFAULT_SCHEMA),
  }
}

const OURS: Place = { schema: DEFAULT_SCHEMA, config: undefined, shown: 'a server of its own' }

/** The place that a URL names; `source` is where the URL stands. */
export function placeOfUrl(url: string, source: string): Place & { readonly config: { connectionString: string } } {
  // Nothing of an unreadable URL is shown, and it is no cause: whatever stands in it may be a part of the password.
  const unreadable = (what: string, todo: string) =>
    new StoreError({ what: `${source} ${what}`, store: 'postgres', expected: EXPECTED, todo })
  if (/^(socket:|\/)/.test(url)) {
    const todo = 'write the folder of the socket as postgres://user:password@/database?host=/folder'
    throw unreadable('names a Unix socket in another way than URLs of Postgres do', todo)
  }
  const parsed = parsedUrl(url)
  if (parsed !== undefined && !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw unreadable(`is not one of Postgres, but of ${parsed.protocol}`, 'name the server: postgres=postgres://…')
  }
  if (parsed === undefined || /[@#]/.test(`${parsed.pathname}${parsed.search}${parsed.hash}`)) {
    throw unreadable('cannot be read', 'write every @ : / ? # and % of the user name and the password as %40 %3A …')
  }
  const schema = parsed.searchParams.get('schema') ?? DEFAULT_SCHEMA
  if (!SCHEMA.test(schema)) {
    throw unreadable('names a schema that cannot be', 'name it with lower-case letters, digits and _, at most 63')
  }
  const { searchParams, hostname, port, pathname, username } = parsed
  const host = searchParams.get('host') ?? (hostname.replace(/%2f/gi, '/') || 'localhost')
  const database = pathname.slice(1) || username || searchParams.get('user') || ''
  const shown = shownAs(host, port || '5432', database, schema)
  parsed.searchParams.delete('schema')
  return { schema, config: { connectionString: parsed.href }, shown }
}

/** A user without a host, as in `postgres://user@/database?host=/folder`, pg can read, and a URL cannot hold; its parameters can. */
function parsedUrl(url: string): URL | undefined {
  if (URL.canParse(url)) return new URL(url)
  const [, scheme, user, password, rest] = /^(postgres(?:ql)?:\/\/)([^:@/?#]*)(?::([^@/?#]*))?@(\/.*)$/.exec(url) ?? []
  if (scheme === undefined || !URL.canParse(`${scheme}${rest}`)) return undefined
  const parsed = new URL(`${scheme}${rest}`)
  const before = Object.entries({ user, password }).filter(([name, value]) => value && !parsed.searchParams.has(name))
  for (const [name, value = ''] of before) parsed.searchParams.set(name, decoded(value))
  return parsed
}

/** A % that is no code stands for itself, as for pg. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function shownAs(host: string, port: string, database: string, schema: string): string {
  return `${host}:${port}/${database} schema ${schema}`
}

import type { ClientConfig } from 'pg'
import { mayHoldPassword } from '../../input/secret.js'
import type { Environment } from '../store.js'
import { StoreError } from '../store-error.js'

/** Where the store is. */
export interface PostgresPlace {
  readonly schema: string
  /** How to connect; undefined for a server of our own. */
  readonly config: ClientConfig | undefined
  /** For people: never with a password. */
  readonly shown: string
}

const DEFAULT_SCHEMA = 'contention'
/** What SQL takes for the same with quotes and without, unless it is one of its words, and is no longer than Postgres keeps of a name. */
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/
/** What Postgres keeps to itself, quoted or not. */
const RESERVED = /^pg_/
const EXPECTED = 'postgres://user:password@host:port/database?schema=name'

/**
 * The place that `url` names; without one, what the environment names: DATABASE_URL, or what libpq takes for a server; and
 * without these, or for `embedded`, a server of our own.
 */
export function placeOf(url: string | undefined, env: Environment): PostgresPlace {
  if (url === 'embedded') return OURS
  if (url !== undefined) return placeOfUrl(url, 'the URL')
  if (env['DATABASE_URL']) return placeOfUrl(env['DATABASE_URL'], 'DATABASE_URL')
  return NAMING.some((name) => env[name]) ? placeOfVariables(env) : OURS
}

/** Any of these alone says that there is a server which is meant; a password alone does not. */
const NAMING = ['PGHOST', 'PGHOSTADDR', 'PGPORT', 'PGDATABASE', 'PGUSER', 'PGSERVICE'] as const

function placeOfVariables(env: Environment): PostgresPlace {
  const unusable = (name: string, found: string | undefined, expected: string) =>
    new StoreError({
      what: `${name} cannot be used`,
      store: 'postgres',
      ...(found !== undefined && { found }),
      expected,
      todo: 'mend or unset it, or name the server: postgres=postgres://…; postgres=embedded starts one',
    })
  const { PGHOST, PGHOSTADDR, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, PGSERVICE } = env
  if (PGSERVICE) {
    throw unusable(
      'PGSERVICE',
      'the name of a service',
      'PGHOST, PGPORT, PGDATABASE and PGUSER: pg reads no service files',
    )
  }
  const whole = NAMING.find((name) => mayHoldPassword(env[name] ?? ''))
  if (whole !== undefined) throw unusable(whole, undefined, 'one part of a URL; a whole one is for DATABASE_URL')
  const [host, port] = [PGHOST || PGHOSTADDR || 'localhost', PGPORT || '5432']
  if (!/^\d{1,5}$/.test(port)) throw unusable('PGPORT', port, 'a whole number, as 5432')
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

const OURS: PostgresPlace = { schema: DEFAULT_SCHEMA, config: undefined, shown: 'a server of its own' }

/** A schema as SQL takes it, even if it is called as one of its words. */
export const inSql = (schema: string): string => `"${schema}"`

/** The place that a URL names; `source` is where the URL stands. */
export function placeOfUrl(
  url: string,
  source: string,
): PostgresPlace & { readonly config: { connectionString: string } } {
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
  if (RESERVED.test(schema)) {
    throw unreadable('names a schema that Postgres keeps to itself', 'name one that does not begin with pg_')
  }
  const { searchParams, hostname, port, pathname } = parsed
  const host = searchParams.get('host') ?? (hostname.replace(/%2f/gi, '/') || 'localhost')
  const shown = shownAs(host, port || '5432', pathname.slice(1), schema)
  parsed.searchParams.delete('schema')
  return { schema, config: { connectionString: parsed.href }, shown }
}

/** A user without a host, as in `postgres://user@/database?host=/folder`, pg can read, and a URL cannot hold; its parameters can. */
function parsedUrl(url: string): URL | undefined {
  // Without its slashes it may be a user and a password.
  if (!/^[^:]*:\/\//.test(url)) return undefined
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

import { StoreError, type StoreProblem } from '../store-error.js'
import { isUntrusted, untrusted } from '../untrusted.js'

type Known = Pick<StoreProblem, 'what' | 'expected' | 'todo' | 'lost'>

const UNREACHABLE = {
  what: 'the Postgres server cannot be reached',
  expected: 'a server that listens there',
  todo: 'start it, or name another: postgres=postgres://user:password@host:port/database; postgres=embedded starts one',
}
const GONE = {
  what: 'the Postgres server went away in the middle',
  todo: 'see in its log why it ended: its disk may be full; whether the last step took place is not known, the next one connects anew',
}
const NO_POSTGRES = {
  what: 'what answers there ends the connection before it is made',
  expected: 'a Postgres server that is running',
  todo: 'check host and port; if it is the right server, see in its log why it ends',
}
const REFUSED = {
  what: 'the Postgres server refuses the user',
  expected: 'a user and a password that it knows',
  todo: 'name both in the URL, or in PGUSER and PGPASSWORD',
}
const NO_PASSWORD = { ...REFUSED, what: 'the Postgres server wants a password, and none was given' }
const NO_USER = { ...REFUSED, what: 'no user was named, and the system does not tell who asks' }
const NO_LOGIN = { ...REFUSED, todo: 'ALTER ROLE … LOGIN, or name another user in the URL' }
const NO_ENTRY = {
  what: 'the Postgres server lets nobody in from here in this way',
  expected: 'a line of its pg_hba.conf for this host, user and database, with TLS or without',
  todo: 'add one; or ask for TLS in the URL, ?sslmode=require, if that is what it wants',
}
/** Who is not let in has one code for many reasons. */
const refusals: readonly (readonly [sign: RegExp, Known])[] = [
  [/pg_hba\.conf/, NO_ENTRY],
  [/no PostgreSQL user name/, NO_USER],
  [/not permitted to log in/, NO_LOGIN],
]
const NO_TLS = {
  what: 'the Postgres server does not speak TLS',
  expected: 'a server that does, since the URL, or PGSSLMODE, asks for it',
  todo: 'switch it on there, or leave sslmode away',
}
const DISK_FULL = {
  what: 'the disk of the Postgres server is full',
  todo: 'make room on it; nothing that was acknowledged is lost',
}
const NOT_ALLOWED = {
  what: 'the Postgres user may not do what the store needs',
  expected: 'the right to create a schema, or one that this user owns',
  todo: 'GRANT CREATE ON DATABASE … TO the user, or name a schema of its own: ?schema=name',
}
const NO_RIGHTS_THERE = {
  what: 'the Postgres user may not do what the store needs with the schema that is there',
  expected: 'a user who may use the schema, and read and write its tables',
  todo: 'GRANT USAGE ON SCHEMA … (and CREATE, while it has no tables yet), and SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA … TO the user; or name a schema of its own: ?schema=name',
}
/** Other things of the name that a table of ours would have. */
const NAME_TAKEN: Known = {
  what: "the schema is somebody else's",
  expected: 'a schema that contention made, or one that does not exist yet',
  todo: 'name another in the URL: ?schema=name',
}
const TABLES_GONE: Known = {
  what: 'the tables of the store have gone',
  expected: 'the schema as it was when the store was opened',
  todo: 'let nobody drop it meanwhile; it is made again when the store is opened again',
  lost: true,
}

const TABLES_CHANGED: Known = {
  what: 'the tables of the store are not as contention made and filled them',
  expected: 'tables, keys and rows that nobody else has changed',
  todo: 'restore the schema from a copy, or name another: ?schema=name',
  lost: true,
}

/** By SQLSTATE, by the code of a system error, or by what pg says when it has neither. */
const known: Readonly<Record<string, Known>> = {
  ECONNREFUSED: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  ENOENT: UNREACHABLE,
  'timeout expired': UNREACHABLE,
  ENOTFOUND: {
    ...UNREACHABLE,
    what: 'the host of the Postgres server is unknown',
    expected: 'a host that has an address',
  },
  EAI_AGAIN: { ...UNREACHABLE, what: 'the host of the Postgres server cannot be looked up' },
  ECONNRESET: GONE,
  EPIPE: GONE,
  '57P01': GONE,
  '57P02': GONE,
  '57P03': { what: 'the Postgres server is starting or stopping', todo: 'try again when it is ready' },
  'Connection terminated': GONE,
  'Connection terminated unexpectedly': GONE,
  'Client has encountered a connection error and is not queryable': GONE,
  'Client was closed and is not queryable': GONE,
  'Query read timeout': { what: 'the Postgres server does not answer', todo: 'see whether it hangs' },
  'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string': NO_PASSWORD,
  'The server does not support SSL connections': NO_TLS,
  '55000': {
    what: 'the database takes no connections',
    expected: 'a database that does',
    todo: 'ALTER DATABASE … ALLOW_CONNECTIONS true, or name another in the URL',
  },
  '3D000': {
    what: 'there is no such database',
    expected: 'a database that exists: only the schema in it is made on first use',
    todo: 'CREATE DATABASE, or name another in the URL',
  },
  '42501': NOT_ALLOWED,
  '42P07': NAME_TAKEN,
  '42710': NAME_TAKEN,
  '25006': {
    what: 'the Postgres server takes no writes',
    expected: 'a primary server, and a user who may write',
    todo: 'name the primary',
  },
  '53100': DISK_FULL,
  '53300': { what: 'the Postgres server takes no more connections', todo: 'close some, or raise max_connections' },
  '55P03': { what: 'a lock on the tables of the store was not given up in time', todo: 'end whoever holds it' },
  '42P10': TABLES_CHANGED,
  '42703': TABLES_CHANGED,
  '42804': TABLES_CHANGED,
  '42809': TABLES_CHANGED,
  '3F000': TABLES_GONE,
  '42P01': TABLES_GONE,
}

/** When something went wrong: on a connection, or while it was being made. */
export type Moment = 'connecting' | 'connecting without a password' | 'connected'

/** What pg throws, as a StoreError. */
export function problemOf(error: unknown, shown: string, moment: Moment = 'connected'): StoreError {
  if (error instanceof StoreError) return error
  const { code, message } = firstOf(error)
  const { what, ...rest } = knownOf(code, message, moment) ?? { what: 'the Postgres server cannot be used' }
  const found = code === undefined || message.includes(code) ? message : `${code}: ${message}`
  return new StoreError({ what, store: `postgres ${shown}`, found, ...rest }, { cause: error })
}

/** The SQLSTATE, or the code of a system error, of what pg throws or of the StoreError that was made of it. */
export const codeOf = (error: unknown): string | undefined =>
  firstOf(error instanceof StoreError ? (error.cause ?? error) : error).code

function knownOf(code: string | undefined, message: string, moment: Moment): Known | undefined {
  if (code === '28P01' && moment === 'connecting without a password') return NO_PASSWORD
  if (code?.startsWith('28')) return refusals.find(([sign]) => sign.test(message))?.[1] ?? REFUSED
  // Whatever the constraint is: ours are only broken by rows that are not ours.
  if (code?.startsWith('23') || (code === '55000' && moment === 'connected')) return TABLES_CHANGED
  if (code === '42501' && /permission denied for (table|schema)/.test(message)) return NO_RIGHTS_THERE
  if (code !== undefined && isUntrusted(code)) return untrusted('Postgres')
  const problem = known[code ?? message]
  // The last words of a server are those of one that is a Postgres.
  return problem === GONE && moment !== 'connected' && !code?.startsWith('57P') ? NO_POSTGRES : problem
}

/** True when the connection on which `error` came is of no use any more. */
export function endsConnection(error: unknown): boolean {
  const { code } = firstOf(error)
  // All that the server says has a code of five characters; class 57P is its last words.
  return code === undefined || !/^[0-9A-Z]{5}$/.test(code) || code.startsWith('57P') || code.startsWith('08')
}

/** A host of several addresses fails once for each. */
function firstOf(error: unknown): { readonly code: string | undefined; readonly message: string } {
  const first = error instanceof AggregateError ? (error.errors[0] ?? error) : error
  const { code, message } = first as { code?: string; message?: string }
  return { code, message: message ?? String(first) }
}

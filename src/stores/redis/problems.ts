import { StoreError, type StoreProblem } from '../store-error.js'
import { isUntrusted, untrusted } from '../untrusted.js'

/** What is said of an error, besides where it was and what it said itself. */
export type Said = Pick<StoreProblem, 'what' | 'expected' | 'todo' | 'lost'>

/** What a server, or the way to it, may say: the first that fits. Errors out of a script have their code further on. */
const known: readonly (readonly [sign: RegExp, Said])[] = [
  [
    /\bNOAUTH\b/,
    {
      what: 'the Redis server wants a password, and none was given',
      todo: 'name it in the URL: redis://:password@host',
    },
  ],
  [
    /\bWRONGPASS\b|invalid password|AUTH .*without any password/,
    { what: 'the Redis server does not accept the user or the password', todo: 'correct them in the URL' },
  ],
  [
    /\bNOPERM\b|can't run this command|can't access at least one of the keys/,
    {
      what: 'the Redis user may not do what a store has to',
      expected:
        'a user with ~contention:* +@hash +@keyspace +@scripting +@connection, and +config|get to know what is durable',
      todo: 'extend the rights of the user with ACL SETUSER, or name another user in the URL',
    },
  ],
  [
    /\bREADONLY\b/,
    { what: 'the Redis server is a replica that takes no writes', todo: 'name the server that it is a replica of' },
  ],
  [
    /\bOOM\b/,
    {
      what: 'the memory of the Redis server is full (maxmemory): it takes no more',
      todo: 'raise maxmemory, or remove what is not needed; nothing that was acknowledged is lost',
    },
  ],
  [
    /\bMISCONF\b/,
    {
      what: 'the Redis server cannot write to its disk, and takes no writes until it can',
      todo: "see the server's log; make room on its disk, or let it write to its folder",
    },
  ],
  [
    /\bLOADING\b/,
    { what: 'the Redis server is still loading its data', todo: 'try again when it has finished loading' },
  ],
  [
    /\b(MOVED|ASK|CLUSTERDOWN|CROSSSLOT)\b/,
    { what: 'the Redis server is a node of a cluster', expected: 'a single server', todo: 'name another server' },
  ],
  [
    /\b(NOREPLICAS|MASTERDOWN)\b/,
    { what: 'the Redis server lacks its replicas or its master, and refuses', todo: 'mend the replication' },
  ],
  [/\bBUSY\b/, { what: "the Redis server is busy with somebody's script", todo: 'SCRIPT KILL ends it' }],
  [
    /\bWRONGTYPE\b|CONTENTION foreign/,
    {
      what: "a key of the Redis database that begins with contention: is somebody else's",
      todo: 'name another database: redis://host:port/1',
    },
  ],
  [
    /CONTENTION gap/,
    {
      what: 'a log in the Redis database is not whole: events that were acknowledged are missing',
      todo: 'restore the database from a copy, or remove the space',
      lost: true,
    },
  ],
  [
    /CONTENTION lost/,
    {
      what: 'the Redis server has lost what it had acknowledged',
      todo: 'let the server keep an append-only file and sync it always; then open the store anew to go on with what is left',
      lost: true,
    },
  ],
  [/DB index is out of range/, { what: 'the Redis server has no database of this number', todo: 'name another' }],
  [
    /unknown command/i,
    { what: 'the Redis server is too old, or lacks a command', expected: 'Redis 4 or later, or what is compatible' },
  ],
  [
    /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/,
    {
      what: 'the Redis server wants a certificate of its client',
      expected: 'a server that lets in by user and password: a URL cannot name a certificate',
      todo: 'set tls-auth-clients no, or optional, on the server',
    },
  ],
  [
    /Unknown RESP type|SSL routines|wrong version number/,
    {
      what: 'what answers there does not speak the language of Redis',
      expected: 'a Redis server: redis:// without TLS, rediss:// with it',
      todo: 'check host, port and protocol of the URL',
    },
  ],
  [/ENOTFOUND|EAI_AGAIN/, { what: "the Redis server's host is not known", todo: 'check the host in the URL' }],
  [
    /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|Connection timeout|ETIMEDOUT|silent/,
    { what: 'no Redis server answers', todo: 'start the server, or check host and port in the URL' },
  ],
  [
    /Socket|ECONNRESET|EPIPE|Disconnects/,
    {
      what: 'the Redis server has gone away in the middle: whether it did what it was asked is not known',
      todo: 'see whether the server runs, and if not, in its log why: one that syncs always ends when its disk is full; the next call connects anew',
    },
  ],
]

/** What went wrong with the server at `place`, as a StoreError; in the words of `better`, if a look at it has found some. */
export function problemOf(error: unknown, place: string, better?: Said): StoreError {
  if (error instanceof StoreError) return error
  const { code, message } = error as NodeJS.ErrnoException
  // Of several addresses of one host, none of which answers, there is a code and no message.
  const found = [code, message]
    .filter((text) => typeof text === 'string' && text !== '')
    .join(': ')
    .trim()
  const said = better ?? (isUntrusted(found) ? untrusted('Redis') : saidOf(found))
  return new StoreError({ store: `redis ${place}`, found, ...said }, { cause: error })
}

const saidOf = (found: string): Said =>
  known.find(([sign]) => sign.test(found))?.[1] ?? { what: 'the Redis server cannot be used' }

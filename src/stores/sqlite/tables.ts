import { StoreError } from '../store-error.js'
import type { Database } from './database.js'

/** `CNTN` in ASCII: SQLite keeps such a number in every file, so that programs know their own. */
const APPLICATION_ID = 0x434e544e
const SCHEMA_VERSION = 2
/** A writer holds the file for microseconds: who waits for so long waits for a process that hangs. */
const BUSY_TIMEOUT_MS = 10_000

const RETRY_MS = 5

/** What an append ends with when another came first. */
export const ELSEWHERE = 'the space is at another version'

/** What is inserted into the view is an append: a swap of the record, and an event. */
const TABLES = `
CREATE TABLE contention_space (
  namespace TEXT NOT NULL, space TEXT NOT NULL, version INTEGER NOT NULL, record TEXT NOT NULL, checkpoint TEXT,
  PRIMARY KEY (namespace, space)) WITHOUT ROWID;
CREATE TABLE contention_session (
  namespace TEXT NOT NULL, space TEXT NOT NULL, session TEXT NOT NULL, told TEXT NOT NULL,
  PRIMARY KEY (namespace, space, session)) WITHOUT ROWID;
CREATE TABLE contention_event (
  namespace TEXT NOT NULL, space TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL,
  PRIMARY KEY (namespace, space, seq)) WITHOUT ROWID;
CREATE VIEW contention_append AS SELECT namespace, space, version, record, 0 AS seq, '' AS event FROM contention_space;
CREATE TRIGGER contention_appending INSTEAD OF INSERT ON contention_append BEGIN
  UPDATE contention_space SET version = version + 1, record = new.record
    WHERE namespace = new.namespace AND space = new.space AND version = new.version;
  SELECT RAISE(ABORT, '${ELSEWHERE}') WHERE changes() = 0;
  INSERT INTO contention_event (namespace, space, seq, event) VALUES (new.namespace, new.space, new.seq, new.event);
END;
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${SCHEMA_VERSION};`

/**
 * Who uses a file. One that is `alone` with it takes no locks, and keeps in memory what it needs to undo a transaction:
 * 1.6 times as fast, on a file that is worth nothing once its process is gone.
 */
export type Access = 'alone' | 'shared' | 'shared-and-synced'

/** Makes the tables on first use; refuses a file that is somebody else's, or of another version. */
export function prepareTables(database: Database, file: string, access: Access): void {
  database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
  database.exec(`PRAGMA synchronous = ${access === 'shared-and-synced' ? 'FULL' : 'OFF'}`)
  const pragma = (name: string) => Number(Object.values(database.prepare(`PRAGMA ${name}`).get() as object)[0])
  // First of all a look: what is not ours is not written to. At one moment, or tables that another process is just making
  // would be seen without the number that says whose they are.
  within(database, 'BEGIN', () => refuseForeign(database, file, pragma))
  if (access === 'alone') keepAlone(database)
  else writeAhead(database)
  within(database, 'BEGIN IMMEDIATE', () => {
    // Another process may have made the tables since.
    if (pragma('application_id') !== APPLICATION_ID) database.exec(TABLES)
  })
}

function keepAlone(database: Database): void {
  database.exec('PRAGMA locking_mode = EXCLUSIVE')
  database.exec('PRAGMA journal_mode = MEMORY')
}

/** Lets other connections to a file that one had `alone`. */
export function share(database: Database): void {
  database.exec('PRAGMA locking_mode = NORMAL')
  // The lock is let go only by the next look at the file.
  database.exec('SELECT COUNT(*) FROM contention_space')
  writeAhead(database)
}

/** SQLite does not always wait for another process that changes the journal mode as well: it may say at once that the file is busy. */
function writeAhead(database: Database): void {
  const untilMs = performance.now() + BUSY_TIMEOUT_MS
  const never = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    try {
      database.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (!(error as Error).message.includes('database is locked') || performance.now() > untilMs) throw error
      Atomics.wait(never, 0, 0, RETRY_MS)
    }
  }
}

/** Everything of `work`, or nothing. */
export function within(database: Database, begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => void): void {
  database.exec(begin)
  try {
    work()
    database.exec('COMMIT')
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function refuseForeign(database: Database, file: string, pragma: (name: string) => number): void {
  const store = `sqlite ${file}`
  const application = pragma('application_id')
  const version = pragma('user_version')
  if (application === APPLICATION_ID) {
    if (version === SCHEMA_VERSION) return
    throw new StoreError({
      what: 'the SQLite file was made by another version of contention',
      store,
      found: `schema version ${version}`,
      expected: `schema version ${SCHEMA_VERSION}`,
      todo: 'name another file, or use the version that made it',
    })
  }
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' LIMIT 3").all() as {
    name: string
  }[]
  if (application === 0 && version === 0 && tables.length === 0) return
  throw new StoreError({
    what: "the SQLite file is somebody else's",
    store,
    found:
      tables.length === 0 ? `application id ${application}` : `tables ${tables.map(({ name }) => name).join(', ')}`,
    expected: 'a file that contention made, or one that does not exist yet',
    todo: 'name another file',
  })
}

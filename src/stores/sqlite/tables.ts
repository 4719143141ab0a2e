import { StoreError } from '../store-error.js'
import { type Access, type Steps, stepsOf, transactions, useAs, waitForOthers } from './access.js'
import type { Database } from './database.js'

/** `CNTN` in ASCII: SQLite keeps such a number in every file, so that programs know their own. */
const APPLICATION_ID = 0x434e544e
const SCHEMA_VERSION = 3
/** What an append ends with when another came first. */
export const ELSEWHERE = 'the space is at another version'

/** Where the record of a space stands: behind all its events. */
export const HEAD = Number.MAX_SAFE_INTEGER

/**
 * A space is its events, by `seq`, and its record behind them: an append then writes the one page on which both are, a fifth
 * faster than with tables for each. The view is only there to be inserted into: an append, which is a swap of the record, and an event.
 */
const TABLES = `
CREATE TABLE contention_space (
  namespace TEXT NOT NULL, space TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, version INTEGER, checkpoint TEXT,
  PRIMARY KEY (namespace, space, seq)) WITHOUT ROWID;
CREATE TABLE contention_session (
  namespace TEXT NOT NULL, space TEXT NOT NULL, session TEXT NOT NULL, told TEXT NOT NULL,
  PRIMARY KEY (namespace, space, session)) WITHOUT ROWID;
CREATE VIEW contention_append AS
  SELECT namespace, space, version, body AS record, 0 AS seq, '' AS event FROM contention_space;
CREATE TRIGGER contention_appending INSTEAD OF INSERT ON contention_append BEGIN
  UPDATE contention_space SET version = version + 1, body = new.record
    WHERE namespace = new.namespace AND space = new.space AND seq = ${HEAD} AND version = new.version;
  SELECT RAISE(ABORT, '${ELSEWHERE}') WHERE changes() = 0;
  INSERT INTO contention_space (namespace, space, seq, body) VALUES (new.namespace, new.space, new.seq, new.event);
END;
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${SCHEMA_VERSION};`

/** Makes the tables on first use; refuses a file that is somebody else's, or of another version. The steps of its connection. */
export function prepareTables(database: Database, file: string, access: Access): Steps {
  const { reading, writing } = transactions(database)
  const pragma = (name: string) => Number(Object.values(database.prepare(`PRAGMA ${name}`).get() as object)[0])
  waitForOthers(database)
  // First of all a look: what is not ours is not written to. At one moment, or tables that another process is just making
  // would be seen without the number that says whose they are.
  reading(() => refuseForeign(database, file, pragma))
  useAs(database, access)
  writing(() => {
    // Another process may have made the tables since.
    if (pragma('application_id') !== APPLICATION_ID) database.exec(TABLES)
  })
  return stepsOf(database, access)
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

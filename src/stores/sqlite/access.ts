import type { Database } from './database.js'

/** A writer holds the file for microseconds: who waits for so long waits for a process that hangs. */
const BUSY_TIMEOUT_MS = 10_000
const RETRY_MS = 5

/**
 * Who uses a file. One that is `alone` with it takes its lock once, and is in one transaction for as long as that lasts:
 * nothing is written that fits into memory. 1.8 times as fast, on a file that is worth nothing once its process is gone.
 * Of `shared-passing` that is true as well: others were told of it, and it goes with its process all the same.
 */
export type Access = 'alone' | 'shared-passing' | 'shared' | 'shared-and-synced'

/**
 * Who shares a file that stays may wait for no disk at its own commits, but its checkpoints are everybody's: one that is not
 * synced puts what others have synced where nothing is, and has their only copy overwritten. It costs a fifth of the rate.
 */
const SYNCHRONOUS: Readonly<Record<Access, 'OFF' | 'NORMAL' | 'FULL'>> = {
  alone: 'OFF',
  'shared-passing': 'OFF',
  shared: 'NORMAL',
  'shared-and-synced': 'FULL',
}

/** Runs everything of `work`, or nothing. */
type Whole = <T>(work: () => T) => T

/** How a connection takes the steps that need more than one statement. */
export interface Steps {
  readonly reading: Whole
  readonly writing: Whole
  /** Lets other connections to the file, if it had it alone. */
  share(): void
  /** Whether it has not been shared yet: then all is in one transaction, unless SQLite has ended that. */
  alone(): boolean
}

/** Waits while another process has the file, rather than fail at once. */
export function waitForOthers(database: Database): void {
  database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
}

/** Settles how this connection uses its file. */
export function useAs(database: Pick<Database, 'exec'>, access: Access): void {
  database.exec(`PRAGMA synchronous = ${SYNCHRONOUS[access]}`)
  if (access === 'alone') {
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    database.exec('PRAGMA journal_mode = MEMORY')
  } else writeAhead(database)
}

/** The steps of a connection that has been settled. */
export function stepsOf(database: Database, access: Access): Steps {
  const own = access === 'alone' ? inOneTransaction(database) : undefined
  const each = transactions(database)
  let { reading, writing } = own ?? each
  let alone = own !== undefined
  let shared = !alone
  return {
    reading: (work) => reading(work),
    writing: (work) => writing(work),
    alone: () => alone,
    share() {
      if (alone) {
        database.exec('COMMIT')
        alone = false
        ;({ reading, writing } = each)
      }
      // Tried again where it failed the last time.
      if (shared) return
      database.exec('PRAGMA locking_mode = NORMAL')
      // The lock is let go only by the next look at the file.
      database.exec('SELECT 1 FROM contention_space LIMIT 1')
      writeAhead(database)
      shared = true
    },
  }
}

type Kinds = Pick<Steps, 'reading' | 'writing'>

export function transactions(database: Database): Kinds {
  return {
    reading: whole(database, 'BEGIN', 'COMMIT', 'ROLLBACK'),
    writing: whole(database, 'BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'),
  }
}

function inOneTransaction(database: Database): Kinds {
  database.exec('BEGIN IMMEDIATE')
  const step = whole(database, 'SAVEPOINT step', 'RELEASE step', 'ROLLBACK TO step; RELEASE step')
  return { reading: step, writing: step }
}

function whole(database: Database, begin: string, end: string, undo: string): Whole {
  const beginning = database.prepare(begin)
  const ending = database.prepare(end)
  return (work) => {
    beginning.run()
    try {
      const result = work()
      ending.run()
      return result
    } catch (error) {
      // A full disk has ended the transaction already.
      if (database.inTransaction) database.exec(undo)
      throw error
    }
  }
}

/** SQLite does not always wait for another process that changes the journal mode as well: it may say at once that the file is busy. */
function writeAhead(database: Pick<Database, 'exec'>): void {
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

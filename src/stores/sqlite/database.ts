import { importDriver } from '../driver.js'
import { StoreError } from '../store-error.js'

type Value = string | number

export interface Statement {
  run(...values: Value[]): { changes: number | bigint }
  get(...values: Value[]): unknown
  all(...values: Value[]): unknown[]
}

type Given = readonly Value[] | readonly [readonly Value[]]

/** Node's own takes values one by one, the others a list of them as well. */
interface DriverStatement {
  run(...values: Given): { changes: number | bigint }
  get(...values: Given): unknown
  all(...values: Given): unknown[]
}

/** What better-sqlite3, libsql and Node's own SQLite have in common. */
export interface Database {
  prepare(sql: string): Statement
  exec(sql: string): unknown
  close(): unknown
  readonly inTransaction: boolean
}

type DatabaseClass = new (
  file: string,
) => Pick<Database, 'exec' | 'close'> & {
  prepare(sql: string): DriverStatement
  readonly inTransaction?: boolean
  readonly isTransaction?: boolean
}

/** Whichever is installed; the last needs no installation, but Node 22.13. */
export const DRIVERS = ['libsql', 'better-sqlite3', 'node:sqlite']

export async function openDatabase(file: string, drivers: readonly string[] = DRIVERS): Promise<Database> {
  const { name, module } = await importDriver('sqlite', drivers)
  const Class = (name === 'node:sqlite' ? module['DatabaseSync'] : module['default']) as DatabaseClass
  let database: InstanceType<DatabaseClass>
  try {
    database = new Class(file)
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    throw new StoreError(
      {
        what: 'the SQLite file cannot be opened',
        store: `sqlite ${file}`,
        found,
        expected: 'a file in a folder that exists, which this user may write',
        todo: 'make its folder, let this user write to it, or name another file: sqlite=<file>',
      },
      { cause: error },
    )
  }
  return {
    prepare: name === 'libsql' ? (sql) => byList(database.prepare(sql)) : (sql) => database.prepare(sql),
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
    get inTransaction() {
      return database.inTransaction ?? database.isTransaction ?? cannotBegin(database)
    },
  }
}

/** Node's own SQLite says whether there is a transaction only from 22.16 on. Before, by that there is none in one. */
function cannotBegin(database: Pick<Database, 'exec'>): boolean {
  try {
    database.exec('BEGIN')
  } catch {
    return true
  }
  database.exec('ROLLBACK')
  return false
}

/** libsql flattens what it is given one by one, at a microsecond each, which is a fifth of an append; a list it takes as it is. */
const byList = (statement: DriverStatement): Statement => ({
  run: (...values) => statement.run(values),
  get: (...values) => statement.get(values),
  all: (...values) => statement.all(values),
})

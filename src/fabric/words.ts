import { codeOf, endsConnection, problemOf } from '../stores/postgres/index.js'
import { StoreError, type StoreProblem } from '../stores/store-error.js'
import type { ScenarioId } from './names.js'
import { TOO_MANY_CONNECTIONS, tooFew } from './room.js'

const ANOTHER = 'name another database with --database-url, or none: then a server is started'

/** What is said of stores, in the words of this command: never without something to do. */
export function inOwnWords({ expected, todo, ...problem }: StoreProblem): StoreProblem {
  const named = todo
    ?.replace('postgres=postgres://', '--database-url postgres://')
    .replace('postgres=embedded starts one', 'without --database-url one is started')
  // What the environment names, this command does not touch.
  const given = expected?.replace('DATABASE_URL, or PGHOST', '--database-url')
  return { ...problem, ...(given !== undefined && { expected: given }), todo: named ?? `mend that, or ${ANOTHER}` }
}

/** A server that does not let the run in. */
export function notConnected(error: unknown, ids: readonly ScenarioId[], shown: string): StoreError {
  const { problem } = problemOf(error, shown)
  if (codeOf(error) !== TOO_MANY_CONNECTIONS) return new StoreError(inOwnWords(problem), { cause: error })
  return new StoreError(tooFew(problem.found ?? problem.what, ids, problem.store), { cause: error })
}

/** A server that lets the run in, and keeps it from something that has to be done before workers can start. */
export function notSetUp(step: string, error: unknown, ids: readonly ScenarioId[], shown: string): StoreError {
  const { problem } = problemOf(error, shown)
  // However far the error has come: a server that goes away keeps nobody from anything.
  const cause = error instanceof StoreError ? (error.cause ?? error) : error
  if (endsConnection(cause)) {
    const { what: found, ...rest } = inOwnWords(problem)
    const what = `the fabric cannot be set up: ${step} failed: ${found}`
    return new StoreError({ ...rest, what, store: `postgres ${shown}` }, { cause: error })
  }
  const { store, what, found = what } = problem
  if (codeOf(error) === TOO_MANY_CONNECTIONS) return new StoreError(tooFew(`${step}: ${found}`, ids, store))
  return new StoreError(
    {
      what: `the fabric cannot be set up: ${step} failed`,
      store,
      found,
      expected: 'a user who may create schemas, and in them tables, functions, triggers and policies, and roles',
      todo: `see what keeps the user from that, as a policy for passwords or an event trigger may; or ${ANOTHER}`,
    },
    { cause: error },
  )
}

import type { QueryConfig } from '../stores/postgres/index.js'
import { StoreError, type StoreProblem } from '../stores/store-error.js'
import { beginning, type ScenarioId } from './names.js'
import { connectionsAtMost, connectionsNeeded, settings, workersOf } from './settings.js'

/** The SQLSTATE of a server, a database or a role that takes no more connections. */
export const TOO_MANY_CONNECTIONS = '53300'

/** How many connections there may be in one respect; of those that there are, the run's own are not counted. */
interface Allowance {
  readonly allowed: number
  readonly taken: number
}

/** What Postgres says of its connections. */
export interface Room {
  /** What the roles of workers, that are no superusers, may have of it. */
  readonly server: Allowance & { readonly max: number }
  /** Null where there is no limit. */
  readonly database: Allowance | null
  readonly user: Allowance | null
}

/** One row `{ room }`: what this run has itself does not count as taken. */
export const roomQuery = (runId: string): QueryConfig => ({ text: ROOM, values: [beginning(runId)] })

/** Who is no superuser sees of the sessions of others only whose they are, and where. */
const ROOM = `
WITH other AS (
  SELECT datname, usename FROM pg_stat_activity
  WHERE datid IS NOT NULL AND usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'
    AND application_name NOT LIKE $1
), reserved AS (
  SELECT current_setting('superuser_reserved_connections')::int
    + coalesce(current_setting('reserved_connections', true), '0')::int AS connections
)
SELECT json_build_object(
  'server', (SELECT json_build_object(
    'max', current_setting('max_connections')::int,
    'allowed', current_setting('max_connections')::int - connections,
    'taken', (SELECT count(*) FROM other)) FROM reserved),
  'database', (SELECT CASE WHEN datconnlimit >= 0 THEN json_build_object('allowed', datconnlimit,
    'taken', (SELECT count(*) FROM other WHERE datname = current_database())) END
    FROM pg_database WHERE datname = current_database()),
  'user', (SELECT CASE WHEN rolconnlimit >= 0 AND NOT rolsuper THEN json_build_object('allowed', rolconnlimit,
    'taken', (SELECT count(*) FROM other WHERE usename = current_user)) END
    FROM pg_roles WHERE rolname = current_user)) AS room`

/** In what there is not room enough for a run of these scenarios, in words; empty when there is. */
export function shortages({ server, database, user }: Room, ids: readonly ScenarioId[]): readonly string[] {
  const [all, own] = [connectionsNeeded(ids), settings.connectionsOfHarness]
  const short = (what: string, { allowed, taken }: Allowance, needed: number) =>
    allowed - taken >= needed
      ? []
      : [`${what}, ${taken} in use: ${Math.max(0, allowed - taken)} left, where ${needed} are needed`]
  const { max, allowed } = server
  return [
    ...short(`the server allows ${max} (max_connections), ${max - allowed} of them kept for superusers`, server, all),
    ...(database === null ? [] : short(`the database allows ${database.allowed} (CONNECTION LIMIT)`, database, all)),
    ...(user === null ? [] : short(`the user's role allows ${user.allowed} (CONNECTION LIMIT)`, user, own)),
  ]
}

/** @throws StoreError where there are too few connections left, before anything is begun */
export function checkRoom(room: Room, ids: readonly ScenarioId[], shown: string): void {
  const short = shortages(room, ids)
  if (short.length > 0) throw new StoreError(tooFew(short.join('; '), ids, `postgres ${shown}`))
}

/** What is said of too few connections, whenever that is found. */
export function tooFew(found: string, ids: readonly ScenarioId[], store: string): StoreProblem {
  const workers = ids.reduce((sum, id) => sum + workersOf(id), 0)
  const { connectionsOfHarness: own, connectionsPerWorker: each } = settings
  const alone = Math.max(...ids.map((id) => connectionsNeeded([id])))
  return {
    what: 'the Postgres server has too few connections left for this run',
    store,
    found,
    expected:
      `${connectionsNeeded(ids)} free ones: ${own} of the run itself and ${each} for each of its ${workers} workers; ` +
      `at most ${connectionsAtMost(ids)}, while the server has not noticed that some were killed`,
    todo: [
      'raise what limits them (max_connections, or ALTER DATABASE or ROLE … CONNECTION LIMIT), or end sessions of others',
      ...(ids.length > 1
        ? [`or run fewer scenarios at once: --scenario NAME, each alone needs no more than ${alone}`]
        : []),
      'or name no --database-url: then a server is started',
    ].join('; '),
  }
}

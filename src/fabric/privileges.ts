import { type Connection, codeOf } from '../stores/postgres/index.js'
import type { ProbeResult, WorkerSpec } from './messages.js'

/** The SQLSTATE of a missing privilege. */
export const INSUFFICIENT_PRIVILEGE = '42501'

/** Statements that are tried one after the other, and refused if one of them is. */
type Try = readonly string[]

/**
 * What a worker must not be able to do, in every way that it may try: one that is let in is enough. Whatever it does, is
 * undone: each in a transaction that is rolled back.
 */
const probes = ({ appSchema, runId }: WorkerSpec, admin: string): Readonly<Record<string, readonly Try[]>> => ({
  'create a table in the public schema': [[`CREATE TABLE public.${runId}_probe (id int)`]],
  'disable row-level security': [[`ALTER TABLE ${appSchema}.item DISABLE ROW LEVEL SECURITY`]],
  'force row-level security': [[`ALTER TABLE ${appSchema}.item FORCE ROW LEVEL SECURITY`]],
  'bypass row-level security': [['SET LOCAL row_security = off', `SELECT count(*) FROM ${appSchema}.item`]],
  'create a role': [[`CREATE ROLE ${runId}_probe`]],
  // Whoever has made the run, and who may run programs on the server.
  'grant itself an administrative role': [
    [`GRANT ${admin} TO CURRENT_USER`],
    ['GRANT pg_execute_server_program TO CURRENT_USER'],
  ],
  'give itself BYPASSRLS': [['ALTER ROLE CURRENT_USER BYPASSRLS']],
})

export const probeNames: readonly string[] = [
  'create a table in the public schema',
  'disable row-level security',
  'force row-level security',
  'bypass row-level security',
  'create a role',
  'grant itself an administrative role',
  'give itself BYPASSRLS',
]

/** Tries all that must be refused, in order. */
export async function privilegeProbe(connection: Connection, spec: WorkerSpec): Promise<readonly ProbeResult[]> {
  const { rows } = await connection.run<{ admin: string }>({
    text: `SELECT quote_ident(pg_get_userbyid(nspowner)) AS admin FROM pg_namespace WHERE nspname = $1`,
    values: [spec.appSchema],
  })
  const results: ProbeResult[] = []
  for (const [probe, tries] of Object.entries(probes(spec, rows[0]?.admin ?? 'postgres'))) {
    results.push({ probe, ...(await refusalOfAll(connection, tries)) })
  }
  return results
}

type Refusal = Omit<ProbeResult, 'probe'>

/** The first try that was let in, or was refused for another reason than want of privilege; else the first. */
async function refusalOfAll(connection: Connection, tries: readonly Try[]): Promise<Refusal> {
  const refusals: Refusal[] = []
  for (const statements of tries) refusals.push(await refusalOf(connection, statements))
  const isLetIn = ({ sqlstate }: Refusal) => sqlstate === null
  const isOther = ({ sqlstate }: Refusal) => sqlstate !== INSUFFICIENT_PRIVILEGE
  return refusals.find(isLetIn) ?? refusals.find(isOther) ?? (refusals[0] as Refusal)
}

async function refusalOf(connection: Connection, statements: Try): Promise<Refusal> {
  await connection.run('BEGIN')
  try {
    for (const statement of statements) await connection.run(statement)
    return { sqlstate: null, message: 'not refused' }
  } catch (error) {
    const { message } = ((error as Error).cause ?? error) as Error
    return { sqlstate: codeOf(error) ?? 'unknown', message }
  } finally {
    await connection.run('ROLLBACK')
  }
}

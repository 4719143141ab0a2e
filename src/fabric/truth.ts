import type { QueryConfig } from '../stores/postgres/index.js'
import type { Names, ScenarioId } from './names.js'

/** What the database says of a scenario when it is over. Read in one statement, however many jobs there were. */
export interface Truth {
  readonly jobs: number
  readonly attempts: number
  /** By number of attempts: how many jobs had so many. */
  readonly attempts_per_job: { readonly [attempts: string]: number }
  readonly barrier_rows: number
  readonly dead_letter_rows: number
  /** By number of attempts, as the engine has counted them: how many dead letters had so many. */
  readonly dead_letter_attempts: { readonly [attempts: string]: number }
  readonly side_effect_rows: number
  /** Side effects beyond the first of a job. */
  readonly duplicates: number
  /** Attempts after the first of a job whose worker was lost. */
  readonly redeliveries: number
  readonly refused_writes: number
  /** Jobs that the engine still has. */
  readonly unfinished: number
  /** Longest time from enqueueing to the first attempt. */
  readonly longest_wait_ms: number
  /** What the role of the workers may do beyond all others. */
  readonly role: { readonly superuser: boolean; readonly bypass_rls: boolean; readonly create_role: boolean }
}

export function truthOf({ app, role }: Names, scenario: ScenarioId, backlog: string): QueryConfig {
  const text = `
WITH per_job AS (
  SELECT job.job, count(attempt.id)::int AS attempts,
    min(extract(epoch FROM attempt.started_at - job.enqueued_at)) * 1000 AS waited_ms
  FROM ${app}.job LEFT JOIN ${app}.attempt ON attempt.job = job.job AND attempt.scenario = $1
  WHERE job.scenario = $1 GROUP BY job.job
), attempt_counts AS (
  SELECT attempts, count(*)::int AS jobs FROM per_job GROUP BY attempts
), effects AS (
  SELECT count(*)::int AS rows, count(DISTINCT job)::int AS jobs FROM ${app}.effect WHERE scenario = $1
), dead AS (
  SELECT attempts, count(*)::int AS jobs FROM ${app}.dead_letter WHERE scenario = $1 GROUP BY attempts
), redelivered AS (
  SELECT count(*)::int AS attempts FROM ${app}.attempt AS later WHERE scenario = $1 AND EXISTS (
    SELECT FROM ${app}.attempt AS earlier JOIN ${app}.lost_worker USING (worker)
    WHERE earlier.scenario = $1 AND earlier.job = later.job AND earlier.attempt < later.attempt)
), backlog AS (${backlog})
SELECT json_build_object(
  'jobs', (SELECT count(*) FROM per_job),
  'attempts', (SELECT coalesce(sum(attempts), 0) FROM per_job),
  'attempts_per_job', (SELECT coalesce(json_object_agg(attempts, jobs), '{}') FROM attempt_counts),
  'barrier_rows', (SELECT count(*) FROM ${app}.barrier WHERE scenario = $1),
  'dead_letter_rows', (SELECT coalesce(sum(jobs), 0) FROM dead),
  'dead_letter_attempts', (SELECT coalesce(json_object_agg(attempts, jobs), '{}') FROM dead),
  'side_effect_rows', (SELECT rows FROM effects),
  'duplicates', (SELECT rows - jobs FROM effects),
  'redeliveries', (SELECT attempts FROM redelivered),
  'refused_writes', (SELECT count(*) FROM ${app}.refused_write WHERE scenario = $1),
  'unfinished', (SELECT unfinished FROM backlog),
  'longest_wait_ms', (SELECT coalesce(round(max(waited_ms)), 0) FROM per_job),
  'role', (SELECT json_build_object('superuser', rolsuper, 'bypass_rls', rolbypassrls, 'create_role', rolcreaterole)
    FROM pg_roles WHERE rolname = $2)) AS truth`
  return { text, values: [scenario, role(scenario)] }
}

import type { QueryConfig } from '../stores/postgres/index.js'
import { identitySql } from './identity.js'
import type { Names, ScenarioId } from './names.js'
import type { Verdict } from './schema.js'
import { settings } from './settings.js'

/** What the database says of a scenario when it is over. Read in one statement, however many jobs there were. */
export type Truth = NonNullable<Verdict['db_truth']>

export function truthOf({ app, role }: Names, scenario: ScenarioId, n: number, backlog: string): QueryConfig {
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
), died AS (
  SELECT job, min(at) AS at FROM ${app}.dead_letter WHERE scenario = $1 GROUP BY job
), redelivered AS (
  SELECT count(*)::int AS attempts FROM ${app}.attempt AS later WHERE scenario = $1 AND EXISTS (
    SELECT FROM ${app}.attempt AS earlier JOIN ${app}.lost_worker USING (worker)
    WHERE earlier.scenario = $1 AND earlier.job = later.job AND earlier.attempt < later.attempt)
), held AS (
  SELECT * FROM ${app}.hold WHERE scenario = $1
), at_once AS (
  SELECT sum(step) OVER (PARTITION BY session ORDER BY at, step ROWS UNBOUNDED PRECEDING) AS jobs FROM (
    SELECT session, taken_at AS at, 1 AS step FROM held
    UNION ALL SELECT session, released_at, -1 FROM held WHERE released_at IS NOT NULL) AS steps
), running_at_once AS (
  SELECT sum(step) OVER (PARTITION BY worker ORDER BY at, step ROWS UNBOUNDED PRECEDING) AS jobs FROM (
    SELECT worker, started_at AS at, 1 AS step FROM ${app}.attempt WHERE scenario = $1
    UNION ALL SELECT worker, ended_at, -1 FROM ${app}.attempt_end WHERE scenario = $1) AS steps
), runaway AS (
  SELECT taken_at, released_at FROM held JOIN ${app}.job USING (job) WHERE kind = 'runaway'
), sentinel AS (
  SELECT job.job, enqueued_at, completed.at AS completed_at,
    round(extract(epoch FROM completed.at - enqueued_at) * 1000)::int AS ms
  FROM ${app}.job LEFT JOIN LATERAL (
    SELECT min(released_at) AS at FROM held WHERE held.job = job.job AND outcome = 'completed') AS completed ON true
  WHERE job.scenario = $1 AND kind = 'sentinel'
), backlog AS (${backlog})
SELECT json_build_object(
  'jobs', (SELECT count(*) FROM per_job),
  'attempts', (SELECT coalesce(sum(attempts), 0) FROM per_job),
  'attempts_per_job', (SELECT coalesce(json_object_agg(attempts, jobs), '{}') FROM attempt_counts),
  'attempts_after_dead_letter', (SELECT count(*) FROM ${app}.attempt JOIN died USING (job) WHERE started_at > died.at),
  'barrier_rows', (SELECT count(*) FROM ${app}.barrier WHERE scenario = $1),
  'dead_letter_rows', (SELECT coalesce(sum(jobs), 0) FROM dead),
  'dead_letter_attempts', (SELECT coalesce(json_object_agg(attempts, jobs), '{}') FROM dead),
  'side_effect_rows', (SELECT rows FROM effects),
  'duplicates', (SELECT rows - jobs FROM effects),
  'redeliveries', (SELECT attempts FROM redelivered),
  'refused_writes', (SELECT count(*) FROM ${app}.refused_write WHERE scenario = $1),
  'unfinished', (SELECT unfinished FROM backlog),
  'longest_wait_ms', (SELECT coalesce(round(max(waited_ms)), 0) FROM per_job),
  'holds', (SELECT json_build_object(
    'taken', count(*),
    'completed', count(*) FILTER (WHERE outcome = 'completed'),
    'completed_early', count(*) FILTER (WHERE early),
    'failed', count(*) FILTER (WHERE outcome = 'failed'),
    'lost', count(*) FILTER (WHERE outcome = 'lost'),
    'most_held_by_one_worker', (SELECT coalesce(max(jobs), 0) FROM at_once),
    'most_run_by_one_worker', (SELECT coalesce(max(jobs), 0) FROM running_at_once)) FROM held),
  'sentinels', (SELECT CASE WHEN count(*) = 0 THEN NULL ELSE json_build_object(
    'completed', count(completed_at),
    'enqueued_behind_runaway', count(*) FILTER (WHERE EXISTS (
      SELECT FROM runaway WHERE taken_at < enqueued_at AND enqueued_at < released_at)),
    'completed_beside_runaway', count(*) FILTER (WHERE EXISTS (
      SELECT FROM runaway WHERE completed_at < released_at)),
    'wait_bound_ms', $3::int,
    'waited_longer', count(*) FILTER (WHERE ms > $3::int),
    'longest_wait_ms', coalesce(max(ms), 0),
    'wait_ms', json_object_agg(job, ms)) END FROM sentinel),
  'database', json_build_object('sha256', ${identitySql}),
  'role', (SELECT json_build_object('superuser', rolsuper, 'bypass_rls', rolbypassrls, 'create_role', rolcreaterole)
    FROM pg_roles WHERE rolname = $2)) AS truth`
  return { text, values: [scenario, role(scenario), settings.waitBoundMs(n)] }
}

/**
 * What the workers write, and the harness reads. Side effects and items belong to tenants, and are kept apart by row-level
 * security: the tenant is that of the transaction, and a transaction without one sees nothing. A setting of a transaction
 * that is over reads as an empty text, hence the `nullif`.
 */
export const tablesIn = (app: string): string => `
CREATE SCHEMA ${app};
CREATE TABLE ${app}.job (
  scenario text NOT NULL, job text PRIMARY KEY, kind text NOT NULL,
  enqueued_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE TABLE ${app}.attempt (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, scenario text NOT NULL, job text NOT NULL, attempt int NOT NULL,
  worker text NOT NULL, engine_job text NOT NULL, started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  session text NOT NULL DEFAULT current_setting('application_name'));
CREATE INDEX ON ${app}.attempt (scenario, job);
CREATE INDEX ON ${app}.attempt (worker);
CREATE TABLE ${app}.attempt_end (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, scenario text NOT NULL, job text NOT NULL, attempt int NOT NULL,
  worker text NOT NULL, ended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  session text NOT NULL DEFAULT current_setting('application_name'));
CREATE INDEX ON ${app}.attempt_end (job);
CREATE TABLE ${app}.effect (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, scenario text NOT NULL, job text NOT NULL, tenant uuid NOT NULL,
  idempotency_key text UNIQUE, worker text NOT NULL);
CREATE INDEX ON ${app}.effect (scenario, job);
CREATE TABLE ${app}.barrier (
  scenario text NOT NULL, job text NOT NULL, attempt int NOT NULL, worker text NOT NULL, PRIMARY KEY (job, attempt));
CREATE TABLE ${app}.dead_letter (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, scenario text NOT NULL, job text NOT NULL, attempts int NOT NULL,
  reason text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX ON ${app}.dead_letter (scenario, job);
CREATE TABLE ${app}.fence (
  job text PRIMARY KEY, scenario text NOT NULL, epoch int NOT NULL, owner text NOT NULL, expires_at timestamptz NOT NULL);
CREATE TABLE ${app}.refused_write (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, scenario text NOT NULL, job text NOT NULL, epoch int NOT NULL,
  worker text NOT NULL);
CREATE TABLE ${app}.lost_worker (worker text PRIMARY KEY, scenario text NOT NULL);
CREATE TABLE ${app}.item (id text PRIMARY KEY, tenant uuid NOT NULL, content text NOT NULL);
${['effect', 'item'].map((table) => tenantsOnly(app, table)).join('')}`

const tenantsOnly = (app: string, table: string): string => `
ALTER TABLE ${app}.${table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON ${app}.${table}
  USING (tenant = nullif(current_setting('contention.tenant', true), '')::uuid)
  WITH CHECK (tenant = nullif(current_setting('contention.tenant', true), '')::uuid);`

/** Where an engine keeps its jobs, and how it writes down what becomes of one. */
export interface JobTable {
  readonly table: string
  /** The column with what a job carries. */
  readonly payload: string
  /** Whether a worker has this job, of a row of the table. */
  readonly held: (row: 'OLD' | 'NEW') => string
  /** Whether the change of a row that was held, by `TG_OP`, was its completion. */
  readonly completed: string
}

/**
 * Writes down, in the very transaction of the engine that does it, when a session has a job and when no longer, and how that
 * came: completed; given back by its own worker, as after a failure or a timeout; or taken from it, as it is lost. A
 * completion is early when the attempt has not ended, or a side effect that belongs to the job is not committed. The
 * functions run as their owner: workers can neither read nor forge this.
 */
export const watchIn = (app: string, { table, payload, held, completed }: JobTable): string => `
CREATE TABLE ${app}.hold (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, scenario text NOT NULL, job text NOT NULL, session text NOT NULL,
  taken_at timestamptz NOT NULL DEFAULT clock_timestamp(), released_at timestamptz, outcome text, early boolean);
CREATE INDEX ON ${app}.hold (job) WHERE released_at IS NULL;
CREATE FUNCTION ${app}.taken() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $taken$
BEGIN
  INSERT INTO ${app}.hold (scenario, job, session)
  SELECT left(name, 2), name, current_setting('application_name') FROM (SELECT NEW.${payload} ->> 'job') AS job(name);
  RETURN NULL;
END $taken$;
CREATE FUNCTION ${app}.released() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $released$
BEGIN
  UPDATE ${app}.hold AS hold SET released_at = clock_timestamp(),
    outcome = CASE WHEN ${completed} THEN 'completed'
      WHEN session = current_setting('application_name') THEN 'failed' ELSE 'lost' END,
    early = ${completed} AND NOT (
      EXISTS (SELECT FROM ${app}.attempt_end AS ended WHERE ended.job = hold.job AND ended.session = hold.session)
      AND (EXISTS (SELECT FROM ${app}.effect WHERE effect.scenario = hold.scenario AND effect.job = hold.job)
        OR NOT EXISTS (SELECT FROM ${app}.job WHERE job.job = hold.job AND kind IN ('crash', 'sentinel', 'zombie'))))
  WHERE released_at IS NULL AND hold.job = OLD.${payload} ->> 'job';
  RETURN NULL;
END $released$;
CREATE TRIGGER contention_taken AFTER UPDATE ON ${table} FOR EACH ROW
  WHEN (NOT (${held('OLD')}) AND ${held('NEW')}) EXECUTE FUNCTION ${app}.taken();
CREATE TRIGGER contention_released AFTER UPDATE ON ${table} FOR EACH ROW
  WHEN (${held('OLD')} AND NOT (${held('NEW')})) EXECUTE FUNCTION ${app}.released();
CREATE TRIGGER contention_removed AFTER DELETE ON ${table} FOR EACH ROW
  WHEN (${held('OLD')}) EXECUTE FUNCTION ${app}.released();`

/** What a worker's role may do with them: no more than its jobs need. */
export const grantsIn = (app: string, role: string): string => `
GRANT USAGE ON SCHEMA ${app} TO ${role};
GRANT INSERT ON ${app}.attempt, ${app}.attempt_end, ${app}.barrier, ${app}.refused_write TO ${role};
GRANT SELECT, INSERT ON ${app}.effect TO ${role};
GRANT SELECT, INSERT, UPDATE ON ${app}.fence TO ${role};
GRANT SELECT ON ${app}.item TO ${role};`

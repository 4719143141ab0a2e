/**
 * What the workers write, and the harness reads. Side effects and items belong to tenants, and are kept apart by row-level
 * security: the tenant is that of the transaction, and a transaction without one sees nothing. A setting of a transaction
 * that is over reads as an empty text, hence the `nullif`.
 */
export const tablesIn = (app: string): string => `
CREATE SCHEMA ${app};
CREATE TABLE ${app}.job (
  scenario text NOT NULL, job text PRIMARY KEY, kind text NOT NULL, enqueued_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE ${app}.attempt (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, scenario text NOT NULL, job text NOT NULL, attempt int NOT NULL,
  worker text NOT NULL, engine_job text NOT NULL, started_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX ON ${app}.attempt (scenario, job);
CREATE INDEX ON ${app}.attempt (worker);
CREATE TABLE ${app}.effect (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, scenario text NOT NULL, job text NOT NULL, tenant uuid NOT NULL,
  idempotency_key text UNIQUE, worker text NOT NULL);
CREATE INDEX ON ${app}.effect (scenario);
CREATE TABLE ${app}.barrier (
  scenario text NOT NULL, job text NOT NULL, attempt int NOT NULL, worker text NOT NULL, PRIMARY KEY (job, attempt));
CREATE TABLE ${app}.dead_letter (
  scenario text NOT NULL, job text PRIMARY KEY, attempts int NOT NULL, reason text NOT NULL);
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

/** What a worker's role may do with them: no more than its jobs need. */
export const grantsIn = (app: string, role: string): string => `
GRANT USAGE ON SCHEMA ${app} TO ${role};
GRANT INSERT ON ${app}.attempt, ${app}.barrier, ${app}.refused_write TO ${role};
GRANT SELECT, INSERT ON ${app}.effect TO ${role};
GRANT SELECT, INSERT, UPDATE ON ${app}.fence TO ${role};
GRANT SELECT ON ${app}.item TO ${role};`

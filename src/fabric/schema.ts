import * as z from 'zod'
import { engineNames, scenarioIds } from './names.js'

const whole = z.int().min(0)
const byAttempts = z.record(z.string(), whole)
const scenario = z.enum(scenarioIds)
const tenants = z.strictObject({ a: z.string(), b: z.string() })
const dsn = z.strictObject({ scheme: z.string(), sha256: z.string() })

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

const truth = z.strictObject({
  jobs: whole,
  attempts: whole,
  /** By number of attempts: how many jobs had so many. */
  attempts_per_job: byAttempts,
  /** Attempts of a job that began when it had a dead letter. */
  attempts_after_dead_letter: whole,
  barrier_rows: whole,
  dead_letter_rows: whole,
  /** By number of attempts, as the engine has counted them: how many dead letters had so many. */
  dead_letter_attempts: byAttempts,
  side_effect_rows: whole,
  /** Side effects beyond the first of a job. */
  duplicates: whole,
  /** Attempts after the first of a job whose worker was lost. */
  redeliveries: whole,
  refused_writes: whole,
  /** Jobs that the engine still has. */
  unfinished: whole,
  /** Longest time from enqueueing to the first attempt. */
  longest_wait_ms: whole,
  /** What has become of the jobs that workers took from the engine, as triggers on its own table saw it. */
  holds: z.strictObject({
    taken: whole,
    completed: whole,
    /** Before the attempt had ended and its effect was committed. */
    completed_early: whole,
    /** Given back by their own worker. */
    failed: whole,
    /** Taken from a worker that was lost. */
    lost: whole,
    most_held_by_one_worker: whole,
    most_run_by_one_worker: whole,
  }),
  /** Null where there are none. Waits are from enqueueing to completion. */
  sentinels: z
    .strictObject({
      completed: whole,
      /** While the runaway that spins had its worker. */
      enqueued_behind_runaway: whole,
      completed_beside_runaway: whole,
      wait_bound_ms: whole,
      waited_longer: whole,
      longest_wait_ms: whole,
      wait_ms: z.record(z.string(), whole.nullable()),
    })
    .nullable(),
  /** In which database all this was found. */
  database: z.strictObject({ sha256 }),
  /** What the role of the workers may do beyond all others. */
  role: z.strictObject({ superuser: z.boolean(), bypass_rls: z.boolean(), create_role: z.boolean() }),
})

const counts = z.strictObject({
  jobs: whole,
  attempts: whole,
  attemptsPerJob: byAttempts,
  deadLetters: whole,
  sideEffects: whole,
  duplicates: whole,
  redeliveries: whole,
  refusedWrites: whole,
})

/** In the order in which they are told, of a run as of its log. */
export const countNames = Object.keys(counts.shape) as readonly (keyof typeof counts.shape)[]

export const verdictSchema = z.strictObject({
  scenario,
  title: z.string(),
  n: whole,
  candidate_commit: z.string(),
  run_url: z.string().nullable(),
  tenants,
  db_truth: truth.nullable(),
  worker_observed: z.record(z.string(), z.json()),
  passed: z.boolean(),
  reasons: z.array(z.string()),
})

const configurationSchema = z.strictObject({
  run_id: z.string(),
  scenarios: z.array(scenario),
  n: whole,
  candidate_commit: z.string(),
  run_url: z.string().nullable(),
  tenants,
  engine: z.strictObject({ name: z.enum(engineNames), version: z.string() }),
  broker: dsn,
  result_backend: dsn,
  server_version: z.string(),
  acknowledgement: z.strictObject({
    late: z.boolean(),
    on_failure_or_timeout: z.boolean(),
    reject_on_worker_lost: z.boolean(),
  }),
  prefetch: whole,
  max_attempts: whole,
  retry_delay_scale: z.number().min(0),
  soft_limit_ms: whole,
  hard_limit_ms: whole,
  lease_ms: whole,
  connections_at_most: whole,
  model: z.enum(['compared', 'not compared']),
})

/** What the operating system, the server and its catalogue say of where the fabric is: not what it says of itself. */
const fabricSchema = z.strictObject({
  database: z.strictObject({ sha256, server_version: z.string() }),
  engine_migration: whole,
  /** Whether the catalogue of that database has them. */
  tables: z.strictObject({ jobs: z.boolean(), attempts: z.boolean(), dead_letters: z.boolean(), results: z.boolean() }),
  seen_by: z.enum(['procfs', 'lsof']),
  harness: z.strictObject({ connections_seen: z.boolean(), sessions_known: z.boolean() }),
  workers: z.strictObject({ started: whole, looked_at: whole, of_this_database: whole, with_session: whole }),
  /** TCP connections of workers' process groups, or of the harness, that go not to that server. */
  connections_elsewhere: z.array(z.string()),
  /** Connections of workers to that server that are no sessions in that database. */
  connections_unaccounted: whole,
})

const comparisonSchema = z.array(
  z.strictObject({
    scenario,
    failure: z.enum(['poison', 'crash-before-acknowledging', 'runaway', 'zombie']),
    predicted: counts,
    observed: counts.nullable(),
  }),
)

const sealSchema = z.strictObject({ sha256 })

/** The blocks of which there is one each, and how they are called. */
export const onlyBlocks: { readonly [Name in keyof OnlyBlocks]: OnlyBlock<OnlyBlocks[Name]> } = {
  configuration: { schema: configurationSchema, called: 'run configuration' },
  fabric: { schema: fabricSchema, called: 'block of what the fabric is connected to' },
  comparison: { schema: comparisonSchema, called: 'comparison' },
  seal: { schema: sealSchema, called: 'seal' },
}

export interface OnlyBlocks {
  readonly configuration: Configuration
  readonly fabric: Fabric
  readonly comparison: readonly Comparison[]
  readonly seal: Seal
}

interface OnlyBlock<Value> {
  readonly schema: z.ZodType<Value>
  readonly called: string
}

export const onlyBlockNames = Object.keys(onlyBlocks) as readonly (keyof OnlyBlocks)[]

export const markerSchema = z.record(z.string(), z.json())

export type Verdict = z.infer<typeof verdictSchema>
export type Seal = z.infer<typeof sealSchema>
export type Fabric = z.infer<typeof fabricSchema>
export type Configuration = z.infer<typeof configurationSchema>
export type Comparison = z.infer<typeof comparisonSchema>[number]

/** The value of JSON text, or what is wrong with it. */
export function readAs<T>(schema: z.ZodType<T>, text: string): { readonly value: T } | { readonly problem: string } {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { problem: 'it is not JSON' }
  }
  const result = schema.safeParse(json)
  if (result.success) return { value: result.data }
  const [issue] = result.error.issues
  return { problem: `${issue?.path.join('.') || 'all of it'}: ${issue?.message}` }
}

import * as z from 'zod'
import { engineNames, scenarioIds } from './names.js'

const whole = z.int().min(0)
const byAttempts = z.record(z.string(), whole)
const scenario = z.enum(scenarioIds)
const tenants = z.strictObject({ a: z.string(), b: z.string() })
const dsn = z.strictObject({ scheme: z.string(), sha256: z.string() })

const truth = z.strictObject({
  jobs: whole,
  attempts: whole,
  attempts_per_job: byAttempts,
  barrier_rows: whole,
  dead_letter_rows: whole,
  dead_letter_attempts: byAttempts,
  side_effect_rows: whole,
  duplicates: whole,
  redeliveries: whole,
  refused_writes: whole,
  unfinished: whole,
  longest_wait_ms: whole,
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

export const configurationSchema = z.strictObject({
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

export const comparisonSchema = z.array(
  z.strictObject({
    scenario,
    failure: z.enum(['poison', 'crash-before-acknowledging', 'runaway', 'zombie']),
    predicted: counts,
    observed: counts.nullable(),
  }),
)

export const markerSchema = z.record(z.string(), z.json())

export type Verdict = z.infer<typeof verdictSchema>
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

import * as z from 'zod'
import { type Counterexample, counterexampleVersion } from './counterexample.js'
import { strategies } from './plan.js'

const whole = z.int({ error: 'a whole number' })
const time = whole.min(0, { error: 'a whole number, 0 or more' })
const node = time.describe('index of the node, from 0')
const leg = z.enum(['request', 'reply'], { error: 'request or reply' })

const fault = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('pause'), node, atMs: time, durationMs: time }),
    z.strictObject({ kind: z.literal('crash'), node, atMs: time, restartAfterMs: time.optional() }),
    z.strictObject({ kind: z.literal('restart'), node, atMs: time }),
    z.strictObject({ kind: z.literal('skew'), node, atMs: time, byMs: whole }),
    z.strictObject({
      kind: z.literal('drift'),
      node,
      atMs: time,
      ppm: whole.min(-999_999, { error: 'a whole number above -1000000' }),
    }),
    z.strictObject({ kind: z.literal('partition'), nodes: z.array(node), atMs: time, durationMs: time }),
    z.strictObject({ kind: z.literal('drop'), leg, node, atMs: time, durationMs: time }),
    z.strictObject({ kind: z.literal('duplicate'), leg, node, atMs: time, durationMs: time }),
    z.strictObject({ kind: z.literal('delay'), leg, node, atMs: time, durationMs: time, delayMs: time }),
    z.strictObject({
      kind: z.literal('store-restart'),
      atMs: time,
      durationMs: time,
      unsynced: z.enum(['kept', 'lost'], { error: 'kept or lost' }),
    }),
    z.strictObject({ kind: z.literal('slow-store'), atMs: time, durationMs: time, delayMs: time }),
  ],
  {
    error:
      'a fault: pause, crash, restart, skew, drift, partition, drop, duplicate, delay, store-restart or slow-store',
  },
)

/** What the file of a counterexample may hold. */
export const counterexampleSchema = z
  .strictObject({
    $schema: z.string().optional(),
    version: z.literal(counterexampleVersion, { error: String(counterexampleVersion) }).describe('of this format'),
    scenario: z.string({ error: 'the name of a scenario' }),
    subject: z.string().describe('file of the subject, relative to the project').optional(),
    found: z
      .strictObject({
        kind: z.enum(['breach', 'nondeterministic', 'subject-fault', 'endless']),
        what: z.string(),
        message: z.string(),
        atMs: time,
      })
      .describe('what went wrong when it was found'),
    seed: time.max(0xffff_ffff, { error: 'a whole number up to 4294967295' }),
    strategy: z.enum(strategies as readonly ['insertion', 'random', 'pct'], { error: 'insertion, random or pct' }),
    parameters: z
      .record(z.string(), whole)
      .describe('a value for each parameter of the scenario; its default where it has none'),
    faults: z.array(fault),
    invariants: z.array(z.string()).describe('names of the invariants to judge; all when absent').optional(),
    maxEvents: whole
      .min(1, { error: 'a whole number, 1 or more' })
      .describe('most events a run may take before it is ended as one that loops')
      .optional(),
  })
  .meta({
    title: 'Counterexample of contention',
    description: 'What `contention explore` has found, for `contention replay` and `contention check`',
  }) as unknown as z.ZodType<Counterexample & { readonly $schema?: string }>

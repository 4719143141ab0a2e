import * as z from 'zod'
import { MAX_SEED } from '../input/index.js'
import type { Budgets } from './budget.js'

const whole = z.int({ error: 'a whole number' })
const limit = whole.min(0, { error: 'a whole number of 0 or more' })
const seed = limit.max(MAX_SEED, { error: `a whole number up to ${MAX_SEED}` })
const spread = z.strictObject({ median: limit, p95: limit, max: limit })

const limitShape = <T extends z.ZodType>(of: T) => ({
  maxLeaseWindowP95Ms: of,
  maxCheckpointWindowEvents: of,
  maxReplayWindowMs: of,
  maxQueueDepth: of,
  maxRetryAttempts: of,
})

const budget = z.strictObject({
  maxLeaseWindowP95Ms: limit.describe('95th percentile of the time from a first lease request until its grant, in ms'),
  maxCheckpointWindowEvents: limit.describe('events appended to one log since its last checkpoint'),
  maxReplayWindowMs: limit.describe('time from a grant until the successor has replayed and serves, in ms'),
  maxQueueDepth: limit.describe('lease requests outstanding, and nodes waiting for one space, at one moment'),
  maxRetryAttempts: limit.describe('requests sent again after a refusal or a timeout'),
})

const derivation = z.strictObject({
  seeds: z.strictObject({ from: seed, to: seed }).describe('both included'),
  subject: z.string().optional().describe('the lease core it was measured on, where that is not the built-in one'),
  parameters: z.record(z.string(), whole).optional().describe('those that were not at their default'),
  percentile: z.literal('max', { error: '"max"' }).describe('which figure over all seeds a limit is put above'),
  headroomPercent: limit.describe('how far above, in percent of it'),
  evidence: z.strictObject(limitShape(spread)).describe('what was measured'),
})

/** What a file `budgets/vN.json` must be. */
export const budgetsSchema: z.ZodType<Budgets> = z
  .strictObject({
    $schema: z.string().optional(),
    version: whole.min(1, { error: 'a whole number of 1 or more' }).describe('N of the file name vN.json'),
    derivedFrom: z.record(z.string(), derivation).optional().describe('by scenario, where the limits came from'),
    raised: z
      .array(
        z.strictObject({
          scenario: z.string(),
          limit: z.enum([
            'maxLeaseWindowP95Ms',
            'maxCheckpointWindowEvents',
            'maxReplayWindowMs',
            'maxQueueDepth',
            'maxRetryAttempts',
          ]),
          from: limit,
          to: limit,
          reason: z.string().min(1, { error: 'why the limit had to be raised' }),
        }),
      )
      .optional()
      .describe('limits that are higher than in the version before, and why'),
    scenarios: z.record(z.string(), budget).describe('one budget per scenario'),
  })
  .meta({ title: 'Budgets of contention', description: 'Upper limits for the metrics of contention scenarios' })

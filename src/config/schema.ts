import * as z from 'zod'
import { HYPHENATED_NAME, MAX_SEED } from '../input/index.js'
import { needKinds, PARAMETER_NAME, type Scenario } from '../scenario/index.js'
import type { Config } from './config.js'

const wholeFrom = (min: number) =>
  z.int({ error: 'a whole number' }).min(min, { error: `a whole number of ${min} or more` })

/** The part of a configuration that JSON can say. */
const plainConfig = {
  builtIn: z
    .union([z.boolean(), z.array(z.string())], { error: 'true, false, or a list of built-in scenarios' })
    .describe('whether the built-in scenarios run too, or which of them')
    .optional(),
  subjects: z
    .array(z.string({ error: 'the path of a file' }), { error: 'a list of paths' })
    .describe('files whose default export is a subject')
    .optional(),
  stores: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]*$/, { error: 'a name: lower case, digits and hyphens' }),
      z.string({ error: 'a store, as in "sqlite=state.db"' }),
    )
    .describe('names for stores, for --store')
    .optional(),
  seed: wholeFrom(0)
    .max(MAX_SEED, { error: `a whole number up to ${MAX_SEED}` })
    .describe('root of all chance')
    .optional(),
  parameters: z
    .record(z.string(), z.record(z.string(), z.int({ error: 'a whole number' })))
    .describe('by scenario, parameters that are not to be the default')
    .optional(),
  budgets: z.string({ error: 'the path of a folder' }).describe('folder of the budget files').optional(),
  snapshots: z.string({ error: 'the path of a folder' }).describe('folder of the snapshot').optional(),
  maxEvents: wholeFrom(1).describe('most events a run may take before it is ended as one that loops').optional(),
}

/** What a JSON configuration may hold. */
export const jsonConfigSchema = z
  .strictObject({
    $schema: z.string().optional(),
    scenarios: z.array(z.string()).describe('files whose exports are scenarios').optional(),
    ...plainConfig,
  })
  .meta({
    title: 'Configuration of contention',
    description: 'What contention.config.json may hold; paths are relative to the file',
  })

const isFunction = (value: unknown): boolean => typeof value === 'function'
const fn = z.custom<never>(isFunction, { error: 'a function' })

const parameter = z.strictObject({
  default: z.int({ error: 'a whole number' }),
  min: z.int({ error: 'a whole number' }),
  max: z.int({ error: 'a whole number' }),
  description: z.string(),
})

/** What an object must have to be a scenario. */
export const scenarioSchema = z.object({
  name: z.string({ error: 'a name' }).regex(HYPHENATED_NAME, { error: 'lower case words joined by hyphens' }),
  description: z.string({ error: 'one line of text' }),
  parameters: z
    .object({ nodes: parameter, spaces: parameter, durationMs: parameter })
    .catchall(parameter)
    .superRefine((parameters, context) => {
      for (const name of Object.keys(parameters).filter((each) => !PARAMETER_NAME.test(each))) {
        context.addIssue({ code: 'custom', path: [name], message: 'a name of letters, digits, _, $, . and -' })
      }
    }),
  network: fn,
  node: fn,
  invariants: fn,
  faults: fn.optional(),
  clockSkewMs: fn.optional(),
  explore: fn.optional(),
  calmFromMs: fn.optional(),
  needs: z
    .array(z.enum(needKinds, { error: `one of ${needKinds.join(', ')}` }), { error: 'a list of commands' })
    .optional(),
})

/** What a configuration may hold. */
export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  scenarios: z
    .array(
      z.union([z.string(), z.custom<Scenario>((value) => typeof value === 'object' && value !== null)], {
        error: 'a path or a scenario',
      }),
      { error: 'a list of paths or scenarios' },
    )
    .optional(),
  ...plainConfig,
}) as unknown as z.ZodType<Config>

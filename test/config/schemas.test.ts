import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { budgetsSchema } from '../../src/budget/schema.js'
import { jsonConfigSchema } from '../../src/config/schema.js'
import { counterexampleSchema } from '../../src/explore/schema.js'
import { packageRoot } from '../../src/package.js'

const read = (path: string) => JSON.parse(readFileSync(join(packageRoot(), path), 'utf8'))

/** What an editor says about a file under a schema of this package: the paths that are wrong in it. */
function wrongPlaces(schema: string, value: unknown): readonly string[] {
  const validate = new Ajv2020({ allErrors: true }).compile(read(`schemas/${schema}.schema.json`))
  validate(value)
  return (validate.errors ?? []).map(({ instancePath }) => instancePath)
}

/** What editors know of a file's format: made of the schema that the file is checked with. `npm run schemas` writes it. */
const jsonSchema = (schema: z.ZodType): string =>
  `${JSON.stringify(z.toJSONSchema(schema, { io: 'input' }), null, 2)}\n`

describe('the JSON Schemas that come with the package', () => {
  it('let an editor accept the budgets that come with it, and underline what is wrong in others', () => {
    const budgets = read('budgets/v1.json')
    expect(wrongPlaces('budgets', budgets)).toEqual([])
    const renewal = { ...budgets.scenarios['lease-renewal-contention'], maxQueueDepth: -1, maxRetryAttempts: 1.5 }
    expect(wrongPlaces('budgets', { version: 0, scenarios: { 'lease-renewal-contention': renewal } })).toEqual([
      '/version',
      '/scenarios/lease-renewal-contention/maxQueueDepth',
      '/scenarios/lease-renewal-contention/maxRetryAttempts',
    ])
  })

  it('let an editor accept a configuration, and underline what is wrong in another', () => {
    const parameters = { 'lease-renewal-contention': { nodes: 24 } }
    expect(wrongPlaces('config', { builtIn: ['lease-renewal-contention'], seed: 7, parameters })).toEqual([])
    expect(wrongPlaces('config', { scenarios: './own.ts', seed: -1 })).toEqual(['/scenarios', '/seed'])
  })

  it('lead from the budget file to the schema by its own `$schema`', () => {
    expect(read(join('budgets', read('budgets/v1.json').$schema)).description).toMatch(/limits/)
  })

  it('say of budget files what is checked', async () => {
    await expect(jsonSchema(budgetsSchema)).toMatchFileSnapshot('../../schemas/budgets.schema.json')
  })

  it('say of counterexamples what is checked', async () => {
    await expect(jsonSchema(counterexampleSchema)).toMatchFileSnapshot('../../schemas/counterexample.schema.json')
  })

  it('say of configurations what is checked', async () => {
    await expect(jsonSchema(jsonConfigSchema)).toMatchFileSnapshot('../../schemas/config.schema.json')
  })
})

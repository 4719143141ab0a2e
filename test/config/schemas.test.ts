import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { parseBudgets } from '../../src/budget/index.js'
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

  it('let an editor underline seeds that are none', () => {
    const budgets = read('budgets/v1.json')
    budgets.derivedFrom['lease-renewal-contention'].seeds = { from: -1, to: 2 ** 32 }
    const seeds = '/derivedFrom/lease-renewal-contention/seeds'
    expect(wrongPlaces('budgets', budgets)).toEqual([`${seeds}/from`, `${seeds}/to`])
    expect(() => parseBudgets(JSON.stringify(budgets), 'v1.json', Object.keys(budgets.scenarios))).toThrow(
      expect.objectContaining({ message: expect.stringContaining('-1') }),
    )
  })

  it('let an editor accept of counterexamples the one version there is', () => {
    const example = {
      version: 1,
      scenario: 'lease-lifecycle',
      found: { kind: 'breach', what: 'mutual-exclusion', message: 'two holders', atMs: 5 },
      seed: 1,
      strategy: 'insertion',
      parameters: {},
      faults: [],
    }
    expect(wrongPlaces('counterexample', example)).toEqual([])
    expect(wrongPlaces('counterexample', { ...example, version: 2 })).toEqual(['/version'])
  })

  it.each(['budgets', 'config', 'counterexample'])('have a title: %s', (name) => {
    expect(read(`schemas/${name}.schema.json`).title).toMatch(/contention$/)
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

import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { budgetsSchema } from '../../src/budget/schema.js'
import { jsonConfigSchema } from '../../src/config/schema.js'

/** What editors know of a file's format: made of the schema that the file is checked with. `vitest -u` writes them anew. */
const jsonSchema = (schema: z.ZodType): string =>
  `${JSON.stringify(z.toJSONSchema(schema, { io: 'input' }), null, 2)}\n`

describe('the JSON Schemas that come with the package', () => {
  it('say of budget files what is checked', async () => {
    await expect(jsonSchema(budgetsSchema)).toMatchFileSnapshot('../../schemas/budgets.schema.json')
  })

  it('say of configurations what is checked', async () => {
    await expect(jsonSchema(jsonConfigSchema)).toMatchFileSnapshot('../../schemas/config.schema.json')
  })
})

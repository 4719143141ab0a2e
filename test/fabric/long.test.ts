import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonical } from '../../src/fabric/canonical.js'
import { scenarioIds } from '../../src/fabric/names.js'
import type { FabricFlaws } from '../../src/fabric/settings.js'
import { patienceFor } from '../../src/fabric/settings.js'
import { type PostgresServer, startPostgres } from '../../src/stores/postgres/index.js'
import { failedScenarios, leftIn, query, runOf } from './support.js'

/** `npm run test:fabric`: minutes, where the other tests take seconds. */
describe.runIf(process.env['CONTENTION_LONG'])(
  'contention verify, at length',
  () => {
    let server: PostgresServer
    beforeAll(async () => {
      server = await startPostgres({ fsync: false })
    })
    afterAll(() => server.stop())

    it('holds for a thousand poisoned jobs, and a thousand behind runaways', async () => {
      expect(failedScenarios(await runOf({ n: 1_000, scenarios: ['S1', 'S4'] }))).toEqual([])
    })

    it('waits for retries that are not scaled down', async () => {
      const scaled = { retryDelayScale: 1, patienceMs: patienceFor(1) }
      expect(failedScenarios(await runOf({ databaseUrl: server.url, n: 1, scenarios: ['S1'], ...scaled }))).toEqual([])
    })

    it.each<FabricFlaws>([
      { S1: 'one retry too few' },
      { S1: 'effect before failure' },
      { S2: 'early acknowledgement' },
      { S2: 'no idempotency key' },
      { S3: 'role with BYPASSRLS' },
      { S4: 'no time limit' },
      { S4: 'no reaper' },
      { S5: 'role with CREATEROLE' },
      { S6: 'no fence' },
    ])('fails in exactly one scenario: %o', async (flaws) => {
      for (const engine of ['graphile', 'pg-boss'] as const) {
        const evidence = await runOf({ databaseUrl: server.url, engine, flaws, patienceMs: 6_000 })
        expect([engine, ...failedScenarios(evidence)]).toEqual([engine, ...Object.keys(flaws)])
      }
    })

    it.each(['graphile', 'pg-boss'] as const)('gives the same verdicts ten times on %s', async (engine) => {
      const forms = new Set<string>()
      for (let run = 0; run < 10; run++) forms.add(canonical(await runOf({ databaseUrl: server.url, engine, n: 10 })))
      expect(forms.size).toBe(1)
      expect(await leftIn(server.url)).toEqual([])
    })

    it('needs no superuser', async () => {
      await query(
        server.url,
        "CREATE ROLE maker LOGIN CREATEROLE PASSWORD 'maker'; GRANT CREATE ON DATABASE postgres TO maker",
      )
      const databaseUrl = `postgres://maker:maker@127.0.0.1:${new URL(server.url).port}/postgres`
      const evidence = await runOf({ databaseUrl })
      expect(evidence.verdicts.flatMap(({ reasons }) => reasons)).toEqual([])
      expect(evidence.verdicts.map(({ scenario }) => scenario)).toEqual(scenarioIds)
      expect(await leftIn(server.url)).toEqual([])
    }, 60_000)
  },
  600_000,
)

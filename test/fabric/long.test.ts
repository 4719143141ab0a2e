import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonical } from '../../src/fabric/canonical.js'
import type { Evidence } from '../../src/fabric/evidence.js'
import { gatesOf } from '../../src/fabric/gates.js'
import { engineNames, scenarioIds } from '../../src/fabric/names.js'
import { probeNames } from '../../src/fabric/privileges.js'
import type { FabricFlaws, RoleFlaw } from '../../src/fabric/settings.js'
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

    it('is not given up while attempts go on, however long it takes until the first job is dead', async () => {
      expect(failedScenarios(await runOf({ n: 400, scenarios: ['S1'], patienceMs: 1_500 }))).toEqual([])
    })

    it('waits for retries that are not scaled down', async () => {
      const scaled = { retryDelayScale: 1, patienceMs: patienceFor(1) }
      expect(failedScenarios(await runOf({ databaseUrl: server.url, n: 1, scenarios: ['S1'], ...scaled }))).toEqual([])
    })

    it.each<readonly [FabricFlaws, RegExp]>([
      [{ S1: 'one retry too few' }, /attempts: 6, not 8/],
      [{ S1: 'effect before failure' }, /side effect rows: 2, not 0/],
      [{ S1: 'dead letters tried again' }, /retried while watched: [12], not 0/],
      [{ S2: 'early acknowledgement' }, /completed early: [12], not 0/],
      [{ S2: 'no idempotency key' }, /duplicates: 2, not 0/],
      [{ S3: 'role with BYPASSRLS' }, /bypass rls: true, not false/],
      [{ S4: 'no time limit' }, /waited for the soft limit|waited for the hard limit/],
      [{ S4: 'no reaper' }, /dead letter rows: 0, not 2/],
      [{ S6: 'no fence' }, /duplicates: 2, not 0/],
    ])('fails in exactly one scenario, for its own reason: %o', async (flaws, why) => {
      for (const engine of engineNames) {
        const evidence = await runOf({ databaseUrl: server.url, engine, flaws, patienceMs: 6_000 })
        expect([engine, ...failedScenarios(evidence)]).toEqual([engine, ...Object.keys(flaws)])
        expect(evidence.verdicts.flatMap(({ reasons }) => reasons).join('\n')).toMatch(why)
      }
    })

    it.each(engineNames)(
      'fails S4 by the bound and by nothing else when limits come too late for it: %s',
      async (engine) => {
        const flaws: FabricFlaws = { S4: 'limits longer than the bound' }
        const evidence = await runOf({ databaseUrl: server.url, engine, flaws })
        expect(failedScenarios(evidence)).toEqual(['S4'])
        expect(evidence.verdicts.flatMap(({ reasons }) => reasons)).toEqual([
          expect.stringMatching(/^waited longer than the bound of 3040 ms: 2 of 2 sentinels, at most \d+ ms$/),
        ])
        const failed = gatesOf(evidence).filter(({ passed }) => !passed)
        expect(failed.map(({ name }) => name)).toEqual([
          'runaway stopped without starvation',
          'model and reality agree',
        ])
      },
    )

    it.each<readonly [RoleFlaw, readonly string[]]>([
      // Who may disable row-level security owns the table, and so may force it: Postgres has no smaller right for either.
      [
        'role that owns a table, whose row-level security holds for its owner',
        ['disable row-level security', 'force row-level security'],
      ],
      [
        'role that owns a table',
        ['disable row-level security', 'force row-level security', 'bypass row-level security'],
      ],
      ['role with BYPASSRLS', ['bypass row-level security']],
      ['role with CREATEROLE', ['create a role']],
      ['role that administers an administrative role', ['grant itself an administrative role']],
      // To give oneself BYPASSRLS takes a superuser, to whom nothing is refused.
      ['superuser', probeNames],
    ])('fails exactly S5, by exactly what a %s may do: %o', async (flaw, letIn) => {
      for (const engine of engineNames) {
        const evidence = await runOf({ databaseUrl: server.url, engine, flaws: { S5: flaw } })
        expect([engine, ...failedScenarios(evidence)]).toEqual([engine, 'S5'])
        expect(letInBy(evidence)).toEqual(letIn)
      }
      expect(await leftIn(server.url)).toEqual([])
    })

    it('fails exactly S5, by exactly a table in the public schema, where everybody may create them', async () => {
      await query(server.url, 'CREATE DATABASE permissive')
      const databaseUrl = server.url.replace(/\/\w+$/, '/permissive')
      expect(databaseUrl).not.toBe(server.url)
      await query(databaseUrl, 'GRANT CREATE ON SCHEMA public TO PUBLIC')
      for (const engine of engineNames) {
        const evidence = await runOf({ databaseUrl, engine })
        expect([engine, ...failedScenarios(evidence)]).toEqual([engine, 'S5'])
        expect(letInBy(evidence)).toEqual(['create a table in the public schema'])
      }
      expect(await leftIn(databaseUrl)).toEqual([])
    })

    it.each(engineNames)('sees a worker of %s that has a connection to somewhere else', async (engine) => {
      const evidence = await runOf({ databaseUrl: server.url, engine, flaws: { fabric: 'a connection elsewhere' } })
      expect(failedScenarios(evidence)).toEqual([])
      const failed = gatesOf(evidence).filter(({ passed }) => !passed)
      const reasons = failed.find(({ name }) => name === 'Postgres-only fabric provable')!.reasons
      expect(reasons.join('\n')).toMatch(/a connection that goes not to the database: a worker: 127\.0\.0\.1:\d+/)
      // Nothing was compared here; with that exception nothing else is wrong.
      expect(failed.map(({ name }) => name)).toEqual(['Postgres-only fabric provable', 'model and reality agree'])
    })

    it.each(engineNames)('gives the same verdicts ten times on %s', async (engine) => {
      const form = async () => canonical(await runOf({ databaseUrl: server.url, engine, n: 10 }))
      const first = await form()
      for (let run = 1; run < 10; run++) {
        const next = await form()
        if (next !== first) console.error(`run ${run} of ${engine} differs:\n${differing(first, next)}`)
        expect(next).toBe(first)
      }
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

/** The probes of S5 that were not refused. */
function letInBy({ verdicts }: Evidence): readonly string[] {
  const probes = verdicts.find(({ scenario }) => scenario === 'S5')?.worker_observed['probes'] as unknown
  return (probes as { readonly probe: string; readonly sqlstate: string | null }[])
    .filter(({ sqlstate }) => sqlstate === null)
    .map(({ probe }) => probe)
}

/** The lines of each that the other has not. */
function differing(one: string, other: string): string {
  const [before, after] = [one.split('\n'), other.split('\n')]
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ].join('\n')
}

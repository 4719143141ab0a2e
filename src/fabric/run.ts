import { setTimeout as sleep } from 'node:timers/promises'
import { StoreError } from '../stores/store-error.js'
import { Context, type Shared } from './context.js'
import { type Marker, markerCounts, type Verdict } from './evidence.js'
import { Interrupted, NoWorker } from './failure.js'
import { type ScenarioId, titles } from './names.js'
import { judge, scenarios } from './scenarios/index.js'
import type { Observed } from './scenarios/scenario.js'
import { isFlawed, settings } from './settings.js'
import { type Truth, truthOf } from './truth.js'

export interface ScenarioRun {
  readonly verdict: Omit<Verdict, 'candidate_commit' | 'run_url'>
  readonly tookMs: number
}

/** Runs the scenarios side by side: none has anything to do with another's jobs, workers or role. */
export async function runScenarios(
  ids: readonly ScenarioId[],
  urls: ReadonlyMap<ScenarioId, string>,
  shared: Shared,
  options: { readonly onEnd: (run: ScenarioRun) => void },
): Promise<readonly ScenarioRun[]> {
  const markers: Marker[] = []
  const marking: Shared = {
    ...shared,
    mark: (marker) => {
      markers.push(marker)
      shared.mark(marker)
    },
  }
  const open = new Map(ids.map((id) => [id, new Context(id, urls.get(id) as string, marking)]))
  const stop = new AbortController()
  const upkeep = Promise.all([
    keepUp(shared, ids, stop.signal),
    every(LOOK_MS, () => shared.witness.look(), stop.signal),
  ]).catch((error: unknown) => {
    for (const context of open.values()) context.break(error as Error)
  })
  try {
    const runs = await Promise.allSettled(
      ids.map(async (id) => {
        const run = await runScenario(id, open.get(id) as Context, marking, markers).catch((error: Error) => {
          // It concerns all of them: nobody has to wait for what can no longer come.
          for (const context of open.values()) context.break(error)
          throw error
        })
        options.onEnd(run)
        return run
      }),
    )
    return runs.map((run) => {
      if (run.status === 'rejected') throw run.reason
      return run.value
    })
  } finally {
    stop.abort()
    await upkeep
    await Promise.all([...open.values()].map((context) => context.close()))
  }
}

async function runScenario(
  id: ScenarioId,
  context: Context,
  shared: Shared,
  markers: readonly Marker[],
): Promise<ScenarioRun> {
  const startedMs = Date.now()
  let observed: Observed = {}
  const reasons: string[] = []
  try {
    observed = await scenarios[id].run(context)
    await shared.witness.settle()
    context.mustBeWhole()
  } catch (error) {
    reasons.push(reasonOf(error))
  }
  await context.close()
  const truth = await readTruth(id, shared).catch((error: unknown) => {
    reasons.push(`the database cannot be read: ${reasonOf(error)}`)
    return null
  })
  const verdict = {
    scenario: id,
    title: titles[id],
    n: shared.n,
    tenants: { ...shared.tenants },
    db_truth: truth,
    worker_observed: { ...observed, worker_exits: [...context.exits], markers: markerCounts(markers, id) },
    passed: false,
    reasons,
  }
  const wrong = [...reasons, ...judge({ ...verdict, candidate_commit: '', run_url: null })]
  return { verdict: { ...verdict, passed: wrong.length === 0, reasons: wrong }, tookMs: Date.now() - startedMs }
}

async function readTruth(id: ScenarioId, { names, engine, database, n }: Shared): Promise<Truth> {
  const query = truthOf(names, id, n, engine.backlog(names.engine, id))
  const { rows } = await database.connection.run<{ truth: Truth }>(query)
  return (rows[0] as (typeof rows)[0]).truth
}

/** Why a scenario could not be carried through. What concerns the whole run is no verdict, and thrown on. */
function reasonOf(error: unknown): string {
  if (error instanceof Interrupted || error instanceof NoWorker) throw error
  if (error instanceof StoreError) {
    const { what, found } = error.problem
    return found === undefined ? what : `${what}: ${found}`
  }
  return error instanceof Error ? error.message : String(error)
}

/** What a deployment leaves to time and to a supervisor: retries fall due, exhausted jobs become dead letters. */
async function keepUp(shared: Shared, ids: readonly ScenarioId[], stop: AbortSignal): Promise<void> {
  const { names, engine, database, flaws, retryDelayScale } = shared
  const reaped = ids.filter((id) => id !== 'S4' || !isFlawed(flaws, 'S4', 'no reaper'))
  const statements = [
    engine.hasten(names.engine, retryDelayScale),
    ...(reaped.length === 0 ? [] : [engine.reap(names.engine, names.app, reaped)]),
  ].join(';')
  const again = isFlawed(flaws, 'S1', 'dead letters tried again') ? deadAgain(shared) : async () => undefined
  await every(
    settings.pollMs,
    async () => {
      await database.connection.run(statements)
      await again()
    },
    stop,
  )
}

/** What nobody should do: dead jobs of S1 are put back, as late as the engine would have tried them once more. */
function deadAgain({ names, engine, database, tenants, retryDelayScale }: Shared): () => Promise<void> {
  const back = new Set<string>()
  return async () => {
    const { rows } = await database.connection.run<{ job: string }>({
      text: `SELECT DISTINCT job FROM ${names.app}.dead_letter
        WHERE scenario = 'S1' AND at < clock_timestamp() - exp(attempts) * $1::float8 * interval '1 second'`,
      values: [retryDelayScale],
    })
    const due = rows.filter(({ job }) => !back.has(job))
    for (const { job } of due) back.add(job)
    if (due.length === 0) return
    const payloads = due.map(({ job }) => ({ job, task: 'poison' as const, tenant: tenants.a }))
    await database.connection.run(engine.enqueue(names.engine, payloads, { scenario: 'S1', maxAttempts: 1 }))
  }
}

/** How often it is looked what the run's processes are connected to: that takes some 15 ms, in which nothing else is done here. */
const LOOK_MS = 500

async function every(ms: number, what: () => Promise<void>, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await what()
    await sleep(ms, undefined, { signal: stop }).catch(() => undefined)
  }
}

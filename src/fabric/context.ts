import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection, QueryResultRow } from '../stores/postgres/index.js'
import { awakeTimeMs } from './awake.js'
import type { Database } from './database.js'
import type { Engine } from './engine.js'
import { type Marker, sortedJson } from './evidence.js'
import { Interrupted, NoWorker, ScenarioFailed } from './failure.js'
import { Inbox } from './inbox.js'
import type { Payload, TaskName, WorkerSpec } from './messages.js'
import { jobName, type Names, type ScenarioId } from './names.js'
import { type Exit, endOf, notStartedProblem, WorkerNotStarted } from './not-started.js'
import { type Room, roomQuery } from './room.js'
import type { News, Observed, ScenarioContext } from './scenarios/scenario.js'
import { type FabricFlaws, isFlawed, quietMsFor, settings } from './settings.js'
import type { Witness } from './witness.js'
import { startWorker, type WorkerProcess } from './workers.js'

/** What all scenarios of a run share. */
export interface Shared {
  readonly runId: string
  readonly names: Names
  readonly database: Database
  readonly engine: Engine
  readonly tenants: { readonly a: string; readonly b: string }
  readonly scenarios: readonly ScenarioId[]
  readonly n: number
  readonly retryDelayScale: number
  readonly witness: Witness
  readonly flaws: FabricFlaws
  /** The built file that runs a worker. */
  readonly program: string
  readonly patienceMs: number
  readonly signal: AbortSignal
  readonly mark: (marker: Marker) => void
}

const POLL_MS = 15

/** What a scenario has at its hands. Has to be closed: then none of its workers is left. */
export class Context implements ScenarioContext {
  readonly #id: ScenarioId
  readonly #url: string
  readonly #shared: Shared
  readonly #inbox: Inbox<News>
  readonly #workers = new Set<WorkerProcess>()
  readonly #exits: Observed[] = []
  readonly #starting = new Set<Promise<unknown>>()
  /** Processes whose end is no surprise. */
  readonly #doomed = new Set<number>()
  readonly #closing = new AbortController()
  /** Interrupted, or closed. */
  readonly #over: AbortSignal

  constructor(id: ScenarioId, url: string, shared: Shared) {
    this.#id = id
    this.#url = url
    this.#shared = shared
    this.#inbox = new Inbox<News>(shared.patienceMs, shared.signal)
    this.#over = AbortSignal.any([shared.signal, this.#closing.signal])
  }

  get n(): number {
    return this.#shared.n
  }

  get names(): Names {
    return this.#shared.names
  }

  get tenants(): Shared['tenants'] {
    return this.#shared.tenants
  }

  get flaws(): FabricFlaws {
    return this.#shared.flaws
  }

  get quietMs(): number {
    return quietMsFor(this.#shared.retryDelayScale)
  }

  /** How each of its workers ended, when it is closed: in the order in which they did. */
  get exits(): readonly Observed[] {
    return this.#exits
  }

  startWorkers(count: number, onReady?: (worker: WorkerProcess) => void): Promise<readonly WorkerProcess[]> {
    return Promise.all(Array.from({ length: count }, () => this.#startOne(onReady)))
  }

  payloads(task: TaskName, count: number): readonly Payload[] {
    const tenant = this.tenants.a
    return Array.from({ length: count }, (_, index) => ({ job: jobName(this.#id, task, index), task, tenant }))
  }

  async enqueue(kind: string, payloads: readonly Payload[], maxAttempts: number): Promise<void> {
    const { engine, names } = this.#shared
    const jobs = payloads.map(({ job }) => job)
    await this.run(`INSERT INTO ${names.app}.job (scenario, job, kind) SELECT $1, unnest($2::text[]), $3`, [
      this.#id,
      jobs,
      kind,
    ])
    await this.#connection.run(engine.enqueue(names.engine, payloads, { scenario: this.#id, maxAttempts }))
  }

  news(what: string, wanted: (news: News) => boolean): Promise<News> {
    return this.#inbox.take(what, wanted)
  }

  async until<Row extends QueryResultRow>(what: string, sql: string, done: (row: Row) => boolean): Promise<Row> {
    const { patienceMs, signal } = this.#shared
    let before = ''
    for (let changedMs = awakeTimeMs(); ; await sleep(POLL_MS)) {
      if (signal.aborted) throw new Interrupted()
      this.mustBeWhole()
      const [row] = (await this.#connection.run<Row>(sql)).rows
      if (row !== undefined && done(row)) return row
      const now = sortedJson(row ?? null)
      if (now !== before) changedMs = awakeTimeMs()
      before = now
      if (awakeTimeMs() - changedMs > patienceMs) {
        throw new ScenarioFailed(`nothing changed for ${patienceMs / 1_000} s; waited for ${what}: ${now}`)
      }
    }
  }

  async untilFinished(): Promise<void> {
    const { engine, names } = this.#shared
    const isFinished = ({ unfinished }: { unfinished: number }) => unfinished === 0
    await this.until('the engine to finish', engine.backlog(names.engine, this.#id), isFinished)
  }

  async run(sql: string, values: readonly unknown[] = []): Promise<void> {
    await this.#connection.run({ text: sql, values: [...values] })
  }

  kill(worker: WorkerProcess, about: Observed): Promise<Exit> {
    this.#doomed.add(worker.pid)
    worker.signal('SIGKILL')
    this.mark('kill-issued', { ...about, pid: worker.pid, signal: 'SIGKILL' })
    return this.exited(worker, about)
  }

  async exited(worker: WorkerProcess, about: Observed): Promise<Exit> {
    const exit = await worker.exit
    this.mark('worker-exited', { ...about, pid: worker.pid, signal: exit.signal, exit_code: exit.code })
    return exit
  }

  async redeliver({ worker }: WorkerProcess): Promise<void> {
    const { engine, names } = this.#shared
    const sql = `INSERT INTO ${names.app}.lost_worker (worker, scenario) VALUES ($1, $2) ON CONFLICT DO NOTHING`
    await this.run(sql, [worker, this.#id])
    await this.#connection.run(engine.unlock(names.engine, names.app, worker))
  }

  mark(event: string, details: Observed): void {
    this.#shared.mark({ scenario: this.#id, event, details })
  }

  /** @throws ScenarioFailed when a worker has ended by itself: what is seen without it proves nothing */
  mustBeWhole(): void {
    if (this.#inbox.broken !== undefined) throw this.#inbox.broken
  }

  /** Whoever waits for anything gets this error. */
  break(error: Error): void {
    this.#inbox.break(error)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled([...this.#starting])
    await Promise.all([...this.#workers].map(({ exit }) => exit))
  }

  get #surroundings() {
    const { engine, scenarios, program } = this.#shared
    return { engine: engine.name, scenarios, program }
  }

  get #connection(): Connection {
    return this.#shared.database.connection
  }

  async #startOne(onReady?: (worker: WorkerProcess) => void): Promise<WorkerProcess> {
    if (this.#over.aborted) throw new Interrupted()
    const start = startWorker({
      signal: this.#over,
      program: this.#shared.program,
      spec: specOf(this.#id, this.#url, this.#shared),
      // A machine is at its busiest when processes start.
      readyWithinMs: 2 * this.#shared.patienceMs,
      hardLimitMs: limitsOf(this.#id, this.flaws, this.n)?.hardLimitMs,
      onTold: (told, from) => {
        if (told.kind !== 'ready') return this.#inbox.put({ from, told })
        this.#shared.witness.began(from.pid, told.database)
        onReady?.(from)
      },
      onExit: (exit, said, worker) => this.#ended(exit, said, worker),
      onHardLimit: (hardLimit, from) => {
        this.#doomed.add(from.pid)
        this.#inbox.put({ from, hardLimit })
      },
    })
    this.#starting.add(start)
    try {
      const worker = await start
      this.#workers.add(worker)
      return worker
    } catch (error) {
      if (this.#over.aborted) throw new Interrupted()
      if (!(error instanceof WorkerNotStarted)) throw error
      // A server that has gone is the reason, and not the worker.
      const { rows } = await this.#connection.run<{ room: Room }>(roomQuery(this.#shared.runId))
      throw new NoWorker(
        notStartedProblem(error.why, { ...this.#surroundings, room: (rows[0] as (typeof rows)[0]).room }),
      )
    } finally {
      this.#starting.delete(start)
    }
  }

  #ended(exit: Exit, said: string, worker: WorkerProcess): void {
    this.#workers.delete(worker)
    this.#shared.witness.ended(worker.pid)
    this.#exits.push({ pid: worker.pid, exit_code: exit.code, signal: exit.signal })
    if (this.#over.aborted || this.#doomed.has(worker.pid)) return
    this.#inbox.break(new ScenarioFailed(`a worker ended by itself, with ${endOf({ exit, said })}`))
  }
}

/** Only where jobs may run away: elsewhere they are blocked and stopped on purpose. */
function limitsOf(id: ScenarioId, flaws: FabricFlaws, n: number) {
  if (id !== 'S4' || isFlawed(flaws, 'S4', 'no time limit')) return undefined
  const { softLimitMs, hardLimitMs } = settings
  // Twice as long: sentinels may be enqueued long after the first runaway has begun, when the second one is late.
  const laterMs = isFlawed(flaws, 'S4', 'limits longer than the bound') ? 2 * settings.waitBoundMs(n) : 0
  return { softLimitMs: softLimitMs + laterMs, hardLimitMs: hardLimitMs + laterMs }
}

function specOf(id: ScenarioId, url: string, { names, database, engine, runId, flaws, n }: Shared): WorkerSpec {
  return {
    engine: engine.name,
    url,
    shown: database.place.shown,
    scenario: id,
    appSchema: names.app,
    engineSchema: names.engine,
    runId,
    softLimitMs: limitsOf(id, flaws, n)?.softLimitMs,
    leaseMs: settings.leaseMs,
    pollMs: settings.pollMs,
    flaws: { [id]: flaws[id], ...(flaws.fabric !== undefined && { fabric: flaws.fabric }) },
  }
}

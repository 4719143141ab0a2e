import type { QueryResultRow } from '../../stores/postgres/index.js'
import type { Json, Verdict } from '../evidence.js'
import type { Payload, TaskName, Told } from '../messages.js'
import type { Names, ScenarioId } from '../names.js'
import type { FabricFlaws } from '../settings.js'
import type { Exit, WorkerProcess } from '../workers.js'

/** Something that a worker has said, or that has become of it. */
export type News =
  | { readonly from: WorkerProcess; readonly told: Told }
  | { readonly from: WorkerProcess; readonly hardLimit: string }

export type Observed = { readonly [name: string]: Json }

/** What a scenario has at its hands. */
export interface ScenarioContext {
  readonly n: number
  readonly names: Names
  readonly tenants: { readonly a: string; readonly b: string }
  readonly flaws: FabricFlaws
  startWorkers(count: number): Promise<readonly WorkerProcess[]>
  enqueue(task: TaskName, payloads: readonly Payload[], maxAttempts: number): Promise<void>
  /** `count` jobs of a kind, under tenant A. */
  payloads(task: TaskName, count: number): readonly Payload[]
  /** The first news that is wanted, which nobody else gets. */
  news(what: string, wanted: (news: News) => boolean): Promise<News>
  /** Asks until `done`, which may go on for as long as the answer changes. */
  until<Row extends QueryResultRow>(what: string, sql: string, done: (row: Row) => boolean): Promise<Row>
  /** Until the engine has nothing of this scenario any more. */
  untilFinished(): Promise<void>
  run(sql: string, values?: readonly unknown[]): Promise<void>
  /** Kills a worker's process group, and waits for its exit. */
  kill(worker: WorkerProcess, about: Observed): Promise<Exit>
  /** Waits for the exit of a worker that is being killed already. */
  exited(worker: WorkerProcess, about: Observed): Promise<Exit>
  /** Writes down that a worker is lost, and has the engine give its jobs to others. */
  redeliver(worker: WorkerProcess): Promise<void>
  mark(event: string, details: Observed): void
}

/** What is done to the fabric, and what must be true of it afterwards. */
export interface Scenario {
  readonly id: ScenarioId
  run(context: ScenarioContext): Promise<Observed>
  /** What does not hold, in words: of the evidence alone. */
  judge(verdict: Verdict): readonly string[]
}

/** By how often each occurs. */
export function tally(values: readonly unknown[]): { [value: string]: number } {
  const counts: { [value: string]: number } = {}
  for (const value of values) counts[String(value)] = (counts[String(value)] ?? 0) + 1
  return counts
}

export const isTold = <Kind extends Told['kind']>(
  news: News,
  kind: Kind,
): news is News & { readonly told: Extract<Told, { kind: Kind }> } => 'told' in news && news.told.kind === kind

import type { QueryResultRow } from '../../stores/postgres/index.js'
import { type Json, type Marker, sortedJson, type Verdict } from '../evidence.js'
import { differences } from '../expect.js'
import type { Payload, TaskName, WorkerMessage } from '../messages.js'
import type { Names, ScenarioId } from '../names.js'
import type { Exit } from '../not-started.js'
import type { FabricFlaws } from '../settings.js'
import type { WorkerProcess } from '../workers.js'

/** Something that a worker has said, or that has become of it. */
export type News =
  | { readonly from: WorkerProcess; readonly told: WorkerMessage }
  | { readonly from: WorkerProcess; readonly hardLimit: string }

export type Observed = { readonly [name: string]: Json }

/** What a scenario has at its hands. */
export interface ScenarioContext {
  readonly n: number
  readonly names: Names
  readonly tenants: { readonly a: string; readonly b: string }
  readonly flaws: FabricFlaws
  /** How long nobody may try a dead job again. */
  readonly quietMs: number
  /** `onReady` comes before anything that the worker does. */
  startWorkers(count: number, onReady?: (worker: WorkerProcess) => void): Promise<readonly WorkerProcess[]>
  enqueue(kind: string, payloads: readonly Payload[], maxAttempts: number): Promise<void>
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
  /** How many workers it has in all. */
  workers(n: number): number
  /** How often workers take a job from the engine, and how that ends. */
  holds(n: number): Readonly<Record<'taken' | 'completed' | 'failed' | 'lost', number>>
  run(context: ScenarioContext): Promise<Observed>
  /** What does not hold, in words: of the evidence alone. */
  judge(verdict: Verdict): readonly string[]
  /** In what the marker lines of a run that has passed do not tell it job by job, in the order of cause and effect. */
  story(verdict: Verdict, markers: readonly Marker[]): readonly string[]
}

/** What the database says of a scenario in which nothing came of anything: each says what it has beyond that. */
export const NOTHING = {
  attempts_after_dead_letter: 0,
  barrier_rows: 0,
  dead_letter_rows: 0,
  dead_letter_attempts: {},
  side_effect_rows: 0,
  duplicates: 0,
  redeliveries: 0,
  refused_writes: 0,
  unfinished: 0,
} as const

/** A marker line as it must be; what else it tells, as of processes, is not looked at. */
type Line = { readonly event: string } & Observed

/** In what marker lines are not these, each once and in this order. */
export function linesOf(markers: readonly Marker[], expected: readonly Line[]): readonly string[] {
  const at = expected.findIndex((line, index) => !isLine(markers[index], line))
  if (at < 0 && markers.length === expected.length) return []
  const place = at < 0 ? expected.length : at
  return [`marker line ${place + 1} is ${shown(lineOf(markers[place]))}, not ${shown(expected[place])}`]
}

const lineOf = (marker: Marker | undefined): Line | undefined =>
  marker === undefined ? undefined : { event: marker.event, ...marker.details }

const isLine = (marker: Marker | undefined, line: Line): boolean =>
  differences(lineOf(marker) ?? null, line).length === 0

function shown(line: Line | undefined): string {
  if (line === undefined) return 'missing'
  const { event, ...details } = line
  return `${event} ${sortedJson(details)}`
}

/** The workers that the harness has seen end: all there were, a number as often as the system gave it to one. */
export function workersEnded({ worker_observed: { worker_exits } }: Verdict): readonly Json[] {
  return Array.isArray(worker_exits) ? worker_exits.map((exit) => Reflect.get(Object(exit), 'pid')) : []
}

/** By how often each occurs. */
export function tally(values: readonly unknown[]): { [value: string]: number } {
  const counts: { [value: string]: number } = {}
  for (const value of values) counts[String(value)] = (counts[String(value)] ?? 0) + 1
  return counts
}

export const isTold = <Kind extends WorkerMessage['kind']>(
  news: News,
  kind: Kind,
): news is News & { readonly told: Extract<WorkerMessage, { kind: Kind }> } => 'told' in news && news.told.kind === kind

/** The scenarios, in the order in which they are told. */
export const scenarioIds = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6'] as const

export type ScenarioId = (typeof scenarioIds)[number]

export const titles: Readonly<Record<ScenarioId, string>> = {
  S1: 'PoisonPill',
  S2: 'CrashAfterWritePreAck',
  S3: 'RLSProbe',
  S4: 'RunawayNoStarve',
  S5: 'LeastPrivilege',
  S6: 'ZombieOwner',
}

const PREFIX = 'contention_verify_'
const RUN = /^contention_verify_([0-9a-z]+)_(\d+)_([0-9a-f]{6})/
const MADE = new RegExp(`${RUN.source}_(app|e|s\\d)$`)

/** What everything that a run makes is named with: when it began, by which process, and something nobody else has. */
export function runIdOf(startedMs: number, pid: number, chance: string): string {
  return `${PREFIX}${startedMs.toString(36)}_${pid}_${chance}`
}

/** Undefined when `name` is not of something that a run made. */
export function runOf(
  name: string,
): { readonly id: string; readonly startedMs: number; readonly pid: number } | undefined {
  const [id, started, pid] = RUN.exec(name) ?? []
  if (id === undefined || started === undefined) return undefined
  return { id, startedMs: Number.parseInt(started, 36), pid: Number(pid) }
}

/** Whether a schema or role is called as `namesOf` calls those of a run: what others have called alike is not ours to remove. */
export const isMade = (name: string): boolean => MADE.test(name)

/** The LIKE pattern of all that begins with a text. */
export const beginning = (text: string): string => `${text.replaceAll('_', '\\_')}%`

/** The LIKE pattern of all that runs made. */
export const anyRun = beginning(PREFIX)

/** As what the server knows the sessions of one worker process, those of its engine included. */
export const sessionOf = (runId: string, pid: number): string => `${runId}_w${pid}`

/**
 * Its own names in the database. Longer than 63 characters Postgres would cut them: these are below 50, and that of the engine's
 * schema below 44, as Graphile Worker puts up to 19 before it in the names of statements.
 */
export const namesOf = (runId: string) => ({
  app: `${runId}_app`,
  engine: `${runId}_e`,
  role: (scenario: ScenarioId) => `${runId}_${scenario.toLowerCase()}`,
})

export type Names = ReturnType<typeof namesOf>

export const jobName = (scenario: ScenarioId, kind: string, index: number): string =>
  `${scenario}-${kind}-${String(index).padStart(5, '0')}`

export const engineNames = ['graphile', 'pg-boss'] as const

export type EngineName = (typeof engineNames)[number]

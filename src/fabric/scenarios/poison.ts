import { differences } from '../expect.js'
import { jobName } from '../names.js'
import { isFlawed, settings } from '../settings.js'
import { linesOf, NOTHING, type Scenario } from './scenario.js'

/** S1: jobs that always fail are tried as often as they may be, leave nothing, and then nobody tries them again. */
export const poisonPill: Scenario = {
  id: 'S1',
  workers: () => settings.workersPerScenario,
  holds: (n) => ({ taken: settings.maxAttempts * n, completed: 0, failed: settings.maxAttempts * n, lost: 0 }),
  async run(context) {
    const { n, names, flaws, quietMs } = context
    const maxAttempts = settings.maxAttempts - (isFlawed(flaws, 'S1', 'one retry too few') ? 1 : 0)
    await context.startWorkers(settings.workersPerScenario)
    await context.enqueue('poison', context.payloads('poison', n), maxAttempts)
    const letters = `FROM ${names.app}.dead_letter WHERE scenario = 'S1'`
    // Of many jobs the first is dead only when most of the attempts of all are over: they too show that it goes on.
    const progress = `SELECT count(DISTINCT job)::int AS dead,
      (SELECT count(*)::int FROM ${names.app}.attempt WHERE scenario = 'S1') AS attempts ${letters}`
    await context.until<{ dead: number }>('every job to be dead', progress, ({ dead }) => dead >= n)
    const { attempts } = await context.until<Dead>(
      'the attempts of the dead',
      `SELECT json_object_agg(job, attempts) AS attempts ${letters}`,
      () => true,
    )
    const jobs = Object.entries(attempts).sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [job, count] of jobs) context.mark('dead-lettered', { job, attempts: count })
    // The workers look for jobs all the while: whatever is due, they take.
    const watched = await context.until<Watched>('a time in which nobody retries', watch(names.app), (row) => {
      return row.retried > 0 || row.watched_ms >= quietMs
    })
    context.mark('watched', { for_ms: quietMs, retried: watched.retried })
    return { quiet_ms: quietMs, watched_ms: watched.watched_ms, retried_while_watched: watched.retried }
  },
  judge: ({ n, db_truth, worker_observed }) => {
    const { maxAttempts } = settings
    const { quiet_ms: quietMs, watched_ms: watchedMs } = worker_observed
    return [
      ...differences(db_truth, {
        ...NOTHING,
        jobs: n,
        attempts: n * maxAttempts,
        attempts_per_job: { [maxAttempts]: n },
        dead_letter_rows: n,
        dead_letter_attempts: { [maxAttempts]: n },
      }),
      ...differences(worker_observed, { retried_while_watched: 0 }),
      ...(typeof quietMs === 'number' && typeof watchedMs === 'number' && watchedMs >= quietMs
        ? []
        : [`watched for ${watchedMs ?? 'no'} ms, not for ${quietMs ?? 'any'} ms, whether anybody retries`]),
    ]
  },
  story: ({ n, worker_observed }, markers) =>
    linesOf(markers, [
      ...Array.from({ length: n }, (_, index) => ({
        event: 'dead-lettered',
        job: jobName('S1', 'poison', index),
        attempts: settings.maxAttempts,
      })),
      { event: 'watched', for_ms: worker_observed['quiet_ms'] ?? 0, retried: 0 },
    ]),
}

type Dead = { readonly attempts: Readonly<Record<string, number>> }
type Watched = { readonly watched_ms: number; readonly retried: number }

/** Since the last dead letter of a job: how long that is, and how many attempts have begun. By the clock of the database. */
const watch = (app: string): string => `
  WITH died AS (SELECT job, min(at) AS at FROM ${app}.dead_letter WHERE scenario = 'S1' GROUP BY job)
  SELECT floor(extract(epoch FROM clock_timestamp() - max(at)) * 1000)::int AS watched_ms,
    (SELECT count(*)::int FROM ${app}.attempt JOIN died USING (job) WHERE started_at > died.at) AS retried
  FROM died`

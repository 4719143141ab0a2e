import { differences } from '../expect.js'
import { isFlawed, settings } from '../settings.js'
import type { Scenario } from './scenario.js'

/** How long the workers go on looking for jobs when all are dead: several times what an idle one waits. */
const SETTLE_MS = 5 * settings.pollMs

/** S1: jobs that always fail are tried as often as they may be, leave nothing, and then nobody tries them again. */
export const poisonPill: Scenario = {
  id: 'S1',
  async run(context) {
    const { n, names, flaws } = context
    const maxAttempts = settings.maxAttempts - (isFlawed(flaws, 'S1', 'one retry too few') ? 1 : 0)
    await context.startWorkers(settings.workersPerScenario)
    await context.enqueue('poison', context.payloads('poison', n), maxAttempts)
    const progress = `
      SELECT (SELECT count(*)::int FROM ${names.app}.dead_letter WHERE scenario = 'S1') AS dead,
        (SELECT count(*)::int FROM ${names.app}.attempt WHERE scenario = 'S1') AS attempts`
    const before = await context.until<Progress>('every job to be dead', progress, ({ dead }) => dead >= n)
    context.mark('all-dead', { dead: before.dead })
    await context.run('SELECT pg_sleep($1)', [SETTLE_MS / 1_000])
    const after = await context.until<Progress>('a last look', progress, () => true)
    return { attempts_after_dead: after.attempts - before.attempts }
  },
  judge: ({ n, db_truth, worker_observed }) => {
    const { maxAttempts } = settings
    return [
      ...differences(db_truth, {
        jobs: n,
        attempts: n * maxAttempts,
        attempts_per_job: { [maxAttempts]: n },
        dead_letter_rows: n,
        dead_letter_attempts: { [maxAttempts]: n },
        side_effect_rows: 0,
        unfinished: 0,
      }),
      ...differences(worker_observed, { attempts_after_dead: 0 }),
    ]
  },
}

type Progress = { readonly dead: number; readonly attempts: number }

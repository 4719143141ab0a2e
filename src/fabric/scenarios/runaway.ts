import { differences } from '../expect.js'
import { settings } from '../settings.js'
import { isTold, type News, type Scenario, type ScenarioContext, tally } from './scenario.js'

/** One that heeds the soft limit, and one that cannot: as many as there are workers, so that nobody is left over. */
const RUNAWAYS = 2

/** S4: jobs that never end hold every worker; limits stop them, and the jobs behind them all complete in time. */
export const runawayNoStarve: Scenario = {
  id: 'S4',
  async run(context) {
    const { n, names } = context
    const runaways = [...context.payloads('heedful', 1), ...context.payloads('spin', 1)]
    await context.enqueue('spin', runaways, 1)
    await context.startWorkers(settings.workersPerScenario)
    // Not before both have hold of a worker: otherwise nothing would have to wait.
    for (const { job } of runaways) {
      await context.news(`${job} to start`, (it) => isTold(it, 'started') && it.told.job === job)
    }
    await context.enqueue('sentinel', context.payloads('sentinel', n), settings.maxAttempts)
    const stops = { soft: 0, hard: 0, signals: [] as (string | null)[] }
    await Promise.all([softStop(context, stops), hardStop(context, stops)])
    await context.until<{ dead: number; done: number }>(
      'every sentinel to complete',
      `SELECT (SELECT count(*)::int FROM ${names.app}.dead_letter WHERE scenario = 'S4') AS dead,
        (SELECT count(*)::int FROM ${names.app}.effect WHERE scenario = 'S4') AS done`,
      ({ dead, done }) => dead >= RUNAWAYS && done >= n,
    )
    await context.untilFinished()
    const { soft, hard, signals } = stops
    return { soft_stops: soft, hard_stops: hard, signals: tally(signals), wait_bound_ms: settings.waitBoundMs(n) }
  },
  judge: ({ n, db_truth, worker_observed }) => [
    ...differences(db_truth, {
      jobs: n + RUNAWAYS,
      attempts: n + RUNAWAYS,
      attempts_per_job: { 1: n + RUNAWAYS },
      dead_letter_rows: RUNAWAYS,
      dead_letter_attempts: { 1: RUNAWAYS },
      side_effect_rows: n,
      duplicates: 0,
      unfinished: 0,
    }),
    ...differences(worker_observed, {
      soft_stops: 1,
      hard_stops: 1,
      signals: { SIGKILL: 1 },
      wait_bound_ms: settings.waitBoundMs(n),
    }),
    ...(db_truth !== null && db_truth.longest_wait_ms > settings.waitBoundMs(n)
      ? [`longest wait: ${db_truth.longest_wait_ms} ms, above the bound of ${settings.waitBoundMs(n)} ms`]
      : []),
  ],
}

interface Stops {
  soft: number
  hard: number
  readonly signals: (string | null)[]
}

/** The runaway that awaits is stopped by the worker itself. */
async function softStop(context: ScenarioContext, stops: Stops): Promise<void> {
  const isStop = (news: News) => isTold(news, 'timed-out') && news.told.job.includes('heedful')
  const { from } = await context.news('the soft limit to stop a job', isStop)
  stops.soft += 1
  context.mark('soft-limit', { pid: from.pid })
}

/** The one that spins is ended with its process; what it had is not given to anybody again. */
async function hardStop(context: ScenarioContext, stops: Stops): Promise<void> {
  const news = await context.news('the hard limit to stop a job', (it) => 'hardLimit' in it)
  const job = 'hardLimit' in news ? news.hardLimit : ''
  context.mark('hard-limit', { job, pid: news.from.pid })
  const exit = await context.exited(news.from, { job })
  stops.hard += 1
  stops.signals.push(exit.signal)
  const [next] = await Promise.all([context.startWorkers(1), context.redeliver(news.from)])
  context.mark('worker-restarted', { job, pid: next[0]?.pid ?? 0 })
}

import type { Verdict } from '../evidence.js'
import { differences } from '../expect.js'
import { jobName } from '../names.js'
import { settings } from '../settings.js'
import { isTold, linesOf, type News, NOTHING, type Scenario, type ScenarioContext, tally } from './scenario.js'

/** One that heeds the soft limit, and one that cannot: as many as there are workers, so that nobody is left over. */
const RUNAWAYS = 2
const HEEDFUL = jobName('S4', 'heedful', 0)
const SPIN = jobName('S4', 'spin', 0)

/** S4: jobs that never end hold every worker; limits stop them, and the jobs behind them all complete in time. */
export const runawayNoStarve: Scenario = {
  id: 'S4',
  workers: () => settings.workersPerScenario + 1,
  holds: (n) => ({ taken: n + RUNAWAYS, completed: n, failed: 1, lost: 1 }),
  async run(context) {
    const { n, names } = context
    await context.startWorkers(settings.workersPerScenario)
    // The one that keeps its worker for longer comes first, and has begun before the other one is there: however late a
    // busy machine lets a worker run, none gets both. Sentinels come when no worker is left: otherwise none had to wait.
    for (const task of ['spin', 'heedful'] as const) {
      const payloads = context.payloads(task, 1)
      await context.enqueue('runaway', payloads, 1)
      for (const { job } of payloads) {
        const { from } = await context.news(`${job} to start`, (it) => isTold(it, 'started') && it.told.job === job)
        context.mark('runaway-started', { job, pid: from.pid })
      }
    }
    await context.enqueue('sentinel', context.payloads('sentinel', n), settings.maxAttempts)
    context.mark('sentinels-enqueued', { sentinels: n })
    const stops = { soft: 0, hard: 0, signals: [] as (string | null)[] }
    await Promise.all([softStop(context, stops), hardStop(context, stops)])
    await context.until<{ dead: number; done: number }>(
      'every sentinel to complete',
      `SELECT (SELECT count(*)::int FROM ${names.app}.dead_letter WHERE scenario = 'S4') AS dead,
        (SELECT count(*)::int FROM ${names.app}.effect WHERE scenario = 'S4') AS done`,
      ({ dead, done }) => dead >= RUNAWAYS && done >= n,
    )
    await context.untilFinished()
    context.mark('sentinels-completed', { sentinels: n })
    const { soft, hard, signals } = stops
    return { soft_stops: soft, hard_stops: hard, signals: tally(signals) }
  },
  judge: ({ n, db_truth, worker_observed }) => [
    ...differences(db_truth, {
      ...NOTHING,
      jobs: n + RUNAWAYS,
      attempts: n + RUNAWAYS,
      attempts_per_job: { 1: n + RUNAWAYS },
      dead_letter_rows: RUNAWAYS,
      dead_letter_attempts: { 1: RUNAWAYS },
      side_effect_rows: n,
    }),
    ...differences(worker_observed, {
      soft_stops: 1,
      hard_stops: 1,
      signals: { SIGKILL: 1 },
    }),
    ...differences(db_truth?.sentinels ?? null, {
      completed: n,
      enqueued_behind_runaway: n,
      wait_bound_ms: settings.waitBoundMs(n),
    }),
    ...waitReasons(db_truth, n),
  ],
  story: ({ n }, markers) => {
    // The one that awaits may be stopped before, while or after the other one is.
    const soft = markers.filter(({ event }) => event === 'soft-limit')
    const others = markers.filter(({ event }) => event !== 'soft-limit')
    const pidOf = (event: string, job: string) =>
      markers.find((marker) => marker.event === event && marker.details['job'] === job)?.details['pid'] ?? 0
    const [heedful, spin] = [pidOf('runaway-started', HEEDFUL), pidOf('runaway-started', SPIN)]
    return [
      ...linesOf(others, [
        { event: 'runaway-started', job: SPIN, pid: spin },
        { event: 'runaway-started', job: HEEDFUL, pid: heedful },
        { event: 'sentinels-enqueued', sentinels: n },
        { event: 'hard-limit', job: SPIN, pid: spin },
        { event: 'worker-exited', job: SPIN, pid: spin, signal: 'SIGKILL' },
        { event: 'worker-restarted', job: SPIN },
        { event: 'sentinels-completed', sentinels: n },
      ]),
      ...linesOf(soft, [{ event: 'soft-limit', job: HEEDFUL, pid: heedful }]),
      ...(markers.slice(2, -1).some(({ event }) => event === 'soft-limit')
        ? []
        : ['marker lines that tell of the soft limit before its job began, or after all was over']),
      ...(heedful === spin || pidOf('worker-restarted', SPIN) === spin
        ? ['marker lines that tell of one worker where there were two']
        : []),
    ]
  },
}

/** Each sentinel's own wait is believed, and not the sum that stands beside it. */
function waitReasons(truth: Verdict['db_truth'], n: number): readonly string[] {
  const boundMs = settings.waitBoundMs(n)
  const waits = Object.entries(truth?.sentinels?.wait_ms ?? {})
  const longer = waits.filter(([, ms]) => ms === null || ms > boundMs)
  const longestMs = Math.max(0, ...waits.map(([, ms]) => ms ?? 0))
  return [
    ...(waits.length === n ? [] : [`sentinels whose wait is known: ${waits.length}, not ${n}`]),
    ...(longer.length === 0
      ? []
      : [`waited longer than the bound of ${boundMs} ms: ${longer.length} of ${n} sentinels, at most ${longestMs} ms`]),
    ...differences(truth?.sentinels ?? null, { waited_longer: longer.length, longest_wait_ms: longestMs }),
  ]
}

interface Stops {
  soft: number
  hard: number
  readonly signals: (string | null)[]
}

/** The runaway that awaits is stopped by the worker itself. */
async function softStop(context: ScenarioContext, stops: Stops): Promise<void> {
  const isStop = (news: News) => isTold(news, 'timed-out') && news.told.job === HEEDFUL
  const { from } = await context.news('the soft limit to stop a job', isStop)
  stops.soft += 1
  context.mark('soft-limit', { job: HEEDFUL, pid: from.pid })
}

/** The one that spins is ended with its process; what it had is not given to anybody again. */
async function hardStop(context: ScenarioContext, stops: Stops): Promise<void> {
  const news = await context.news('the hard limit to stop a job', (it) => 'hardLimit' in it)
  const job = 'hardLimit' in news ? news.hardLimit : ''
  context.mark('hard-limit', { job, pid: news.from.pid })
  const exit = await context.exited(news.from, { job })
  stops.hard += 1
  stops.signals.push(exit.signal)
  const restarted = context.startWorkers(1, ({ pid }) => context.mark('worker-restarted', { job, pid }))
  await Promise.all([restarted, context.redeliver(news.from)])
}

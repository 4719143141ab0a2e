import { type Json, type Marker, sortedJson } from '../evidence.js'
import { differences } from '../expect.js'
import { settings } from '../settings.js'
import type { WorkerProcess } from '../workers.js'
import {
  isTold,
  type News,
  NOTHING,
  type Observed,
  type Scenario,
  type ScenarioContext,
  tally,
  workersEnded,
} from './scenario.js'

/** What happened to one job's worker: each as often as it did. */
interface Account {
  barrier: number
  kill: number
  exit: number
  restart: number
  redelivery: number
  signal: string | null
  exit_code: number | null
}

const EMPTY: Account = { barrier: 0, kill: 0, exit: 0, restart: 0, redelivery: 0, signal: null, exit_code: null }
const CLOSED: Account = { barrier: 1, kill: 1, exit: 1, restart: 1, redelivery: 1, signal: 'SIGKILL', exit_code: null }

/** S2: each job's worker is killed after the effect is committed and before it is acknowledged. */
export const crashAfterWrite: Scenario = {
  id: 'S2',
  workers: (n) => settings.workersPerScenario + n,
  holds: (n) => ({ taken: 2 * n, completed: n, failed: 0, lost: n }),
  async run(context) {
    const accounts = new Map<string, Account>()
    await context.startWorkers(settings.workersPerScenario)
    await context.enqueue('crash', context.payloads('crash', context.n), settings.maxAttempts)
    const redelivered = countRedeliveries(context, accounts)
    // Workers come and go: whoever says that it stands at a barrier is killed, and another takes its place.
    const crashed = Promise.all(
      Array.from({ length: context.n }, async () => {
        const news = await context.news('a barrier', (it) => isTold(it, 'barrier'))
        if (isTold(news, 'barrier')) await crash(context, news.from, news.told.job, accounts)
      }),
    )
    await Promise.all([redelivered, crashed])
    await context.untilFinished()
    return observed(accounts)
  },
  judge: ({ n, db_truth, worker_observed }) => [
    ...differences(db_truth, {
      ...NOTHING,
      jobs: n,
      attempts: 2 * n,
      attempts_per_job: { 2: n },
      barrier_rows: n,
      side_effect_rows: n,
      redeliveries: n,
    }),
    ...differences(worker_observed, {
      barriers_seen: n,
      kills_issued: n,
      exits_seen: n,
      restarts: n,
      redeliveries_seen: n,
      signals: { SIGKILL: n },
      exit_codes: { null: n },
    }),
    ...openAccounts(worker_observed['per_job'], n),
  ],
  // Jobs are killed side by side: the lines of one stand between those of others.
  story: (verdict, markers) => {
    const perJob = verdict.worker_observed['per_job']
    const accounted = typeof perJob === 'object' && perJob !== null ? Object.keys(perJob) : []
    const stories = new Map<Json | undefined, Marker[]>(accounted.map((job) => [job, []]))
    const strays = markers.filter((marker) => stories.get(marker.details['job'])?.push(marker) === undefined)
    const wrong = accounted.filter((job) => !isKilledAndRedelivered(stories.get(job) ?? []))
    return [
      ...(strays.length === 0 ? [] : [`marker lines of jobs that have no account: ${strays.length}`]),
      ...(wrong.length === 0
        ? []
        : [`marker lines that do not tell of a kill and what came of it: ${wrong.length} jobs, the first ${wrong[0]}`]),
      ...outOfLife(markers, workersEnded(verdict)),
    ]
  },
}

/** What a worker is in, before and after each line that tells of it. One without a restart was there from the beginning. */
const lives: Readonly<Record<string, readonly [from: Life, to: Life]>> = {
  'worker-restarted': ['gone', 'at work'],
  redelivered: ['at work', 'at work'],
  'barrier-seen': ['at work', 'at its barrier'],
  'kill-issued': ['at its barrier', 'killed'],
  'worker-exited': ['killed', 'gone'],
}

type Life = 'gone' | 'at work' | 'at its barrier' | 'killed'

/** Lines of different jobs tell one story of the workers: each is what it has to be when a line tells of it. */
function outOfLife(markers: readonly Marker[], workers: readonly Json[]): readonly string[] {
  const first = [...workers]
  for (const { event, details } of markers) {
    const at = first.indexOf(details['pid'] ?? null)
    if (event === 'worker-restarted' && at >= 0) first.splice(at, 1)
  }
  const now = new Map<Json | undefined, Life>(first.map((pid) => [pid, 'at work']))
  const wrong = markers.filter(({ event, details: { pid } }) => {
    const [from, to] = lives[event] ?? ['gone', 'gone']
    const is = now.get(pid) ?? 'gone'
    now.set(pid, to)
    return is !== from
  })
  const many = settings.workersPerScenario
  return [
    ...(first.length === many
      ? []
      : [`marker lines that tell of ${first.length} workers at the beginning, not of ${many}`]),
    ...(wrong.length === 0
      ? []
      : [
          `marker lines of workers that were not there, or had been killed: ${wrong.length}, the first ${told(wrong[0])}`,
        ]),
  ]
}

const told = (marker: Marker | undefined): string => `${marker?.event} ${sortedJson(marker?.details)}`

/** Another worker gets the job when its own has ended; the new one may be ready sooner or later than that. */
function isKilledAndRedelivered(story: readonly Marker[]): boolean {
  const [barrier, kill, exit, ...rest] = story
  const pid = barrier?.details['pid']
  return (
    sortedJson([barrier?.event, kill?.event, exit?.event]) ===
      sortedJson(['barrier-seen', 'kill-issued', 'worker-exited']) &&
    sortedJson(rest.map(({ event }) => event).sort()) === sortedJson(['redelivered', 'worker-restarted']) &&
    [kill, exit].every((marker) => marker?.details['pid'] === pid && marker?.details['signal'] === 'SIGKILL') &&
    rest.every(({ details }) => typeof details['pid'] === 'number' && details['pid'] !== pid) &&
    rest.every(({ event, details }) => event !== 'redelivered' || details['attempt'] === 2)
  )
}

/** Of each job the same, and none without: sums alone would hide that one was killed twice and another never. */
function openAccounts(perJob: Json | undefined, n: number): readonly string[] {
  const accounts = typeof perJob === 'object' && perJob !== null ? Object.entries(perJob) : []
  const open = accounts.filter(([, account]) => sortedJson(account) !== sortedJson(CLOSED)).map(([job]) => job)
  return [
    ...(accounts.length === n ? [] : [`accounts: ${accounts.length} jobs, not ${n}`]),
    ...(open.length === 0 ? [] : [`accounts that do not come out even: ${open.length}, the first of ${open[0]}`]),
  ]
}

async function crash(
  context: ScenarioContext,
  worker: WorkerProcess,
  job: string,
  accounts: Map<string, Account>,
): Promise<void> {
  const account = accountOf(accounts, job)
  // What the worker says is not enough: the barrier is a row, committed together with the effect.
  await context.until<{ seen: boolean }>(
    `the barrier of ${job}`,
    `SELECT EXISTS (SELECT FROM ${context.names.app}.barrier WHERE job = '${job}' AND attempt = 1) AS seen`,
    ({ seen }) => seen,
  )
  account.barrier += 1
  context.mark('barrier-seen', { job, pid: worker.pid })
  account.kill += 1
  const exit = await context.kill(worker, { job })
  account.exit += 1
  account.signal = exit.signal
  account.exit_code = exit.code
  const restarted = context.startWorkers(1, ({ pid }) => {
    account.restart += 1
    context.mark('worker-restarted', { job, pid })
  })
  await Promise.all([restarted, context.redeliver(worker)])
}

async function countRedeliveries(context: ScenarioContext, accounts: Map<string, Account>): Promise<void> {
  for (let seen = 0; seen < context.n; seen++) {
    const news = await context.news('a redelivery', isLaterStart)
    if (!isTold(news, 'started')) continue
    const { job, attempt } = news.told
    accountOf(accounts, job).redelivery += 1
    context.mark('redelivered', { job, attempt, pid: news.from.pid })
  }
}

const isLaterStart = (news: News): boolean => isTold(news, 'started') && news.told.attempt > 1

function accountOf(accounts: Map<string, Account>, job: string): Account {
  const account = accounts.get(job) ?? { ...EMPTY }
  accounts.set(job, account)
  return account
}

function observed(accounts: ReadonlyMap<string, Account>): Observed {
  const all = [...accounts.values()]
  const sum = (name: 'barrier' | 'kill' | 'exit' | 'restart' | 'redelivery') =>
    all.reduce((total, account) => total + account[name], 0)
  return {
    barriers_seen: sum('barrier'),
    kills_issued: sum('kill'),
    exits_seen: sum('exit'),
    restarts: sum('restart'),
    redeliveries_seen: sum('redelivery'),
    signals: tally(all.map(({ signal }) => signal)),
    exit_codes: tally(all.map(({ exit_code }) => exit_code)),
    per_job: Object.fromEntries([...accounts].map(([job, account]) => [job, { ...account }])),
  }
}

import type { Marker } from '../evidence.js'
import { differences } from '../expect.js'
import { jobName } from '../names.js'
import { settings } from '../settings.js'
import { isTold, linesOf, type News, NOTHING, type Scenario, type ScenarioContext } from './scenario.js'

const counted = ['stopped', 'lapsed', 'taken_over', 'woken', 'refused'] as const

/** S6: a worker is stopped for longer than it owns its job. When it wakes, another has done it, and nothing of it counts. */
export const zombieOwner: Scenario = {
  id: 'S6',
  workers: () => settings.workersPerScenario,
  holds: (n) => ({ taken: 2 * n, completed: n, failed: 0, lost: n }),
  async run(context) {
    const counts = { stopped: 0, lapsed: 0, taken_over: 0, woken: 0, refused: 0 }
    await context.startWorkers(settings.workersPerScenario)
    // One job after another: whoever takes it becomes the zombie, and the other one takes over.
    for (const payload of context.payloads('zombie', context.n)) {
      await context.enqueue('zombie', [payload], settings.maxAttempts)
      await haunt(context, payload.job, counts)
    }
    return counts
  },
  judge: ({ n, db_truth, worker_observed }) => [
    ...differences(db_truth, {
      ...NOTHING,
      jobs: n,
      attempts: 2 * n,
      attempts_per_job: { 2: n },
      side_effect_rows: n,
      redeliveries: n,
      refused_writes: n,
    }),
    ...differences(worker_observed, Object.fromEntries(counted.map((name) => [name, n]))),
  ],
  story: ({ n }, markers) => {
    const jobs = Array.from({ length: n }, (_, index) => jobName('S6', 'zombie', index))
    const wrong = linesOf(
      markers,
      jobs.flatMap((job) => events.map((event) => ({ event, job }))),
    )
    if (wrong.length > 0) return wrong
    return jobs.flatMap((job, index) => {
      const story = markers.slice(index * events.length, (index + 1) * events.length)
      return isOfTwoWorkers(story)
        ? []
        : [`marker lines of ${job} do not tell of one worker stopped and another that took over`]
    })
  },
}

const events = ['stopped', 'lease-lapsed', 'taken-over', 'woken', 'refused']

/** Who was stopped, woken and refused is one, who took over is another. */
function isOfTwoWorkers([stopped, , takenOver, woken, refused]: readonly Marker[]): boolean {
  const pid = stopped?.details['pid']
  const isPid = typeof pid === 'number' && typeof takenOver?.details['pid'] === 'number'
  return isPid && takenOver.details['pid'] !== pid && [woken, refused].every((marker) => marker?.details['pid'] === pid)
}

async function haunt(
  context: ScenarioContext,
  job: string,
  counts: Record<(typeof counted)[number], number>,
): Promise<void> {
  const about = (kind: 'holding' | 'written' | 'refused', epoch: number) => (news: News) =>
    'told' in news && news.told.kind === kind && news.told.job === job && news.told.epoch === epoch
  const { from: owner } = await context.news(`an owner of ${job}`, about('holding', 1))
  owner.signal('SIGSTOP')
  // It finds this when it wakes, and goes on as if nothing had been.
  owner.proceed(job)
  counts.stopped += 1
  context.mark('stopped', { job, pid: owner.pid })
  await context.until<{ lapsed: boolean }>(
    `the lease of ${job} to lapse`,
    `SELECT expires_at <= clock_timestamp() AS lapsed FROM ${context.names.app}.fence WHERE job = '${job}'`,
    (row) => row.lapsed,
  )
  counts.lapsed += 1
  context.mark('lease-lapsed', { job })
  await context.redeliver(owner)
  const { from: successor } = await context.news(`somebody to take over ${job}`, about('written', 2))
  await context.untilFinished()
  counts.taken_over += 1
  context.mark('taken-over', { job, pid: successor.pid })
  owner.signal('SIGCONT')
  counts.woken += 1
  context.mark('woken', { job, pid: owner.pid })
  const isAnswer = (news: News) => about('refused', 1)(news) || about('written', 1)(news)
  const answer = await context.news(`${job} to be written by its zombie`, isAnswer)
  if (isTold(answer, 'written')) return
  counts.refused += 1
  context.mark('refused', { job, pid: owner.pid })
}

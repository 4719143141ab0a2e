import { differences } from '../expect.js'
import type { Payload } from '../messages.js'
import { jobName } from '../names.js'
import { isTold, linesOf, NOTHING, type Scenario } from './scenario.js'

const ITEM = 'item-of-b'

/** S3: one row, asked for by its id under another tenant and under its own: the probe has to be able to find it. */
export const rlsProbe: Scenario = {
  id: 'S3',
  workers: () => 1,
  holds: () => ({ taken: 2, completed: 2, failed: 0, lost: 0 }),
  async run(context) {
    const { names, tenants } = context
    await context.run(`INSERT INTO ${names.app}.item VALUES ($1, $2, 'of b')`, [ITEM, tenants.b])
    await context.startWorkers(1)
    const probe = (index: number, tenant: string): Payload => ({
      job: jobName('S3', 'probe', index),
      task: 'rls-probe',
      tenant,
      asks: ITEM,
    })
    const [foreign, own] = [probe(0, tenants.a), probe(1, tenants.b)]
    await context.enqueue('rls-probe', [foreign, own], 1)
    const rowsOf = async ({ job }: Payload) => {
      const news = await context.news(`the answer to ${job}`, (it) => isTold(it, 'rows') && it.told.job === job)
      if (!isTold(news, 'rows')) return {}
      context.mark('probed', { job, rows: news.told.rows })
      return { rows: news.told.rows, bypass: news.told.bypass }
    }
    const [under_foreign_tenant, under_own_tenant] = [await rowsOf(foreign), await rowsOf(own)]
    await context.untilFinished()
    return { under_foreign_tenant, under_own_tenant }
  },
  judge: ({ db_truth, worker_observed, tenants }) => [
    ...(tenants.a === tenants.b ? ['tenants: both are the same'] : []),
    ...differences(worker_observed, {
      under_foreign_tenant: { rows: 0, bypass: false },
      under_own_tenant: { rows: 1, bypass: false },
    }),
    ...differences(db_truth, { ...NOTHING, jobs: 2, attempts: 2, attempts_per_job: { 1: 2 } }),
  ],
  story: (_verdict, markers) =>
    linesOf(markers, [
      { event: 'probed', job: jobName('S3', 'probe', 0), rows: 0 },
      { event: 'probed', job: jobName('S3', 'probe', 1), rows: 1 },
    ]),
}

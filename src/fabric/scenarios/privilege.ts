import { differences } from '../expect.js'
import type { ProbeResult } from '../messages.js'
import { INSUFFICIENT_PRIVILEGE, probeNames } from '../privileges.js'
import { isTold, linesOf, NOTHING, type Scenario } from './scenario.js'

/** S5: what would take a worker out of its place is refused to its role, by Postgres and for want of privilege. */
export const leastPrivilege: Scenario = {
  id: 'S5',
  workers: () => 1,
  holds: () => ({ taken: 1, completed: 1, failed: 0, lost: 0 }),
  async run(context) {
    await context.startWorkers(1)
    await context.enqueue('privilege-probe', context.payloads('privilege-probe', 1), 1)
    const news = await context.news('the probes', (it) => isTold(it, 'probed'))
    const results = isTold(news, 'probed') ? news.told.results : []
    for (const { probe, sqlstate } of results) context.mark('probed', { probe, sqlstate })
    await context.untilFinished()
    return { probes: results.map((result) => ({ ...result })) }
  },
  judge: ({ db_truth, worker_observed }) => {
    const probes = Array.isArray(worker_observed['probes'])
      ? (worker_observed['probes'] as unknown as ProbeResult[])
      : []
    const refusals = probeNames.flatMap((name) => {
      const found = probes.find((result) => result?.probe === name)
      if (found?.sqlstate === INSUFFICIENT_PRIVILEGE && found.message) return []
      return [`${name}: ${found === undefined ? 'not tried' : `${found.sqlstate ?? ''} ${found.message}`.trim()}`]
    })
    return [
      ...refusals,
      ...(probes.length > probeNames.length ? [`probes: ${probes.length}, not ${probeNames.length}`] : []),
      ...differences(db_truth, { ...NOTHING, jobs: 1, attempts: 1, attempts_per_job: { 1: 1 } }),
    ]
  },
  story: (_verdict, markers) =>
    linesOf(
      markers,
      probeNames.map((probe) => ({ event: 'probed', probe, sqlstate: INSUFFICIENT_PRIVILEGE })),
    ),
}

import type { Verdict } from '../evidence.js'
import { differences } from '../expect.js'
import type { ScenarioId } from '../names.js'
import { settings } from '../settings.js'
import { crashAfterWrite } from './crash.js'
import { poisonPill } from './poison.js'
import { leastPrivilege } from './privilege.js'
import { rlsProbe } from './rls.js'
import { runawayNoStarve } from './runaway.js'
import { type Scenario, tally } from './scenario.js'
import { zombieOwner } from './zombie.js'

export const scenarios: Readonly<Record<ScenarioId, Scenario>> = {
  S1: poisonPill,
  S2: crashAfterWrite,
  S3: rlsProbe,
  S4: runawayNoStarve,
  S5: leastPrivilege,
  S6: zombieOwner,
}

/** What does not hold of a scenario, and of how its workers took jobs and ended: of the evidence alone. */
export function judge(verdict: Verdict): readonly string[] {
  const { scenario, n, db_truth, worker_observed } = verdict
  const { judge: judgeScenario, holds, workers } = scenarios[scenario]
  const exits = worker_observed['worker_exits']
  const ends = Array.isArray(exits) ? exits : []
  const signals = ends.map((exit) => {
    const { exit_code: code = null, signal = null } = Object(exit) as { exit_code?: unknown; signal?: unknown }
    return code === null ? signal : `exit code ${code}`
  })
  return [
    ...judgeScenario(verdict),
    ...differences(db_truth?.holds ?? null, {
      ...holds(n),
      completed_early: 0,
      most_held_by_one_worker: settings.prefetch,
      most_run_by_one_worker: settings.prefetch,
    }),
    // No worker's role can do what would make the rest of no account.
    ...differences(db_truth?.role ?? null, { superuser: false, bypass_rls: false, create_role: false }),
    // None ended by itself: all were killed, in the scenario or at its end.
    ...differences({ worker_exits: tally(signals) }, { worker_exits: { SIGKILL: workers(n) } }),
  ]
}

import type { ScenarioId } from '../names.js'
import { crashAfterWrite } from './crash.js'
import { poisonPill } from './poison.js'
import { leastPrivilege } from './privilege.js'
import { rlsProbe } from './rls.js'
import { runawayNoStarve } from './runaway.js'
import type { Scenario } from './scenario.js'
import { zombieOwner } from './zombie.js'

export const scenarios: Readonly<Record<ScenarioId, Scenario>> = {
  S1: poisonPill,
  S2: crashAfterWrite,
  S3: rlsProbe,
  S4: runawayNoStarve,
  S5: leastPrivilege,
  S6: zombieOwner,
}

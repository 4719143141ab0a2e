import { randomStream } from '../kernel/index.js'
import { numbered } from '../trace/index.js'
import type { Parameters } from './parameters.js'
import { type Scenario, watchOf } from './scenario.js'
import { entering } from './watch.js'

/** How far the clock of each node is ahead of virtual time (behind when negative) when a run at `seed` begins. */
export function clockSkewsOf(scenario: Scenario, parameters: Parameters, seed: number): readonly number[] {
  const random = randomStream(seed, 'clocks')
  return numbered('node', parameters.nodes).map(
    () => entering(watchOf(scenario), 'clockSkewMs', () => scenario.clockSkewMs?.(parameters, random)) ?? 0,
  )
}

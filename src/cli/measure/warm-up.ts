import { setFlagsFromString } from 'node:v8'
import { builtInScenarios } from '../../../scenarios/index.js'
import { runMatrix } from '../../run/index.js'
import type { Scenario } from '../../scenario/index.js'

/** Long enough that every command of a scenario is called. */
const MOMENT_MS = 1_000

/**
 * A matrix takes a fraction of a second, most of it in code that is not optimized yet. Smaller units are optimized sooner:
 * that takes a fifth off. And what was optimized while the first scenario ran is thrown away as soon as the next brings objects
 * of other shapes: after a moment of each, which is thrown away too, all are known, which takes off a seventh. What runs for
 * long, as exploration, is a sixth slower with such small units.
 *
 * To be called when all is loaded: Node would compile its own modules anew under a flag that it was not built with. Of
 * scenarios and subjects of the user's own nothing is run: they may do more than be run.
 */
export async function warmUp(scenarios: readonly Scenario[]): Promise<void> {
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=150')
  const builtIn = scenarios.filter((scenario) => builtInScenarios.includes(scenario))
  if (builtIn.length < 2) return
  const parameters = Object.fromEntries(builtIn.map(({ name }) => [name, { durationMs: MOMENT_MS }]))
  await runMatrix(builtIn, { parameters })
}

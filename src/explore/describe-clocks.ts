import { clockSkewsOf, type Parameters, type Scenario } from '../scenario/index.js'
import { numbered } from '../trace/index.js'
import type { Plan } from './plan.js'

/** The clocks that are off when a run begins: `node-0 is 180 ms ahead, node-1 97 ms behind`. Empty when none is. */
export function describeClocks(scenario: Scenario, { parameters, seed }: Pick<Plan, 'parameters' | 'seed'>): string {
  const names = numbered('node', parameters['nodes'] ?? 1)
  return clockSkewsOf(scenario, parameters as Parameters, seed)
    .map((skewMs, node) => ({ name: names[node], skewMs }))
    .filter(({ skewMs }) => skewMs !== 0)
    .map(({ name, skewMs }, place) => {
      const is = place === 0 ? ' is' : ''
      return `${name}${is} ${Math.abs(skewMs)} ms ${skewMs > 0 ? 'ahead' : 'behind'}`
    })
    .join(', ')
}

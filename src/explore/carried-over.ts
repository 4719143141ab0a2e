import type { Failure } from './chunk.js'
import { foundIn } from './counterexample.js'

/**
 * What is to be told of `found` instead, whose smallest is `small`, where that plan shows something else `afresh`: then it hangs on
 * what the runs before have left, and is no counterexample. Undefined where it shows the same.
 */
export function carriedOver(found: Failure, small: Failure, afresh: Failure | undefined): Failure | undefined {
  const [seen, again] = [foundIn(small), afresh === undefined ? undefined : foundIn(afresh)]
  if (again?.what === seen.what && again.atMs === seen.atMs) return undefined
  const { seed, scenario } = found
  return { kind: 'carried-over', seed, scenario, plan: small.plan, shown: foundIn(found), afresh: again }
}

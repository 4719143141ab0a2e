import type { Suspended } from '../kernel/index.js'
import type { Contender, Outcome } from './contender.js'

/**
 * Asks again, as the same request, until there is an answer:
 * `const outcome = yield* settled(node, node.append(fence, 'entry', 1))`.
 */
export function* settled(node: Contender, first: Suspended): Generator<Suspended, Outcome, Outcome> {
  let outcome = yield first
  while (outcome.kind === 'timeout') outcome = yield node.resend()
  return outcome
}

import type { Contender } from '../src/scenario/index.js'
import type { Backoff } from '../src/subject/index.js'

/**
 * How long the client under test waits before it asks again, after `attempt` requests of which the last `unanswered` had no
 * answer. What is measured is what it costs to get the lease: a client that would give up asks again after the highest step.
 */
export function retryAfterMs(node: Contender, attempt: number, unanswered: number, { baseMs, capMs }: Backoff): number {
  const pursuit = { attempt, unanswered, maxUnanswered: Number.MAX_SAFE_INTEGER, baseMs, capMs }
  return node.client.retryAfterMs(pursuit, node.random) ?? capMs
}

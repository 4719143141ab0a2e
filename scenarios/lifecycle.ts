import type { Suspended } from '../src/kernel/index.js'
import type { Contender, ScenarioNetwork } from '../src/scenario/index.js'

/** Drawn delays, and patience that has an end. */
export const messageParameters = {
  maxUnanswered: {
    default: 5,
    min: 1,
    max: 1_000,
    description: 'requests without an answer before a node gives up for a while',
  },
  minDelayMs: { default: 0, min: 0, max: 60_000, description: 'fastest message, each way' },
  maxDelayMs: { default: 4, min: 0, max: 60_000, description: 'slowest message, each way' },
  timeoutMs: { default: 20, min: 1, max: 600_000, description: 'how long a node waits for a reply' },
} as const

/** What the scenarios for exploration have in common: a calm at the end, and messages as above. */
export const lifecycleParameters = {
  calmMs: {
    default: 3_000,
    min: 0,
    max: 3_600_000,
    description: 'last part of the run, in which nothing breaks any more',
  },
  ...messageParameters,
} as const

type Messages = { readonly [Name in keyof typeof messageParameters]: number }
type P = { readonly [Name in keyof typeof lifecycleParameters]: number }

export function lifecycleNetwork({ minDelayMs, maxDelayMs, timeoutMs, ttlMs }: Messages & Ttl): ScenarioNetwork {
  const delayMs = [minDelayMs, Math.max(minDelayMs, maxDelayMs)] as const
  // Who asks several stores one after the other is to have its lease while it lasts, which half of them do for half as long.
  return { requestDelayMs: delayMs, replyDelayMs: delayMs, timeoutMs, maxStepMs: Math.max(1, ttlMs >> 3) }
}

interface Ttl {
  readonly ttlMs: number
}

/** When the faults are over. */
export function calmFromMs({ durationMs, calmMs }: P & { readonly durationMs: number }): number {
  return Math.max(0, durationMs - calmMs)
}

/** Asks again, as the same request, while there is no answer, a few times, and as long as it is `worth` it. */
export function answered(
  node: Contender,
  sent: Suspended,
  { maxUnanswered }: Pick<Messages, 'maxUnanswered'>,
  worth: () => boolean = () => true,
): Suspended {
  return node.insist(sent, (sendings) => sendings < maxUnanswered && worth())
}

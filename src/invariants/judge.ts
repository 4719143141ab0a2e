import type { Cast, EventKind, TraceEvent } from '../trace/index.js'
import type { Invariant, InvariantResult, Violation } from './invariant.js'

/** An invariant being checked against one run. */
export interface Judge {
  readonly kinds: readonly EventKind[]
  observe(event: TraceEvent): void
  /** @param events length of the trace: the index of what was missing at its end */
  end(endMs: number, events: number): InvariantResult
}

/** @param onViolation called at the first event that breaks the rule */
export function judge({ name, rule, kinds, begin }: Invariant, cast: Cast, onViolation?: () => void): Judge {
  const check = begin(cast)
  let violations = 0
  let first: Violation | undefined

  const report = (message: string | undefined, index: number, atMs: number): void => {
    if (message === undefined) return
    violations += 1
    if (first === undefined) onViolation?.()
    first ??= { index, atMs, message }
  }

  return {
    kinds,
    observe(event) {
      report(check.step(event), event.index, event.atMs)
    },
    end(endMs, events) {
      report(check.end?.(endMs), events, endMs)
      const held = violations === 0
      return first === undefined ? { name, rule, held, violations } : { name, rule, held, violations, first }
    },
  }
}

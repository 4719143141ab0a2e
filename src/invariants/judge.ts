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
export function judge(invariant: Invariant, cast: Cast, onViolation?: () => void): Judge {
  const { name, rule, kinds } = invariant
  if (typeof invariant.begin !== 'function' || !Array.isArray(kinds)) {
    throw new TypeError(`the invariant ${JSON.stringify(name)}: expected { name, rule, kinds: […], begin(cast) { … } }`)
  }
  const check = invariant.begin(cast)
  if (typeof check?.step !== 'function') {
    throw new TypeError(`what the invariant ${JSON.stringify(name)} begins: expected { step(event) { … } }`)
  }
  // Looked up once: every invariant's check is an object of another shape.
  const { step } = check
  let violations = 0
  let first: Violation | undefined

  const report = (message: string, index: number, atMs: number): void => {
    violations += 1
    if (first === undefined) onViolation?.()
    first ??= { index, atMs, message }
  }

  return {
    kinds,
    observe(event) {
      const message = step.call(check, event)
      if (message !== undefined) report(message, event.index, event.atMs)
    },
    end(endMs, events) {
      const message = check.end?.(endMs)
      if (message !== undefined) report(message, events, endMs)
      const held = violations === 0
      return first === undefined ? { name, rule, held, violations } : { name, rule, held, violations, first }
    },
  }
}

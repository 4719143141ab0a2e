import type { Invariant } from '../invariants/index.js'
import { type Body, isBody, type Outcome } from '../kernel/index.js'
import type { Reply } from '../protocol/index.js'

/** Told of every entry into a scenario's own code, so that one that never comes back can be named. */
export interface ScenarioWatch {
  /** `where` is a node, called at `atMs` of its clock, or the function of the scenario that is called. */
  entered(where: number | string, atMs?: number): void
  left(): void
}

/** Calls `code`, and tells `watch` of it. */
export function entering<T>(watch: ScenarioWatch | undefined, where: number | string, code: () => T, atMs?: number): T {
  if (watch === undefined) return code()
  watch.entered(where, atMs)
  try {
    return code()
  } finally {
    watch.left()
  }
}

/** What a node or a task of it does, made by `make` and watched wherever it goes on. */
export function watchedBody(
  watch: ScenarioWatch | undefined,
  node: { readonly index: number; readonly nowMs: number },
  make: () => Body<Reply>,
): Body<Reply> {
  if (watch === undefined) return make()
  const { index } = node
  const body = entering(watch, index, make, node.nowMs)
  // What is no generator is told as such by whoever runs it.
  if (!isBody(body)) return body
  return {
    // Once for every step of a run, so that it makes do without a function for `entering`.
    next(outcome: Outcome<Reply>) {
      watch.entered(index, node.nowMs)
      try {
        return body.next(outcome)
      } finally {
        watch.left()
      }
    },
    return: () => body.return(),
    throw: (error) => body.throw(error),
    [Symbol.iterator]() {
      return this
    },
  }
}

export function watchedInvariant(watch: ScenarioWatch | undefined, invariant: Invariant): Invariant {
  if (watch === undefined) return invariant
  const { name, rule, kinds } = invariant
  // What is no invariant is told as such by whoever judges it.
  if (typeof invariant.begin !== 'function') return invariant
  const where = `invariant ${name}`
  return {
    name,
    rule,
    kinds,
    begin(cast) {
      const check = invariant.begin(cast)
      if (typeof check?.step !== 'function') return check
      const { step } = check
      return {
        step: (event) => entering(watch, where, () => step.call(check, event)),
        end: (endMs) => entering(watch, where, () => check.end?.(endMs)),
      }
    },
  }
}

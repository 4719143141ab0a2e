import type { Invariant } from '../invariants/index.js'
import type { Body, Outcome } from '../kernel/index.js'
import type { Reply } from '../log/index.js'

/** Told of every entry into a scenario's own code, so that one that never comes back can be named. */
export interface ScenarioWatch {
  /** `where` is a node and its clock, or the function of the scenario that is called. */
  entered(where: { readonly node: number; readonly atMs: number } | string): void
  left(): void
}

/** Calls `code`, and tells `watch` of it. */
export function entering<T>(
  watch: ScenarioWatch | undefined,
  where: Parameters<ScenarioWatch['entered']>[0],
  code: () => T,
): T {
  watch?.entered(where)
  try {
    return code()
  } finally {
    watch?.left()
  }
}

/** What a node or a task of it does, made by `make` and watched wherever it goes on. */
export function watchedBody(
  watch: ScenarioWatch | undefined,
  node: { readonly index: number; readonly nowMs: number },
  make: () => Body<Reply>,
): Body<Reply> {
  if (watch === undefined) return make()
  const go = <T>(step: () => T): T => entering(watch, { node: node.index, atMs: node.nowMs }, step)
  const body = go(make)
  // What is no generator is told as such by whoever runs it.
  if (typeof body?.next !== 'function') return body
  // Nobody but the kernel has it, and that knows only `next`.
  return Object.assign(Object.create(body), { next: (outcome: Outcome<Reply>) => go(() => body.next(outcome)) })
}

export function watchedInvariant(watch: ScenarioWatch | undefined, invariant: Invariant): Invariant {
  if (watch === undefined) return invariant
  const where = `invariant ${invariant.name}`
  return {
    ...invariant,
    begin(cast) {
      const check = invariant.begin(cast)
      return {
        step: (event) => entering(watch, where, () => check.step(event)),
        end: (endMs) => entering(watch, where, () => check.end?.(endMs)),
      }
    },
  }
}

import { expect } from 'vitest'
import { type Invariant, type InvariantResult, judge } from '../../src/invariants/index.js'
import { castOf, type EventKind, NOBODY, type TraceEvent } from '../../src/trace/index.js'

/** Three nodes and two spaces; the space is `s` where an event does not say another. */
const cast = castOf(['a', 'b', 'c'], ['s', 't'])

const blank: Omit<TraceEvent, 'index' | 'kind' | 'atMs' | 'sinceMs' | 'node' | 'task'> = {
  command: 'none',
  space: 0,
  request: 0,
  attempt: 0,
  repeated: false,
  epoch: 0,
  seq: 0,
  untilMs: 0,
  peer: NOBODY,
  token: 0,
  content: 0,
}

export type Happening = Omit<TraceEvent, 'index'>
export type More = Partial<Omit<TraceEvent, 'index'>>

/** One event. `who` is a node or a task of one: `a`, `a/1`. */
export function at(atMs: number, who: string, kind: EventKind, more: More = {}): Happening {
  const task = Number(who.split('/')[1] ?? 0)
  return { ...blank, kind, atMs, sinceMs: atMs, node: cast.nodeIndex(who), task, ...more }
}

/** What `invariant` says of a trace that was written down by hand. */
export function judged(invariant: Invariant, trace: readonly Happening[], endMs = 10_000): InvariantResult {
  const { kinds, observe, end } = judge(invariant, cast)
  for (const [index, event] of trace.entries()) if (kinds.includes(event.kind)) observe({ ...event, index })
  return end(endMs, trace.length)
}

export function expectHeld(invariant: Invariant, trace: readonly Happening[], endMs?: number): void {
  const { name, rule } = invariant
  expect(judged(invariant, trace, endMs)).toEqual({ name, rule, held: true, violations: 0 })
}

/** That exactly one event breaks the rule: the one at `index`, of which `message` is said. */
export function expectBroken(
  invariant: Invariant,
  trace: readonly Happening[],
  index: number,
  message: string,
  endMs?: number,
): void {
  const { name, rule } = invariant
  const atMs = trace[index]?.atMs ?? endMs
  expect(judged(invariant, trace, endMs)).toEqual({
    name,
    rule,
    held: false,
    violations: 1,
    first: { index, atMs, message },
  })
}

import type { Cast, EventKind, TraceEvent } from '../trace/index.js'

/** A rule that must hold at every step, or by the end, of every run. Judged from the trace alone, never by asking the subject. */
export interface Invariant {
  /** Lower case with hyphens: how reports and options name it. */
  readonly name: string
  /** The rule in words. */
  readonly rule: string
  /** The kinds of event it looks at. */
  readonly kinds: readonly EventKind[]
  /** Begins a check of one run, with nothing seen yet. */
  begin(cast: Cast): Check
}

/** One check of one run. */
export interface Check {
  /** What was wrong with this event, in words; undefined when nothing was. The event is only lent. */
  step(event: TraceEvent): string | undefined
  /** What was missing when the run ended at `endMs`. */
  end?(endMs: number): string | undefined
}

/** The first event at which a rule broke. */
export interface Violation {
  readonly index: number
  readonly atMs: number
  readonly message: string
}

/** What became of one rule in one run. */
export interface InvariantResult {
  readonly name: string
  readonly rule: string
  readonly held: boolean
  /** How many events broke the rule. */
  readonly violations: number
  readonly first?: Violation
}

import type { Failure } from './chunk.js'
import type { Plan } from './plan.js'

/** Format of the file. */
export const counterexampleVersion = 1

/** A failure as it is kept: everything that is needed to see it again, anywhere. */
export interface Counterexample {
  readonly version: number
  readonly scenario: string
  /** File of the subject, relative to the project; the built-in one when absent. */
  readonly subject?: string
  /** What went wrong when it was found. */
  readonly found: {
    readonly kind: Failure['kind']
    /** The invariant that broke, or the command at which the subject was at fault. */
    readonly what: string
    readonly message: string
    readonly atMs: number
  }
  readonly seed: number
  readonly strategy: Plan['strategy']
  readonly parameters: Plan['parameters']
  readonly faults: Plan['faults']
  /** Names of the invariants to judge; all when absent. */
  readonly invariants?: readonly string[]
  /** Most events that a run may take. */
  readonly maxEvents?: number
}

/** With what a failure was found, and has to be looked at again. */
export interface FoundWith extends Pick<Counterexample, 'subject' | 'invariants' | 'maxEvents'> {}

/** `failure` as it is kept. Every parameter is written down: a default that changes must not change what the file means. */
export function counterexampleOf(failure: Failure, { subject, invariants, maxEvents }: FoundWith): Counterexample {
  const { scenario, seed, strategy, parameters, faults } = failure.plan
  return {
    version: counterexampleVersion,
    scenario,
    ...(subject === undefined ? {} : { subject }),
    found: { kind: failure.kind, ...foundIn(failure) },
    seed,
    strategy,
    parameters,
    faults,
    ...(invariants === undefined ? {} : { invariants }),
    ...(maxEvents === undefined ? {} : { maxEvents }),
  }
}

/** What went wrong, in the same three fields whatever it was. */
export function foundIn(failure: Failure): { readonly what: string; readonly message: string; readonly atMs: number } {
  switch (failure.kind) {
    case 'breach': {
      const { invariant, message, atMs } = failure.breach
      return { what: invariant, message, atMs }
    }
    case 'subject-fault':
      return { what: failure.command, message: failure.message, atMs: failure.atMs }
    case 'endless':
      return {
        what: 'the run does not end',
        message: failure.message,
        atMs: failure.atMs,
      }
    case 'carried-over': {
      const { shown, afresh } = failure
      const then = afresh === undefined ? 'its plan holds' : afresh.message
      return {
        what: 'subject or scenario keeps something between runs',
        message: `${shown.message}, but only after other runs; in a fresh thread ${then}`,
        atMs: shown.atMs,
      }
    }
    case 'nondeterministic':
      return {
        what: 'subject or scenario is not deterministic',
        message: `the same plan went another way the second time${failure.shown === undefined ? '' : `; one of the two: ${failure.shown.message}`}`,
        atMs: failure.shown?.atMs ?? 0,
      }
  }
}

/** A name for its file, without the extension, that says what is in it; `subject` is the name of one that is not the built-in one. */
export function counterexampleName({ scenario, found, seed }: Counterexample, subject: string | undefined): string {
  return (
    [...(subject === undefined ? [] : [subject]), scenario, found.what, `${seed}`]
      .map((part) => part.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, ''))
      .filter((part) => part !== '')
      // No name of a file may be longer than 255 bytes, of which others need some.
      .map((part) => part.slice(0, 60))
      .join('-')
      .toLowerCase()
  )
}

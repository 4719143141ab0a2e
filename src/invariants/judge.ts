import { HYPHENATED_NAME, nearest } from '../input/index.js'
import { type Cast, type EventKind, eventKinds, type TraceEvent } from '../trace/index.js'
import type { Invariant, InvariantResult, Violation } from './invariant.js'

/** An invariant being checked against one run. */
export interface Judge {
  readonly kinds: readonly EventKind[]
  observe(event: TraceEvent): void
  /** @param events length of the trace: the index of what was missing at its end */
  end(endMs: number, events: number): InvariantResult
}

export interface JudgeOptions {
  /** Called at the first event that breaks the rule. */
  readonly onViolation?: (() => void) | undefined
  /** What is thrown when the rule itself throws. */
  readonly failure?: (cause: unknown, atMs: number) => unknown
}

/** @throws TypeError for what is no invariant */
export function judge(invariant: Invariant, cast: Cast, { onViolation, failure }: JudgeOptions = {}): Judge {
  const { name, rule, kinds } = invariant
  if (typeof name !== 'string' || !HYPHENATED_NAME.test(name)) {
    throw new TypeError(`an invariant is called ${JSON.stringify(name)}: expected lower case words joined by hyphens`)
  }
  if (typeof invariant.begin !== 'function' || !Array.isArray(kinds)) {
    throw new TypeError(`the invariant ${JSON.stringify(name)}: expected { name, rule, kinds: […], begin(cast) { … } }`)
  }
  const unknown = kinds.find((kind) => !eventKinds.includes(kind))
  if (unknown !== undefined) {
    const near = nearest(unknown, eventKinds)
    const meant = near.length > 0 ? `is ${near.join(' or ')} meant?` : `there are ${eventKinds.join(', ')}`
    throw new TypeError(
      `the invariant ${JSON.stringify(name)} looks at events of the kind ${JSON.stringify(unknown)}, which there is not: ${meant}`,
    )
  }
  const check = invariant.begin(cast)
  if (typeof check?.step !== 'function') {
    throw new TypeError(`what the invariant ${JSON.stringify(name)} begins: expected { step(event) { … } }`)
  }
  if (kinds.length === 0 && check.end === undefined) {
    throw new TypeError(
      `the invariant ${JSON.stringify(name)} would hold whatever happens: it looks at no kind of event, and has no end`,
    )
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

  const failed = (cause: unknown, atMs: number): unknown => failure?.(cause, atMs) ?? cause
  /** In JavaScript a rule may say nothing in other ways, as in `isLate && 'too late'`. */
  const said = (message: unknown, index: number, atMs: number): void => {
    if (typeof message === 'string') report(message, index, atMs)
    else if (message) {
      if (message instanceof Promise) message.catch(() => undefined)
      const mistake = `the invariant ${JSON.stringify(name)} says ${messageText(message)}: expected what breaks the rule, in words, or nothing`
      throw failed(new TypeError(mistake), atMs)
    }
  }

  return {
    kinds,
    observe(event) {
      let message: string | undefined
      try {
        message = step.call(check, event)
      } catch (error) {
        throw failed(error, event.atMs)
      }
      if (message !== undefined) said(message, event.index, event.atMs)
    },
    end(endMs, events) {
      let message: string | undefined
      try {
        message = check.end?.(endMs)
      } catch (error) {
        throw failed(error, endMs)
      }
      if (message !== undefined) said(message, events, endMs)
      const held = violations === 0
      return first === undefined ? { name, rule, held, violations } : { name, rule, held, violations, first }
    },
  }
}

function messageText(message: unknown): string {
  if (message instanceof Promise) return 'a promise'
  return typeof message === 'object' || typeof message === 'function'
    ? `a thing of type ${typeof message}`
    : String(message)
}

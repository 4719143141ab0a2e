import type { Endless } from './run-limit.js'

/** How a run came to its limit. */
export interface AtLimit extends Endless {
  readonly maxEvents: number
  readonly atMs: number
  /** How many steps the run had taken by then. */
  readonly steps: number
  /** When the run would have been over. */
  readonly untilMs: number
  /** Of the commands that take steps, and are not answered, the one that has taken the most. */
  readonly inSteps?: { readonly node: string; readonly steps: number } | undefined
}

/** The run took more events than it may, or as many steps in which nothing happened. */
export class EventLimitReached extends Error {
  override readonly name = 'EventLimitReached'
  readonly maxEvents: number
  readonly atMs: number
  readonly steps: number
  readonly stoodStill: boolean

  constructor({ maxEvents, atMs, steps, untilMs, after, stoodStill, inSteps }: AtLimit) {
    const still = stoodStill ? ', which stands still' : ''
    const place = `at ${atMs} ms of ${untilMs} ms of virtual time${still}`
    super(
      after === 'events'
        ? `not over after ${maxEvents} events, ${place}${inSteps === undefined ? '' : longText(inSteps)}`
        : `not over, ${place}: nothing has happened in ${maxEvents} steps`,
    )
    this.maxEvents = maxEvents
    this.atMs = atMs
    this.steps = steps
    this.stoodStill = stoodStill
  }
}

/** More than this no command takes that comes to an end. */
const MANY_STEPS = 500

const longText = ({ node, steps }: NonNullable<AtLimit['inSteps']>): string =>
  steps < MANY_STEPS ? '' : `; a command of ${node} has taken ${steps} steps, and is not answered`

/** Something under the kernel threw: a process of the scenario, or the subject. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed'
  readonly culprit: 'scenario' | 'subject'
  readonly node: string
  readonly atMs: number
  /** How many steps the run had taken by then. */
  readonly steps: number

  constructor(culprit: 'scenario' | 'subject', node: string, atMs: number, cause: unknown, steps = 0) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.culprit = culprit
    this.node = node
    this.atMs = atMs
    this.steps = steps
  }
}

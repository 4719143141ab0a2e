/** The run took more steps than it may. */
export class StepLimitReached extends Error {
  override readonly name = 'StepLimitReached'
  readonly maxSteps: number
  readonly atMs: number
  readonly steps: number

  constructor(maxSteps: number, atMs: number) {
    super(`more than ${maxSteps} steps by virtual time ${atMs} ms`)
    this.maxSteps = maxSteps
    this.atMs = atMs
    this.steps = maxSteps
  }
}

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

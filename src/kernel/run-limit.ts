/** As many events as a step makes, or more: looks come so close together that a run is stopped at its limit, not behind it. */
const EVENTS_PER_STEP = 8

/** As many steps as a process takes at one instant when all is well, or fewer: what begins together is not yet a loop. */
const STEPS_AT_ONCE = 8

/** How far a run is. */
export interface Progress {
  readonly steps: number
  readonly events: number
  readonly atMs: number
  /** How many processes there are. */
  readonly processes: number
}

/** In what a run is endless: in events, or in steps in a row without one; and whether virtual time stood still for half of them. */
export interface Endless {
  readonly after: 'events' | 'steps'
  readonly stoodStill: boolean
}

/** Tells a run that never ends from a long one. It looks the more often, the nearer the run is to its limit. */
export class RunLimit {
  /** After how many steps to look next: until then it costs a run one comparison. */
  nextLookAfter: number
  readonly #maxEvents: number
  /** The first look that found as many events as the last one, and the first that found the same time. */
  #quietSince: Progress = BEGINNING
  #stillSince: Progress = BEGINNING

  /** @param maxEvents most events that a run may take, and most steps in a row without one */
  constructor(maxEvents: number) {
    this.#maxEvents = maxEvents
    this.nextLookAfter = stepsUntil(maxEvents)
  }

  look(now: Progress): Endless | undefined {
    if (now.events !== this.#quietSince.events) this.#quietSince = now
    if (now.atMs !== this.#stillSince.atMs) this.#stillSince = now
    this.nextLookAfter = now.steps + stepsUntil(this.#maxEvents - now.events)
    if (now.events > this.#maxEvents) return { after: 'events', stoodStill: this.#isStill(now, 'events') }
    if (now.steps - this.#quietSince.steps < this.#maxEvents) return undefined
    return { after: 'steps', stoodStill: this.#isStill(now, 'steps') }
  }

  #isStill(now: Progress, unit: 'events' | 'steps'): boolean {
    const since = this.#stillSince
    const isBeginning = now.steps - since.steps <= STEPS_AT_ONCE * now.processes
    return !isBeginning && now[unit] - since[unit] >= this.#maxEvents / 2
  }
}

const BEGINNING: Progress = { steps: 0, events: 0, atMs: 0, processes: 0 }

/** How many steps may be taken unseen while so many events are left. */
const stepsUntil = (eventsLeft: number): number => Math.max(1, Math.floor((eventsLeft + 1) / EVENTS_PER_STEP))

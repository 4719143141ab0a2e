import type { Scenario } from '../scenario/index.js'
import type { Subject } from '../subject/index.js'
import { recorder, type TraceEvent } from '../trace/index.js'
import { attempt, type ExploreOptions } from './chunk.js'
import type { Plan } from './plan.js'

/** A run with what its trace does not carry. */
export interface Recorded {
  readonly events: readonly TraceEvent[]
  /** By index of a reply: for how long the request had asked. */
  readonly askedMs: ReadonlyMap<number, number>
  /** How often a client of the subject's own was asked how long to wait, after time had last moved. */
  readonly retries: number
}

/** Runs `plan` once more, and keeps what happens. */
export async function record(scenario: Scenario, plan: Plan, options: ExploreOptions): Promise<Recorded> {
  const recording = recorder()
  const askedMs = new Map<number, number>()
  let retries = 0
  let nowMs = 0
  let ttlMs: number | undefined
  const subject: Subject = {
    ...options.subject,
    watch: {
      entered(what, atMs) {
        if (what === 'client.retryAfterMs') retries += 1
        options.subject.watch?.entered(what, atMs)
      },
      left: () => options.subject.watch?.left(),
    },
  }
  const watch: ExploreOptions['watch'] = (kind, atMs, command) => {
    ttlMs = 'ttlMs' in command ? command.ttlMs : undefined
    options.watch?.(kind, atMs, command)
  }
  const keep = (event: TraceEvent): void => {
    if (event.atMs !== nowMs) retries = 0
    nowMs = event.atMs
    // A command is one step: what it is answered is what happens next.
    if (ttlMs !== undefined) askedMs.set(event.index, ttlMs)
    ttlMs = undefined
  }
  await attempt(scenario, plan, { ...options, subject, watch }, { listeners: [recording, { observe: keep }] })
  return { events: recording.events, askedMs, retries }
}

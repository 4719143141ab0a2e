import type { Scenario } from '../scenario/index.js'
import type { Subject } from '../subject/index.js'
import { recorder, type TraceEvent } from '../trace/index.js'
import { attempt, type ExploreOptions } from './chunk.js'
import type { Plan } from './plan.js'

/** A run with what its trace does not carry. */
export interface Recorded {
  readonly events: readonly TraceEvent[]
  /** By session and number of a request: for how long it had asked. */
  readonly askedMs: ReadonlyMap<string, number>
  /** How often a client of the subject's own was asked how long to wait, after time had last moved. */
  readonly retries: number
}

/** Names a request, whoever sent it. */
export const requestKey = (session: string, request: number): string => `${session} #${request}`

/** Runs `plan` once more, and keeps what happens. */
export async function record(scenario: Scenario, plan: Plan, options: ExploreOptions): Promise<Recorded> {
  const recording = recorder()
  const askedMs = new Map<string, number>()
  let retries = 0
  let nowMs = 0
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
    if ('ttlMs' in command) askedMs.set(requestKey(command.session, command.request), command.ttlMs)
    options.watch?.(kind, atMs, command)
  }
  const keep = (event: TraceEvent): void => {
    if (event.atMs !== nowMs) retries = 0
    nowMs = event.atMs
  }
  await attempt(scenario, plan, { ...options, subject, watch }, { listeners: [recording, { observe: keep }] })
  return { events: recording.events, askedMs, retries }
}

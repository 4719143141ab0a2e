import { NO_JOBS } from '../jobs/index.js'
import type { Session } from '../lease/index.js'
import { UNTOUCHED } from '../log/index.js'
import type { Reply } from '../protocol/index.js'
import type { SpaceState } from './machine.js'

/** What a session was last told. */
export interface LastReply extends Session<Reply> {
  readonly session: string
}

/** What a store keeps of a space as one text. */
export interface SpaceDocument extends SpaceState {
  /** The space's name: keys do not always show it. */
  readonly space: string
  /**
   * Whoever asked last. It is kept apart only when another asks: most often the same one goes on, and what it was told is
   * then no second thing to write.
   */
  last: LastReply | undefined
}

/** The document of a space, as `text` says, or of one that was never touched. */
export function readDocument(space: string, text: string | undefined): SpaceDocument {
  if (text !== undefined) return JSON.parse(text) as SpaceDocument
  return { space, record: UNTOUCHED, jobs: NO_JOBS, last: undefined }
}

/**
 * Writes one space's document again and again: the very text that `JSON.stringify` makes of it. Records are immutable, so
 * one that is the same as the last time has the same text. An append changes none but the log's, and making all anew was a
 * fifth of what an append costs on a file that is not synced.
 */
export function documentWriter(): (document: SpaceDocument) => string {
  const [spaceText, leaseText, logText, jobsText, sessionText] = [kept(), kept(), kept(), kept(), kept()]
  return ({ space, record: { lease, log }, jobs, last }) => {
    const record = `{"lease":${leaseText(lease)},"log":${logText(log)}}`
    const state = `{"space":${spaceText(space)},"record":${record},"jobs":${jobsText(jobs)}`
    if (last === undefined) return `${state}}`
    const { session, request, reply } = last
    return `${state},"last":{"session":${sessionText(session)},"request":${request},"reply":${JSON.stringify(reply)}}}`
  }
}

function kept(): (value: unknown) => string {
  let before: unknown
  let text = ''
  return (value) => {
    if (value !== before) {
      text = JSON.stringify(value)
      before = value
    }
    return text
  }
}
